"""Types of values: all that is known of a type stands in one entry, here or where `register_type` is called.

Declarations and columns are looked up in `TYPES`; no other room keeps a table of types. How values of a type are
parsed, compared, aggregated and checked stands in the rooms that the entries name.
"""

import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal

import sqlalchemy
import strawberry
from strawberry.scalars import JSON

from db import moments
from db.relations import is_local
from graph.entity import comparisons, database_types, input_rules, scalars, values
from graph.entity.aggregate_functions import EXTREMES, OF_BOOLEANS, OF_DECIMALS, OF_DOUBLES, OF_WHOLE_NUMBERS
from graph.entity.comparisons import Operator, ValueFilter
from graph.entity.registry import shown_in
from graph.entity.relative_moments import RelativeDay, RelativeLocalMoment, RelativeMoment, or_relative
from graph.entity.scalar_type import ScalarType, WrittenAsIs
from graph.entity.scalars import BigInt, LocalDateTime
from graph.entity.type_table import Entry, TypeTable, itself
from graph.errors import DeclarationError

RFC_3339 = "https://www.rfc-editor.org/rfc/rfc3339"
RFC_9562 = "https://www.rfc-editor.org/rfc/rfc9562"
RFC_8259 = "https://www.rfc-editor.org/rfc/rfc8259"
LOCAL_DATE_TIME = "https://scalars.graphql.org/apollographql/localdatetime-v0.1"
# The scalars of scalars.graphql.org for these two are JSON numbers, which JavaScript rounds. XML Schema writes text.
XSD_DECIMAL = "https://www.w3.org/TR/xmlschema11-2/#decimal"
XSD_INTEGER = "https://www.w3.org/TR/xmlschema11-2/#integer"


TYPES = TypeTable(
    ScalarType(
        annotation=str,
        name="String",
        operators=comparisons.TEXT,
        is_ordered=True,
        aggregates=EXTREMES,
        rule=input_rules.text,
        encode=itself,
        decode=values.to_text,
    ),
    ScalarType(
        annotation=int,
        name="Int",
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=OF_WHOLE_NUMBERS,
        rule=input_rules.whole_number,
        holds_all=input_rules.is_of_32_bits,
        encode=itself,
        decode=values.to_int,
    ),
    ScalarType(
        annotation=float,
        name="Float",
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=OF_DOUBLES,
        rule=input_rules.double,
        encode=itself,
        decode=values.to_float,
    ),
    ScalarType(
        annotation=bool,
        name="Boolean",
        is_ordered=True,
        aggregates=OF_BOOLEANS,
        encode=itself,
        decode=values.to_bool,
    ),
    ScalarType(
        annotation=strawberry.ID,
        name="ID",
        operators=comparisons.EQUALITY,
        is_ordered=True,
        columns=(),
    ),
    ScalarType(
        annotation=BigInt,
        name="BigInt",
        description=(
            'A whole number, written as text: a sign or none, and digits, for instance `"9007199254740993"`. '
            "Values that are stored have up to 64 bits; sums have any number of them."
        ),
        specified_by=XSD_INTEGER,
        parse=scalars.big_int,
        serialize=scalars.in_whole_digits,
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=OF_WHOLE_NUMBERS,
        tidy=int,
        rule=input_rules.big_int,
    ),
    ScalarType(
        annotation=Decimal,
        name="Decimal",
        description=(
            "An exact decimal number, written as text: a sign or none, digits, a point or none, an exponent or none, "
            'for instance `"12.50"`. Averages have at least 16 digits that count.'
        ),
        specified_by=XSD_DECIMAL,
        parse=scalars.decimal,
        serialize=scalars.in_digits,
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=OF_DECIMALS,
        tidy=scalars.without_zeros,
        rule=input_rules.decimal,
        encode=str,
        decode=values.to_decimal,
    ),
    ScalarType(
        annotation=datetime,
        name="DateTime",
        description=(
            "A moment in RFC 3339 with its time zone: `2026-03-01T12:00:00.5+01:00` or `2026-03-01T11:00:00.5Z`. T may"
            " be a space, T and Z may be small. Seconds may be left out, and have at most six digits behind the point."
            " Answers are in UTC. In what is asked, `$NOW` and `$NOW-P7D` count from the moment of the request."
        ),
        specified_by=RFC_3339,
        parse=scalars.from_text(
            or_relative(RelativeMoment, scalars.zoned_datetime),
            "a moment with a time zone, for instance 2026-03-01T12:00:00Z",
        ),
        serialize=scalars.in_utc,
        most_characters=len("9999-12-31T23:59:59.999999+00:00"),
        written_as_is=WrittenAsIs("type({0}) is datetime and {0}.tzinfo is UTC", {"datetime": datetime, "UTC": UTC}),
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=EXTREMES,
        is_default=lambda column: not is_local(column),
        encode=datetime.isoformat,
        decode=values.to_datetime,
    ),
    ScalarType(
        annotation=LocalDateTime,
        name="LocalDateTime",
        description=(
            "A day and a time of day in RFC 3339, but without a time zone: `2026-03-01T12:00:00`. T may be small or a"
            " space. Seconds may be left out, and have at most six digits behind the point. In what is asked, `$NOW`"
            " and `$NOW-P7D` count from the moment of the request, in UTC."
        ),
        specified_by=LOCAL_DATE_TIME,
        parse=scalars.from_text(
            or_relative(RelativeLocalMoment, scalars.local_datetime),
            "a moment without a time zone, for instance 2026-03-01T12:00:00",
        ),
        serialize=datetime.isoformat,
        most_characters=len("9999-12-31T23:59:59.999999"),
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=EXTREMES,
    ),
    ScalarType(
        annotation=date,
        name="Date",
        description=(
            "A day in RFC 3339: `2026-03-01`. In what is asked, `$NOW` is the day of the request, in UTC, and"
            " `$NOW-P7D` the same day of the week before."
        ),
        specified_by=RFC_3339,
        parse=scalars.from_text(or_relative(RelativeDay, moments.day), "a day, for instance 2026-03-01"),
        serialize=date.isoformat,
        most_characters=len("9999-12-31"),
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=EXTREMES,
        decode=values.to_date,
    ),
    ScalarType(
        annotation=time,
        name="Time",
        description=(
            "A time of day in RFC 3339, but without a time zone: `12:30:00`. Seconds may be left out, and have at most"
            " six digits behind the point."
        ),
        specified_by=RFC_3339,
        parse=scalars.from_text(scalars.local_time, "a time of day without a time zone, for instance 12:30:00"),
        serialize=time.isoformat,
        most_characters=len("23:59:59.999999+00:00"),
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=EXTREMES,
        is_default=is_local,
        decode=values.to_time,
    ),
    ScalarType(
        annotation=uuid.UUID,
        name="UUID",
        description="A UUID, for instance `01890a5d-ac96-774b-bcce-b302099a8057`.",
        specified_by=RFC_9562,
        parse=scalars.from_text(uuid.UUID, "a UUID, for instance 01890a5d-ac96-774b-bcce-b302099a8057"),
        most_characters=len("01890a5d-ac96-774b-bcce-b302099a8057"),
        operators=comparisons.ORDER,
        is_ordered=True,
        decode=values.to_uuid,
    ),
    ScalarType(
        annotation=JSON,
        name="JSON",
        description="Any JSON value: an object, a list, text, a number, true, false or null.",
        specified_by=RFC_8259,
        parse=scalars.json_value,
        serialize=scalars.as_json,
        operators=comparisons.JSON_VALUE,
        columns=(sqlalchemy.JSON, dict, list),
        rule=input_rules.any_json,
        encode=str,
    ),
    *database_types.ENTRIES,
)
"""The types of values, but for enumerations. Where several share a class, the type of the class itself stands first."""


def register_type(entry: Entry) -> None:
    """Make a type of values known, before the entities that show it are declared.

    Raises `DeclarationError` for an annotation or a name that another type has, and for a type that is shown already.
    """
    _check_not_shown(entry.annotation)
    TYPES.add(entry)


def register_operator(annotation: object, operator: Operator) -> None:
    """Give a type one more operator, before the entities that show the type are declared.

    Raises `DeclarationError` for an unknown type, for a name that the type has, and for a type that is shown already.
    """
    _check_not_shown(annotation)
    TYPES.add_operator(annotation, operator)


def _check_not_shown(annotation: object) -> None:
    field_ = shown_in(annotation)
    if field_ is not None:
        name = getattr(annotation, "__name__", annotation)
        raise DeclarationError(
            f"{field_} shows {name} already; register before the entities that show it are declared."
        )


def value_filter(annotation: object) -> ValueFilter | None:
    """What can be asked of values of a type; None for types that cannot be compared."""
    entry = TYPES.of(annotation)
    return None if entry is None else entry.filter
