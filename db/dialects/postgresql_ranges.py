"""Ranges of PostgreSQL: read as SQLAlchemy reads them, sent and kept in ids and cursors as text.

`Range` is SQLAlchemy's. Bounds are sent as text, for asyncpg takes some of them for infinity, as it does of days.
Source: https://www.postgresql.org/docs/current/rangetypes.html
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, cast

from sqlalchemy import BigInteger, Date, DateTime, Dialect, Integer
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from db.dialects.postgresql_as_text import THROUGH, Through
from db.relations import AnyDecimal, ColumnType, Expression, tell_type
from db.unreadable import Unreadable

SINGLE_RANGE: Any = postgresql.ranges.AbstractSingleRange
"""What SQLAlchemy's types of ranges have in common."""

MULTI_RANGE: Any = postgresql.ranges.AbstractMultiRange

_Native: Any = PGDialect_asyncpg.colspecs[SINGLE_RANGE]
_NativeMulti: Any = PGDialect_asyncpg.colspecs[MULTI_RANGE]

__all__ = ["ELEMENTS", "AnyMultiRange", "AnyRange", "Range", "from_words", "in_words"]

_TEXT = re.compile(r'(?P<first>[\[(])"?(?P<lower>[^",]*)"?,"?(?P<upper>[^",]*)"?(?P<last>[\])])')

Bounds = Literal["[]", "[)", "(]", "()"]


class _Spans(Through):
    """What is read in asyncpg's form."""

    def column_expression(self, column: Expression) -> Expression:
        """As it is."""
        return column

    elements_expression = column_expression


class AnyRange(_Spans, _Native):  # type: ignore[misc]  # SQLAlchemy's own class for asyncpg
    """A range of any kind."""

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        """To the database's words."""
        return lambda value: None if value is None else in_words(value)


class AnyMultiRange(_Spans, _NativeMulti):  # type: ignore[misc]  # as above
    """Ranges that do not touch each other, as a list."""

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        """To the database's words."""
        return lambda values: None if values is None else f"{{{','.join(map(in_words, values))}}}"

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """To a list."""
        read = super().result_processor(dialect, coltype)
        return lambda values: None if values is None else list(read(values))


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

MULTI_RANGES: Mapping[type[ColumnType], type[ColumnType]] = {
    postgresql.INT4MULTIRANGE: postgresql.INT4RANGE,
    postgresql.INT8MULTIRANGE: postgresql.INT8RANGE,
    postgresql.NUMMULTIRANGE: postgresql.NUMRANGE,
    postgresql.DATEMULTIRANGE: postgresql.DATERANGE,
    postgresql.TSMULTIRANGE: postgresql.TSRANGE,
    postgresql.TSTZMULTIRANGE: postgresql.TSTZRANGE,
}
"""What the ranges of each are."""

THROUGH[SINGLE_RANGE] = AnyRange
THROUGH[MULTI_RANGE] = AnyMultiRange

for _type, (_python, _element) in ELEMENTS.items():
    tell_type(_type, Range[_python], element=_element)  # type: ignore[valid-type]  # made of the table above
for _type, _range in MULTI_RANGES.items():
    tell_type(_type, list[Range[ELEMENTS[_range][0]]], element=_range())  # type: ignore[misc]  # as above
