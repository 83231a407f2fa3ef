"""Comparisons: what can be asked of one value, by its type.

For each Python type there is one input type of the schema and, for each of its fields, one SQL expression.
Nulls differ from every value, and no comparison is ever neither true nor false once it is negated.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy
import strawberry
from sqlalchemy import ColumnElement, Text, and_, bindparam, cast, false, or_, true, type_coerce
from strawberry.scalars import JSON

from db.functions import (
    fold,
    fold_case,
    json_at,
    json_contains,
    json_has_key,
    json_kind,
    json_order,
    json_path,
    json_text,
)
from db.relations import parameter_type
from db.statements import joined
from graph.entity.registry import list_of, optional
from graph.entity.scalars import BigInt, LocalDateTime, check_json, check_text
from graph.errors import InvalidFilter

MAX_LIST = 1_000
"""How many values `in` and `notIn` take."""
MAX_PART = 10_000
"""How many characters are looked for inside a text; SQLite's patterns end at 50,000 bytes, with escapes."""
MAX_VALUES = 2_000
"""How many values a whole filter takes; drivers bind 32,767 in a statement, and keys are among them."""

ESCAPE = "/"
NO_NAMES: Mapping[str, str] = {}

SqlComparison = Callable[[ColumnElement[Any], Any], ColumnElement[bool]]


class Comparison(NamedTuple):
    """One field of a filter for values: what it takes, what it means, what it says in SQL."""

    takes: Any
    description: str
    sql: SqlComparison
    bind: Callable[[Any], Any] | None = None
    """What is bound for a value, when the SQL is the same for every value."""


def check_size(where: str, asked: Any) -> None:
    """Raise `InvalidFilter` for a filter of more values than a statement should hold."""
    left, found = [asked], 0
    while left:
        value = left.pop()
        if isinstance(value, Mapping | list):
            left += value.values() if isinstance(value, Mapping) else value
        found += 1
        if found > MAX_VALUES:
            raise InvalidFilter(where, f"a filter holds at most {MAX_VALUES} values; ask for less at once.")


def _itself(value: Any) -> Any:
    return value


def _not_equal(column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    return column.is_distinct_from(value)


def _not_in(column: ColumnElement[Any], values: list[Any]) -> ColumnElement[bool]:
    return or_(column.not_in(values), column.is_(None))


def _is_null(column: ColumnElement[Any], wanted: bool) -> ColumnElement[bool]:
    return column.is_(None) if wanted else column.is_not(None)


def equality(takes: Any) -> dict[str, Comparison]:
    """Comparisons that every type has."""
    return {
        "eq": Comparison(takes, "Equal to this.", lambda column, value: column == value, _itself),
        "ne": Comparison(takes, "Not equal to this; nulls are not equal to anything.", _not_equal, _itself),
        "in": Comparison(list_of(takes), "One of these; an empty list matches nothing.", lambda c, v: c.in_(v)),
        "notIn": Comparison(list_of(takes), "None of these; nulls are none of anything.", _not_in),
        "isNull": Comparison(bool, "Null, or with false: not null.", _is_null),
    }


def order(takes: Any) -> dict[str, Comparison]:
    """Comparisons of types that have an order."""
    return equality(takes) | {
        "lt": Comparison(takes, "Less than this.", lambda column, value: column < value, _itself),
        "lte": Comparison(takes, "Less than this, or equal.", lambda column, value: column <= value, _itself),
        "gt": Comparison(takes, "Greater than this.", lambda column, value: column > value, _itself),
        "gte": Comparison(takes, "Greater than this, or equal.", lambda column, value: column >= value, _itself),
    }


def _folded(sql: SqlComparison) -> SqlComparison:
    return lambda column, value: sql(fold_case(column), value)


def _escaped(value: str) -> str:
    """A text as part of a pattern. Raises `InvalidFilter` for one that is too long."""
    if len(value) > MAX_PART:
        raise InvalidFilter("part of a text", f"{len(value)} characters are too many; send at most {MAX_PART}.")
    return value.replace(ESCAPE, ESCAPE + ESCAPE).replace("%", f"{ESCAPE}%").replace("_", f"{ESCAPE}_")


def _folded_part(value: str) -> str:
    return _escaped(fold(value))


def _starts_with(column: ColumnElement[Any], part: Any) -> ColumnElement[bool]:
    return column.startswith(part, escape=ESCAPE)


def _ends_with(column: ColumnElement[Any], part: Any) -> ColumnElement[bool]:
    return column.endswith(part, escape=ESCAPE)


def _contains(column: ColumnElement[Any], part: Any) -> ColumnElement[bool]:
    return column.contains(part, escape=ESCAPE)


TEXT = order(str) | {
    "contains": Comparison(str, "Holds this text.", _contains, _escaped),
    "startsWith": Comparison(str, "Begins with this text.", _starts_with, _escaped),
    "endsWith": Comparison(str, "Ends with this text.", _ends_with, _escaped),
    "eqIgnoreCase": Comparison(str, "Equal to this, whatever the case.", _folded(lambda c, v: c == v), fold),
    "containsIgnoreCase": Comparison(str, "Holds this text, whatever the case.", _folded(_contains), _folded_part),
    "startsWithIgnoreCase": Comparison(
        str, "Begins with this text, whatever the case.", _folded(_starts_with), _folded_part
    ),
    "endsWithIgnoreCase": Comparison(str, "Ends with this text, whatever the case.", _folded(_ends_with), _folded_part),
}


def _json_part(part: ColumnElement[Any], asked: Mapping[str, Any]) -> ColumnElement[bool]:
    """All comparisons asked of one part of a document."""
    return and_(true(), *(_JSON_PART_SQL[name](part, value) for name, value in asked.items()))


def _part_order(test: Callable[[ColumnElement[int]], ColumnElement[bool]]) -> SqlComparison:
    return lambda part, value: test(json_order(part, json.dumps(value)))


def _json_is_null(part: ColumnElement[Any], wanted: bool) -> ColumnElement[bool]:
    kind = json_kind(part)
    return or_(kind.is_(None), kind == "null") if wanted else and_(kind.is_not(None), kind != "null")


_JSON_PART_SQL: dict[str, SqlComparison] = {
    "eq": _part_order(lambda result: result == 0),
    "ne": _part_order(lambda result: result.is_distinct_from(0)),
    "lt": _part_order(lambda result: result < 0),
    "lte": _part_order(lambda result: result <= 0),
    "gt": _part_order(lambda result: result > 0),
    "gte": _part_order(lambda result: result >= 0),
    "in": lambda part, values: joined(or_, [false(), *(_JSON_PART_SQL["eq"](part, value) for value in values)]),
    "contains": lambda part, value: _contains(json_text(part), _escaped(value)),
    "containsIgnoreCase": lambda part, value: _folded(_contains)(json_text(part), _folded_part(value)),
    "isNull": _json_is_null,
}


@strawberry.input(description="A part of a JSON value, and what is asked of it. Comparisons hold only within one kind.")
class JSONPathFilter:
    """The schema's side of `_JSON_PART_SQL`."""

    at: list[str] = strawberry.field(description='Where the part is: keys and indexes, for instance `["lines", "0"]`.')
    eq: JSON | None = strawberry.field(default=strawberry.UNSET, description="Equal to this JSON value.")
    ne: JSON | None = strawberry.field(default=strawberry.UNSET, description="Not equal to this, or not there.")
    lt: JSON | None = strawberry.field(default=strawberry.UNSET, description="Less than this.")
    lte: JSON | None = strawberry.field(default=strawberry.UNSET, description="Less than this, or equal.")
    gt: JSON | None = strawberry.field(default=strawberry.UNSET, description="Greater than this.")
    gte: JSON | None = strawberry.field(default=strawberry.UNSET, description="Greater than this, or equal.")
    in_: list[JSON] | None = strawberry.field(name="in", default=strawberry.UNSET, description="Equal to one of these.")
    contains: str | None = strawberry.field(default=strawberry.UNSET, description="Text that holds this text.")
    contains_ignore_case: str | None = strawberry.field(
        default=strawberry.UNSET, description="Text that holds this text, whatever the case."
    )
    is_null: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Null or not there, or with false: there and not null."
    )


def _json_paths(column: ColumnElement[Any], paths: list[Mapping[str, Any]]) -> ColumnElement[bool]:
    parts = (
        _json_part(
            json_at(column, json_path(path["at"])), {name: value for name, value in path.items() if name != "at"}
        )
        for path in paths
    )
    return joined(and_, [true(), *parts])


JSON_VALUE = {
    "contains": Comparison(
        JSON,
        "Holds all of this: objects hold their keys, lists hold their elements.",
        lambda column, value: json_contains(column, json.dumps(value)),
    ),
    "hasKey": Comparison(str, "Has this key at the top.", lambda column, key: json_has_key(column, key)),
    "path": Comparison(list[JSONPathFilter], "What is asked of parts of the value; all of it must hold.", _json_paths),
    "isNull": Comparison(bool, "Null, in SQL or in JSON, or with false: not null.", _json_is_null),
}


class ValueFilter(NamedTuple):
    """The comparisons of one type of value, and the input type that offers them."""

    input_type: type[Any]
    comparisons: Mapping[str, Comparison]

    def condition(
        self, where: str, column: ColumnElement[Any], asked: Mapping[str, Any], names: Mapping[str, str] = NO_NAMES
    ) -> list[ColumnElement[bool]]:
        """The conditions that were asked of a column.

        `where` names the place in the input for errors. Where a place has a name, the value is bound by that name when
        the statement runs. Raises `InvalidFilter` for null, which compares nothing.
        """
        compared = _compared(column)
        found: list[ColumnElement[bool]] = []
        for name, value in asked.items():
            place, comparison = f"{where}.{name}", self.comparisons[name]
            if place in names:
                bound: Any = bindparam(names[place], type_=compared.type)
            else:
                checked = comparable(place, value)
                bound = checked if comparison.bind is None else comparison.bind(checked)
            found.append(comparison.sql(compared, bound))
        return found


def _compared(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if isinstance(column.type, sqlalchemy.Enum) and column.type.enum_class is None:
        return cast(column, Text)  # PostgreSQL's enumerations know no other words, and no parts of words
    return type_coerce(column, parameter_type(column.type))


def comparable(where: str, value: Any) -> Any:
    """A value that a column can be compared with. Raises `InvalidFilter`, which names the place, for any other."""
    if value is None:
        raise InvalidFilter(where, "null compares nothing; leave it out, or use `isNull`.")
    if isinstance(value, list):
        if len(value) > MAX_LIST:
            raise InvalidFilter(where, f"{len(value)} values are too many; send at most {MAX_LIST}.")
        return [comparable(where, item) for item in value]
    try:
        return check_text(value) if isinstance(value, str) else check_json(value)
    except ValueError as error:
        raise InvalidFilter(where, f"{error}.") from None


_COMPARISONS: dict[Any, tuple[str, dict[str, Comparison]]] = {
    str: ("String", TEXT),
    int: ("Int", order(int)),
    BigInt: ("BigInt", order(BigInt)),
    float: ("Float", order(float)),
    bool: ("Boolean", equality(bool)),
    Decimal: ("Decimal", order(Decimal)),
    datetime: ("DateTime", order(datetime)),
    LocalDateTime: ("LocalDateTime", order(LocalDateTime)),
    date: ("Date", order(date)),
    time: ("Time", order(time)),
    uuid.UUID: ("UUID", order(uuid.UUID)),
    strawberry.ID: ("ID", {name: equality(strawberry.ID)[name] for name in ("eq", "ne", "in", "notIn")}),
    JSON: ("JSON", JSON_VALUE),
}


@cache
def value_filter(type_: Any) -> ValueFilter | None:
    """How values of a Python type are compared; None for types that cannot be."""
    if isinstance(type_, type) and issubclass(type_, Enum):
        name, comparisons = type_.__name__, equality(type_)
    elif type_ in _COMPARISONS:
        name, comparisons = _COMPARISONS[type_]
    else:
        return None
    description = f"What is asked of a value of type {name}; every comparison given must hold."
    return ValueFilter(_input_type(f"{name}Filter", description, comparisons), comparisons)


def _input_type(name: str, description: str, comparisons: Mapping[str, Comparison]) -> type[Any]:
    fields = {
        f"{graphql_name}_": (optional(comparison.takes), graphql_name, comparison.description)
        for graphql_name, comparison in comparisons.items()
    }
    return input_type(name, description, fields)


def input_type(name: str, description: str, fields: Mapping[str, tuple[Any, str, str]], **options: Any) -> type[Any]:
    """Make an input type whose fields may all be left out: by Python name, the annotation, name and description."""
    annotations = {key: annotation for key, (annotation, _, _) in fields.items()}
    # Without a docstring, `dataclass` would write one, from the signature: a tenth of the time that the type takes.
    members: dict[str, Any] = {"__annotations__": annotations, "__doc__": description}
    for key, (_, graphql_name, text) in fields.items():
        members[key] = strawberry.field(name=graphql_name, description=text, default=strawberry.UNSET)
    return strawberry.input(type(name, (), members), name=name, description=description, **options)
