"""Types of PostgreSQL that travel as text, or as another type that asyncpg reads without being told about it.

A column is read as `CAST(address AS TEXT)` and a value is sent as `$1::TEXT::INET`: the database converts, in C, and no
connection learns a codec. asyncpg would ask the catalog about each type that it does not know, on every connection, and
gives objects for some types that hold less than the database does: an interval without its months. Types of SQLAlchemy
leave, for the driver's dialect; nothing here touches columns of ordinary types. Why, and what was measured:
docs/decisions/0015-a-type-is-one-entry.md.
"""

import struct
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

import sqlalchemy
from sqlalchemy import (
    ARRAY,
    Dialect,
    Interval,
    LargeBinary,
    Numeric,
    Text,
    cast,
    func,
    type_coerce,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.asyncpg import AsyncpgARRAY, AsyncPgInterval
from sqlalchemy.types import TypeDecorator, TypeEngine, adapt_type

from db import durations
from db.durations import Duration
from db.relations import ColumnType, Expression, undecorated, underlying
from db.unreadable import Unreadable

Convert = Callable[[Any], Any]

ELEMENTS: Mapping[object, int] = {1014: 1042, 1021: 700, 1022: 701}
"""The numbers of the types of elements whose converters look at them, by those of their arrays: CHAR(n), both floats.
Source: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat"""


class Through:
    """A type whose values travel as values of another one."""

    render_bind_cast = True
    sent_as: ClassVar[str] = "TEXT"
    """The type of the parameter, which the database makes a value of the column's type of."""
    cast_as: ClassVar[str | None] = None
    """The type that a parameter is compared and stored as; None: the column's own."""

    def column_expression(self, column: Expression) -> Expression:
        """A column as it is read. The type stays the column's, for the type converts what is read."""
        return type_coerce(self.read_as(column), self)  # type: ignore[arg-type]  # a type stands beside it

    def read_as(self, column: Expression) -> Expression:
        """What the database makes of the column."""
        return cast(column, Text)

    def elements_expression(self, column: Expression) -> Expression:
        """A column of arrays of the type as it is read."""
        return cast(column, ARRAY(Text))

    def element_processor(self, dialect: Dialect) -> Convert | None:
        """From an element of such an array to its value."""
        found: Convert | None = self.result_processor(dialect, None)  # type: ignore[attr-defined]  # of the type beside it
        return found

    def array_processor(self, dialect: Dialect) -> Convert | None:
        """From such an array to its values; None: nothing is to be done."""
        read = self.element_processor(dialect)
        return None if read is None else lambda value: _each(read, value)


class Address(Through, postgresql.INET):
    """An address. A cast would write the length of the prefix where it says nothing; `abbrev` writes what `psql` shows.

    Source: https://www.postgresql.org/docs/current/functions-net.html
    """

    def read_as(self, column: Expression) -> Expression:
        """As the database shows it."""
        return func.abbrev(column)

    def element_processor(self, dialect: Dialect) -> Convert:
        """Elements of arrays are cast."""
        return lambda text: None if text is None else text.removesuffix("/128" if ":" in text else "/32")


class Network(Through, postgresql.CIDR):
    """A network."""


class Card(Through, postgresql.MACADDR):
    """The address of a card."""


class LongCard(Through, postgresql.MACADDR8):
    """The same of 64 bits."""


class Vector(Through, postgresql.TSVECTOR):
    """Words for full-text search."""


class Search(Through, postgresql.TSQUERY):
    """What to look for in words."""


class TableName(Through, postgresql.REGCLASS):
    """The name of a table, which the database keeps as a number."""


class ConfigurationName(Through, postgresql.REGCONFIG):
    """The name of a configuration of full-text search."""


class Hstore(Through, postgresql.HSTORE):
    """Texts by their keys, which SQLAlchemy reads and writes."""


class Bits(Through, postgresql.BIT):
    """Zeros and ones. A cast to BIT(n) would cut a value or fill it up, so that another one would be found."""

    cast_as = "BIT VARYING"

    def bind_processor(self, dialect: Dialect) -> None:  # type: ignore[override]  # None: nothing is to be done
        """As they are."""

    def result_processor(self, dialect: Dialect, coltype: object) -> None:  # type: ignore[override]  # as above
        """As they are."""


class Number(Through, postgresql.OID):
    """The number of an object in the catalog: 32 bits without a sign."""

    sent_as = "BIGINT"

    def read_as(self, column: Expression) -> Expression:
        """As asyncpg reads it."""
        return column

    elements_expression = read_as


class Money(Through, postgresql.MONEY):
    """An amount of money, as a decimal: as text it has the form of the server's locale."""

    sent_as = "NUMERIC"

    def read_as(self, column: Expression) -> Expression:
        """With the digits behind the point that the server's locale gives money."""
        return cast(column, Numeric)

    def elements_expression(self, column: Expression) -> Expression:
        """The same of each."""
        return cast(column, ARRAY(Numeric))


class Exact(Through, AsyncPgInterval):
    """A duration. asyncpg makes a `timedelta` of it, in which a month is 30 days and a year 365.

    `interval_send` gives the three numbers that the database stores, whatever the connection's `IntervalStyle`.
    """

    @classmethod
    def adapt_emulated_to_native(cls, impl: Any, **kw: Any) -> "Exact":  # type: ignore[override]  # named in two ways
        """Of SQLAlchemy's `Interval`, which other databases store as a moment."""
        return cls(precision=impl.second_precision)

    cast_as = "INTERVAL"  # without the fields and the digits that a column keeps

    def read_as(self, column: Expression) -> Expression:
        """As the database stores it."""
        return func.interval_send(column, type_=LargeBinary)

    def elements_expression(self, column: Expression) -> Expression:
        """The same of the whole array."""
        return func.array_send(column, type_=LargeBinary)

    def array_processor(self, dialect: Dialect) -> Convert:
        """From the numbers of all elements."""
        return lambda stored: None if stored is None else _array(_duration, stored)

    def bind_processor(self, dialect: Dialect) -> Convert:
        """To ISO 8601, which the database reads whatever its settings."""
        return _written

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:
        """From the numbers. PostgreSQL 17 has infinity among durations."""
        return _duration


def _written(value: Any) -> str | None:
    if value is None:
        return None
    if type(value) is Unreadable:
        return value.in_words()
    if not isinstance(value, timedelta):
        raise TypeError(f"{type(value).__name__} is no timedelta")
    return durations.in_iso_8601(value)


INFINITE = {
    (2**63 - 1, 2**31 - 1, 2**31 - 1): Unreadable("infinity"),
    (-(2**63), -(2**31), -(2**31)): Unreadable("-infinity"),
}
"""Source: `INTERVAL_NOEND` in https://github.com/postgres/postgres/blob/master/src/include/datatype/timestamp.h"""

_STORED = struct.Struct("!qii")


def _duration(stored: bytes | timedelta | None) -> Duration | timedelta | Unreadable | None:
    """From what the database stores; what an expression computed and asyncpg has read stays as it is."""
    if not isinstance(stored, bytes):
        return stored
    microseconds, days, months = _STORED.unpack(stored)
    try:
        return Duration(months, days, microseconds)
    except OverflowError:
        found = INFINITE.get((microseconds, days, months))
        return Unreadable(durations.written(months, days, microseconds)) if found is None else found


_HEADER = struct.Struct("!iiI")
_DIMENSION = struct.Struct("!ii")
_LENGTH = struct.Struct("!i")


def _array(read: Convert, stored: bytes) -> list[Any]:
    """The elements of an array as `array_send` has it, of any number of dimensions.

    Source: https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/arrayfuncs.c
    """
    dimensions, _, _ = _HEADER.unpack_from(stored)
    at = _HEADER.size
    lengths = [_DIMENSION.unpack_from(stored, at + number * _DIMENSION.size)[0] for number in range(dimensions)]
    at += dimensions * _DIMENSION.size
    found: list[Any] = []
    while at < len(stored):
        (length,) = _LENGTH.unpack_from(stored, at)
        at += _LENGTH.size
        found.append(None if length < 0 else read(stored[at : at + length]))
        at += max(length, 0)
    for length in reversed(lengths[1:]):
        found = [found[start : start + length] for start in range(0, len(found), length)]
    return found


class Array(AsyncpgARRAY):
    """An array, whose elements travel as single values do."""

    @property
    def sent_as(self) -> str | None:
        """The type of the parameter, if it is not the array's own."""
        item = through(self.item_type)
        if item is None:
            return "TEXT[]" if _is_text_to_driver(self.item_type) else None
        return f"{item.sent_as}[]"

    @property
    def cast_as(self) -> str | None:
        """The type that a parameter is compared and stored as; None: the column's own."""
        item = through(self.item_type)
        return None if item is None or item.cast_as is None else f"{item.cast_as}[]"

    def column_expression(self, column: Expression) -> Expression:
        """The array as it is read."""
        item = through(self.item_type)
        if isinstance(item, Through):
            return type_coerce(item.elements_expression(column), self)
        return type_coerce(cast(column, ARRAY(Text)), self) if _is_text_to_driver(self.item_type) else column

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert | None:  # type: ignore[override]  # None: nothing is to be done
        """Elements are converted one by one, where they have to be."""
        kind = underlying(self.item_type)
        travels = through(kind)
        if isinstance(travels, Through) and not isinstance(kind, TypeDecorator):
            return travels.array_processor(dialect)
        item: Any = self.item_type.dialect_impl(dialect)
        read = item.result_processor(dialect, ELEMENTS.get(coltype, coltype))
        return None if read is None else lambda value: _each(read, value)


def _is_text_to_driver(type_: ColumnType) -> bool:
    """Whether asyncpg reads values from their texts, of arrays that of the whole.

    Where an element of such an array is the empty text, it gives a list of wild pointers (0.32.0), of which the process
    dies: `SELECT '{"",NULL}'::citext[]`.
    """
    found = underlying(undecorated(type_))
    return isinstance(found, postgresql.CITEXT) or (isinstance(found, sqlalchemy.Enum) and found.native_enum)


def _each(read: Convert, value: Any) -> Any:
    """The elements of an array, of any number of dimensions."""
    return [_each(read, one) for one in value] if isinstance(value, list) else read(value)


class Domain(postgresql.DOMAIN):
    """A domain, whose values travel as those of the type that it restricts."""

    @property
    def sent_as(self) -> str | None:
        """The type of the parameter, if it is not the domain's own."""
        below = through(self.data_type)
        return None if below is None else below.sent_as

    @property
    def cast_as(self) -> str | None:
        """The type that a parameter is compared and stored as; None: the domain."""
        below = through(self.data_type)
        return None if below is None else below.cast_as

    def column_expression(self, column: Expression) -> Expression:
        """As a column of the type below."""
        below = through(self.data_type)
        return column if below is None else type_coerce(below.column_expression(cast(column, self.data_type)), self)

    def bind_processor(self, dialect: Dialect) -> Convert | None:
        """That of the type below, where asyncpg does not read that as it is."""
        return None if through(self.data_type) is None else self._below(dialect).bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert | None:
        """That of the type below, where asyncpg does not read that as it is."""
        return None if through(self.data_type) is None else self._below(dialect).result_processor(dialect, coltype)

    def _below(self, dialect: Dialect) -> Any:
        return self.data_type.dialect_impl(dialect)


THROUGH: dict[type[TypeEngine[Any]], type[TypeEngine[Any]]] = {
    postgresql.INET: Address,
    postgresql.CIDR: Network,
    postgresql.MACADDR: Card,
    postgresql.MACADDR8: LongCard,
    postgresql.TSVECTOR: Vector,
    postgresql.TSQUERY: Search,
    postgresql.REGCLASS: TableName,
    postgresql.REGCONFIG: ConfigurationName,
    postgresql.HSTORE: Hstore,
    postgresql.BIT: Bits,
    postgresql.OID: Number,
    postgresql.MONEY: Money,
    postgresql.INTERVAL: Exact,
    Interval: Exact,
}
"""By SQLAlchemy's classes; ranges add themselves."""


def through(type_: ColumnType) -> Through | Array | None:
    """How values of a type travel; None for those that asyncpg reads as they are."""
    found = adapt_type(underlying(undecorated(type_)), {**THROUGH, ARRAY: Array})
    return found if isinstance(found, Through | Array) and found.sent_as is not None else None
