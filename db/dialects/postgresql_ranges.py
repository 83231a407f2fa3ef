"""Ranges of PostgreSQL: read as SQLAlchemy reads them, sent and kept in ids and cursors as text.

`Range` is SQLAlchemy's. Bounds are sent as text, for asyncpg takes some of them for infinity, as it does of days.
Source: https://www.postgresql.org/docs/current/rangetypes.html
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal, cast

from sqlalchemy import BigInteger, Date, DateTime, Dialect, Integer
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from db.relations import AnyDecimal, ColumnType, tell_type
from db.unreadable import Unreadable

SINGLE_RANGE: Any = postgresql.ranges.AbstractSingleRange
"""What SQLAlchemy's types of ranges have in common."""

_Native: Any = PGDialect_asyncpg.colspecs[SINGLE_RANGE]

__all__ = ["ELEMENTS", "SINGLE_RANGE", "AnyRange", "Range", "from_words", "in_words"]

_TEXT = re.compile(r'(?P<first>[\[(])"?(?P<lower>[^",]*)"?,"?(?P<upper>[^",]*)"?(?P<last>[\])])')

Bounds = Literal["[]", "[)", "(]", "()"]


class AnyRange(_Native):  # type: ignore[misc]  # SQLAlchemy's own class for asyncpg
    """A range of any kind."""

    render_bind_cast = True
    sent_as: ClassVar[str] = "TEXT"
    cast_as: ClassVar[str | None] = None

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        """To the database's words."""
        return lambda value: None if value is None else in_words(value)


def in_words(value: Any) -> str:
    """A range as the database writes it: `["2026-03-01","2026-04-01")`, or `empty`. Raises `TypeError` for others."""
    if type(value) is Unreadable:
        return value.in_words()
    if not isinstance(value, Range):
        raise TypeError(f"{type(value).__name__} is no Range")
    if value.isempty:
        return "empty"
    return f"{value.bounds[0]}{_bound(value.lower)},{_bound(value.upper)}{value.bounds[1]}"


def _bound(value: Any) -> str:
    if value is None:
        return ""
    if type(value) is Unreadable:
        return f'"{value.in_words()}"'
    return f'"{value.isoformat() if isinstance(value, date) else value}"'


def from_words(words: str, read: Callable[[str], Any]) -> Range[Any]:
    """The range that `in_words` has written; `read` reads a bound. Raises `ValueError`, or what `read` raises."""
    if words == "empty":
        return Range(empty=True)
    found = _TEXT.fullmatch(words)
    if found is None:
        raise ValueError(words)
    lower, upper = (read(bound) if bound else None for bound in (found["lower"], found["upper"]))
    return Range(lower, upper, bounds=cast(Bounds, found["first"] + found["last"]))


ELEMENTS: Mapping[type[ColumnType], tuple[type[Any], ColumnType]] = {
    postgresql.INT4RANGE: (int, Integer()),
    postgresql.INT8RANGE: (int, BigInteger()),
    postgresql.NUMRANGE: (Decimal, AnyDecimal()),
    postgresql.DATERANGE: (date, Date()),
    postgresql.TSRANGE: (datetime, DateTime()),
    postgresql.TSTZRANGE: (datetime, DateTime(timezone=True)),
}
"""What is between the bounds: in Python, and as a parameter."""

for _type, (_python, _element) in ELEMENTS.items():
    tell_type(_type, Range[_python], element=_element)  # type: ignore[valid-type]  # made of the table above
