"""Scalars: how values are read off the wire and written to it, and which values are refused.

JSON values enter and leave as Python, or Python values enter and leave as JSON. What the databases could not store is
refused here, with a sentence that says how to write it. Which function belongs to which type: `graph.entity.types`.
Source: https://spec.graphql.org/September2025/#sec-Scalars
"""

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, NewType, TypeVar

from graphql import (
    FloatValueNode,
    GraphQLError,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    value_from_ast_untyped,
)

from db import moments, numerals
from db.exact_json import exactly, fraction
from db.moments import UnreadableMoment
from db.numerals import EXACT, MAX_DIGITS
from db.unreadable import Unreadable, UnreadableValue

T = TypeVar("T")

Parse = Callable[[object], T]
"""From a JSON value to a Python value. Raises `GraphQLError` that says how to write the value."""

BigInt = NewType("BigInt", int)
"""An integer beyond 32 bits, for annotations and sums. Columns hold 64 bits; sums are of any size."""

LocalDateTime = NewType("LocalDateTime", datetime)
"""A day and a time without a zone; columns of this kind may be annotated as `datetime`."""

MAX_FLOAT = sys.float_info.max

MAX_JSON_DEPTH = 100
"""Parsers end at different depths, and people's documents before all of them."""


class InvalidScalar(GraphQLError):
    """A value that is not of its scalar's form."""

    def __init__(self, value: object, form: str) -> None:
        shown = repr(value)
        super().__init__(f"{shown if len(shown) <= 60 else shown[:60] + '…'} is not {form}.")


def from_text(read: Callable[[str], T], form: str) -> Parse[T]:
    """A parser of texts. `read` may raise `ValueError` or `OverflowError`; `form` ends the sentence "… is not …"."""

    def parse(value: object) -> T:
        if not isinstance(value, str):
            raise InvalidScalar(value, form)
        try:
            return read(value)
        except (ValueError, OverflowError) as error:
            cure = f" ({error})" if isinstance(error, UnreadableMoment) and error.args else ""
            raise InvalidScalar(value, form + cure) from None

    return parse


def zoned_datetime(text: str) -> datetime:
    """A moment in UTC. Raises `ValueError` for a text without a time zone."""
    value = moments.moment(text)
    if value.tzinfo is None:
        raise ValueError(text)
    return value


def in_utc(value: datetime) -> str:
    """A moment in ISO 8601; one without a zone is taken for UTC."""
    if value.tzinfo is UTC:
        return value.isoformat()
    return (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()


def local_datetime(text: str) -> datetime:
    """A day and a time. Raises `ValueError` for a text with a time zone."""
    value = moments.moment(text)
    if value.tzinfo is not None:
        raise ValueError(text)
    return value


def local_time(text: str) -> time:
    """A time of day. Raises `ValueError` for a text with a time zone."""
    value = moments.time_of_day(text)
    if value.tzinfo is not None:
        raise ValueError(text)
    return value


def decimal(value: object) -> Decimal:
    """A decimal number, from text or from a number, as `db.numerals` reads it. Raises `GraphQLError`."""
    form = 'a decimal number; write it as text, for instance "12.50"'
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise InvalidScalar(value, form)
    try:
        return numerals.decimal(str(exactly(value)))
    except ValueError:
        raise InvalidScalar(value, form) from None


def in_digits(value: Decimal) -> str:
    """A decimal number without an exponent. Raises `ValueError` for one that is not finite."""
    if not value.is_finite():
        raise ValueError("not a finite number")
    return format(value, "f")


def in_whole_digits(value: int | Decimal | float) -> str:
    """A whole number of any size; sums are decimals. Raises `ValueError` for others."""
    number = int(value)
    if number != value:
        raise ValueError("not a whole number")
    return str(number)


def without_zeros(value: Decimal) -> Decimal:
    """A computed decimal without the zeros at its end, of which databases give different numbers."""
    return value.normalize(EXACT)


def big_int(value: object) -> int:
    """A whole number, from text or from a number, as `db.numerals` reads it. Raises `GraphQLError`."""
    form = 'a whole number; write it as text, for instance "9007199254740993"'
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidScalar(value, form)
    try:
        return numerals.whole_number(str(value))
    except ValueError:
        raise InvalidScalar(value, form) from None


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


def check_json(value: T, depth: int = 0, *, any_decimal: bool = False) -> T:
    """Return the JSON value if both databases can hold it. With `any_decimal`, decimals were looked at before.

    Raises `ValueError` for text as `check_text` does, for numbers without end, and for nesting without end.
    """
    if depth > MAX_JSON_DEPTH:
        raise ValueError(f"JSON may nest {MAX_JSON_DEPTH} deep; flatten it")
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, Decimal) and any_decimal:
        pass
    elif isinstance(value, int | float | Decimal) and not _fits_json(value):
        raise ValueError("a number in JSON is finite, below 1.8e308 and of at most 1,000 digits; write others as text")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            check_text(key)
            check_json(item, depth + 1, any_decimal=any_decimal)
    elif isinstance(value, list):
        for item in value:
            check_json(item, depth + 1, any_decimal=any_decimal)
    return value


def as_json(value: T) -> T:
    """A JSON value, which JSON has a form for. Raises `UnreadableValue` for one that could not be read."""
    if type(value) is Unreadable:
        raise UnreadableValue
    return value


def _fits_json(number: float | Decimal) -> bool:
    """Whether every database and every parser of JSON takes a number."""
    value: float | Decimal = exactly(number)
    if isinstance(value, Decimal) and (len(value.as_tuple().digits) > MAX_DIGITS or value.adjusted() < -MAX_DIGITS):
        return False
    return -MAX_FLOAT <= value <= MAX_FLOAT


def json_value(value: Any) -> object:
    """A JSON value of any kind, its numbers exact. Raises `GraphQLError` for one that a database could not hold."""
    try:
        return exactly(check_json(value))
    except ValueError as error:
        raise GraphQLError(f"{error}.") from None


def _untyped(node: ValueNode, variables: dict[str, Any] | None) -> object:
    """The JSON value that a literal is, its numbers as they are written; graphql-core would round them to doubles."""
    if isinstance(node, FloatValueNode):
        return fraction(node.value)
    if isinstance(node, ListValueNode):
        return [_untyped(item, variables) for item in node.values]
    if isinstance(node, ObjectValueNode):
        return {field.name.value: _untyped(field.value, variables) for field in node.fields}
    return value_from_ast_untyped(node, variables)


def located(parse: Parse[T]) -> Callable[[ValueNode, dict[str, Any] | None], T]:
    """A parser of literals: as `parse`, and a refusal says where in the document the value stands."""

    def parse_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> T:
        try:
            return parse(_untyped(node, variables))
        except GraphQLError as error:
            raise GraphQLError(error.message, node) from None

    return parse_literal
