"""Scalars: what they look like on the wire, and what they refuse.

Values enter as JSON or literals and leave as Python; what the databases could not store is refused here, with a
sentence that says how to write it. Source: https://spec.graphql.org/September2025/#sec-Scalars
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, ValueNode, value_from_ast_untyped
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from graph.execute.rows import json_alike

BigInt = NewType("BigInt", int)
"""An integer beyond 32 bits, for annotations and sums."""

LocalDateTime = NewType("LocalDateTime", datetime)
"""A day and a time without a zone; columns of this kind may be annotated as `datetime`."""

RFC_3339 = "https://www.rfc-editor.org/rfc/rfc3339"
RFC_9562 = "https://www.rfc-editor.org/rfc/rfc9562"
RFC_8259 = "https://www.rfc-editor.org/rfc/rfc8259"

MAX_DIGITS = 1_000
"""Of a decimal or a big integer; PostgreSQL's numeric ends far behind it."""

MAX_JSON_DEPTH = 100
"""Parsers end at different depths, and people's documents before all of them."""


class _InvalidScalar(GraphQLError):
    def __init__(self, value: object, form: str) -> None:
        shown = repr(value)
        super().__init__(f"{shown if len(shown) <= 60 else shown[:60] + '…'} is not {form}.")


def _text_parser(parse: Callable[[str], Any], form: str) -> Callable[[Any], Any]:
    def parser(value: Any) -> Any:
        if not isinstance(value, str):
            raise _InvalidScalar(value, form)
        try:
            return parse(value)
        except (ValueError, OverflowError):
            raise _InvalidScalar(value, form) from None

    return parser


def _moment(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(text)
    return value.astimezone(UTC)  # SQLite's own type forgets the zone


def _in_utc(value: datetime) -> str:
    if value.tzinfo is UTC:
        return value.isoformat()
    return (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()


def _local_moment(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is not None:
        raise ValueError(text)
    return value


def _local_time(text: str) -> time:
    value = time.fromisoformat(text)
    if value.tzinfo is not None:
        raise ValueError(text)
    return value


def _decimal(value: Any) -> Decimal:
    form = 'a decimal number; write it as text, for instance "12.50"'
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _InvalidScalar(value, form)
    text = str(value)
    try:
        number = Decimal(text) if len(text) <= MAX_DIGITS else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or abs(number.adjusted()) > MAX_DIGITS:
        raise _InvalidScalar(value, form)
    return number


def _big_int(value: Any) -> int:
    form = 'a whole number within 64 bits; write it as text, for instance "9007199254740993"'
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _InvalidScalar(value, form)
    try:
        number = int(value) if len(str(value)) <= 20 else None
    except ValueError:
        number = None
    if number is None or not -(2**63) <= number < 2**63:
        raise _InvalidScalar(value, form)
    return number


def check_text(value: str) -> str:
    """Return the text if a database can hold it.

    Raises `ValueError` for U+0000, which PostgreSQL has no place for, and for halves of a surrogate pair.
    """
    if "\x00" in value:
        raise ValueError("U+0000 cannot be stored; leave it out")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair is not a character; send both halves") from None
    return value


def check_json(value: Any, depth: int = 0) -> Any:
    """Return the JSON value if both databases can hold it.

    Raises `ValueError` for text as `check_text` does, for numbers without end, and for nesting without end.
    """
    if depth > MAX_JSON_DEPTH:
        raise ValueError(f"JSON may nest {MAX_JSON_DEPTH} deep; flatten it")
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, int | float) and not abs(value) < 10**MAX_DIGITS:
        raise ValueError("a number in JSON is finite; write others as text")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            check_text(key)
            check_json(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            check_json(item, depth + 1)
    return value


def _json(value: Any) -> Any:
    try:
        return check_json(value)
    except ValueError as error:
        raise GraphQLError(f"{error}.") from None


def _located(parse: Callable[[Any], Any]) -> Callable[[ValueNode, dict[str, Any] | None], Any]:
    """A parser of literals: as `parse`, and a refusal says where in the document the value stands."""

    def parser(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
        try:
            return parse(value_from_ast_untyped(node, variables))
        except GraphQLError as error:
            raise GraphQLError(error.message, node) from None

    return parser


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in ISO 8601 with its time zone: `2026-03-01T12:00:00+00:00`. Answers are in UTC.",
        specified_by_url=RFC_3339,
        serialize=_in_utc,
        parse_value=_text_parser(_moment, "a moment with a time zone, for instance 2026-03-01T12:00:00Z"),
    ),
    LocalDateTime: strawberry.scalar(
        name="LocalDateTime",
        description="A day and a time of day in ISO 8601 without a time zone: `2026-03-01T12:00:00`.",
        serialize=datetime.isoformat,
        parse_value=_text_parser(_local_moment, "a moment without a time zone, for instance 2026-03-01T12:00:00"),
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day in ISO 8601, for instance `2026-03-01`.",
        specified_by_url=RFC_3339,
        serialize=date.isoformat,
        parse_value=_text_parser(date.fromisoformat, "a day, for instance 2026-03-01"),
    ),
    time: strawberry.scalar(
        name="Time",
        description="A time of day in ISO 8601, for instance `12:30:00`.",
        specified_by_url=RFC_3339,
        serialize=time.isoformat,
        parse_value=_text_parser(_local_time, "a time of day without a time zone, for instance 12:30:00"),
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number, written as text, for instance `"12.50"`.',
        serialize=lambda value: format(Decimal(value), "f"),
        parse_value=_decimal,
    ),
    uuid.UUID: strawberry.scalar(
        name="UUID",
        description="A UUID, for instance `01890a5d-ac96-774b-bcce-b302099a8057`.",
        specified_by_url=RFC_9562,
        serialize=str,
        parse_value=_text_parser(uuid.UUID, "a UUID, for instance 01890a5d-ac96-774b-bcce-b302099a8057"),
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description='A whole number of up to 64 bits, written as text, for instance `"9007199254740993"`.',
        serialize=str,
        parse_value=_big_int,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value: an object, a list, text, a number, true, false or null.",
        specified_by_url=RFC_8259,
        serialize=lambda value: value,
        parse_value=_json,
    ),
}

json_alike(_in_utc, "type({0}) is datetime and {0}.tzinfo is UTC")

for _scalar in SCALARS.values():
    assert _scalar.parse_value is not None
    _scalar.parse_literal = _located(_scalar.parse_value)
