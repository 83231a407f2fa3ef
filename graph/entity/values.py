"""Values in ids and cursors, which clients keep: how a JSON scalar is read in the type of a column.

Values that clients sent enter, with the type of the column that they are compared with. A Python value leaves that the
database can compare with the column; anything else raises `ValueError`, `TypeError`, `LookupError` or
`ArithmeticError`. Which function belongs to which type: `graph.entity.types`.
"""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import TypeVar

import sqlalchemy
from sqlalchemy.types import TypeEngine

from db import durations, moments, numerals
from db.durations import Duration
from db.relations import is_local, python_type
from db.unreadable import Unreadable, day_in_words, moment_in_words, time_in_words
from graph.entity.scalars import check_text

E = TypeVar("E", bound=Enum)

ColumnType = TypeEngine[object]

NO_NUMBERS = ("NaN", "Infinity", "-Infinity")
"""What PostgreSQL holds among decimals. https://www.postgresql.org/docs/current/datatype-numeric.html"""


def to_bool(value: object, _column: ColumnType) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def to_int(value: object, _column: ColumnType) -> int:
    """A whole number of 64 bits, which is what both databases compare with any column of numbers."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    if not -(2**63) <= value < 2**63:
        raise ValueError(value)
    return value


def to_float(value: object, _column: ColumnType) -> float:
    """A number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    return float(value)


def to_decimal(value: object, _column: ColumnType) -> Decimal:
    """A decimal number, from its digits; older cursors have numbers.

    PostgreSQL also puts in order what is no number: rows with such a value have a place in pages, too.
    """
    if value in NO_NUMBERS:
        return Decimal(str(value))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return numerals.decimal(str(value) if is_number else text(value))


def to_text(value: object, column: ColumnType) -> str:
    """A text; of an enumeration of the database, one of its words."""
    found = text(value)
    if isinstance(column, sqlalchemy.Enum) and found not in column.enums:
        raise LookupError(found)
    return found


def to_uuid(value: object, _column: ColumnType) -> uuid.UUID:
    """A UUID."""
    return uuid.UUID(text(value))


def to_date(value: object, _column: ColumnType) -> date | Unreadable:
    """A day."""
    words = text(value)
    try:
        return moments.day(words)
    except ValueError:
        return day_in_words(words)


def to_datetime(value: object, column: ColumnType) -> datetime | Unreadable:
    """A moment, in UTC where it has a zone. SQLite's own type forgets the zone, so one without is taken for UTC."""
    words = text(value)
    try:
        return _to_datetime(words, column)
    except (ValueError, OverflowError):
        return moment_in_words(words)


def _to_datetime(text: str, column: ColumnType) -> datetime:
    found = moments.moment(text)
    _check_zone(found, column)
    if found.tzinfo is not None:
        return found
    return found.replace(tzinfo=UTC) if _has_zone(column) else found


def to_time(value: object, column: ColumnType) -> time | Unreadable:
    """A time of day; as moments are read, but in its own zone."""
    words = text(value)
    try:
        found = moments.time_of_day(words)
    except ValueError:
        return time_in_words(words)
    _check_zone(found, column)
    return found.replace(tzinfo=UTC) if found.tzinfo is None and _has_zone(column) else found


def to_duration(value: object, _column: ColumnType) -> Duration | Unreadable:
    """A duration; one that is too long for Python in PostgreSQL's words, which are those of ISO 8601."""
    words = text(value)
    try:
        return durations.duration(words)
    except OverflowError:
        return Unreadable(words)
    except ValueError:
        if words not in durations.ENDLESS:
            raise
        return Unreadable(words)


def to_member(enum: type[E]) -> Callable[[object, ColumnType], E]:
    """The reader of an enumeration: the member of this name."""
    return lambda value, _column: enum[text(value)]


def to_anything(value: object, column: ColumnType) -> object:
    """A value of a column whose Python type is not in the table: a text, or of an expression also a number.

    The type of an expression may be unknown altogether; then the database sees what the client sent.
    """
    if python_type(column) is object and isinstance(value, bool | int | float):
        return value
    return text(value)


def text(value: object) -> str:
    """A text, which a database can hold."""
    if not isinstance(value, str):
        raise TypeError(value)
    return check_text(value)


def _has_zone(column: ColumnType) -> bool:
    return bool(getattr(column, "timezone", False))


def _check_zone(value: datetime | time, column: ColumnType) -> None:
    if value.tzinfo is not None and is_local(column):
        raise ValueError(value)
