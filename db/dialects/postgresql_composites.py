"""Composite types of PostgreSQL: read as JSON, sent as the text that PostgreSQL has for rows.

asyncpg asks the catalog about each composite type that it meets, on every connection, and gives records whose values it
has read in its own way. `to_json` writes all of a value in one form, whatever is in it; each part is then what a column
of its type would be. Types leave; nothing is executed here. Sources:
https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX,
https://www.postgresql.org/docs/current/functions-json.html#FUNCTIONS-JSON-CREATION-TABLE
"""

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    CHAR,
    JSON,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Float,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    Text,
    Time,
    Uuid,
    cast,
    func,
    literal_column,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.types import UserDefinedType

from db import durations, exact_json
from db.composites import CompositeType, Part, composite_of
from db.dialects.postgresql_as_text import Through, through
from db.dialects.postgresql_ranges import ELEMENTS, MULTI_RANGES, from_words
from db.dialects.postgresql_times import read_day, read_moment, read_time
from db.dialects.postgresql_types import quoted
from db.relations import ColumnType, Expression, undecorated, underlying, unpadded
from db.unreadable import Unreadable

Convert = Callable[[Any], Any]

_RANGE = re.compile(r"empty|[\[(][^\[\]()]*[\])]")


class COMPOSITE(Through, UserDefinedType[Any]):
    """A column of a composite type: `COMPOSITE(Address)`, of a class under `@composite`."""

    cache_ok = True

    def __init__(self, cls: type[Any]) -> None:
        self.cls = cls

    @property
    def composite(self) -> CompositeType:
        """The type of the database. Raises `TypeError` for a class that is none."""
        found = composite_of(self.cls)
        if found is None:
            raise TypeError(f"{self.cls!r} is no composite type; put @composite above it.")
        return found

    @property
    def python_type(self) -> type[Any]:
        """The class of the values."""
        return self.cls

    def get_col_spec(self, **_: Any) -> str:
        """As SQL writes it."""
        return quoted(self.composite.schema, self.composite.name)

    def read_as(self, column: Expression) -> Expression:
        """As JSON."""
        return cast(func.to_json(column), Text)

    def elements_expression(self, column: Expression) -> Expression:
        """The whole array as JSON."""
        return self.read_as(column)

    def bind_processor(self, dialect: Dialect) -> Convert:
        """To the text that PostgreSQL has for rows."""
        parts = [(part.attribute, _writer(part.type, dialect)) for part in self.composite.parts]

        def written(value: Any) -> str | None:
            if value is None:
                return None
            if not isinstance(value, self.cls):
                raise TypeError(f"{type(value).__name__} is no {self.cls.__name__}")
            fields = (_in_quotes(write(getattr(value, attribute)), "") for attribute, write in parts)
            return f"({','.join(fields)})"

        return written

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:
        """From JSON."""
        read = self.value_reader(dialect)
        return lambda text: None if text is None else read(exact_json.loads_decimals(text))

    def array_processor(self, dialect: Dialect) -> Convert:
        """From JSON, too."""
        read = _each(self.value_reader(dialect))
        return lambda text: None if text is None else read(exact_json.loads_decimals(text))

    def value_reader(self, dialect: Dialect) -> Convert:
        """From an object of JSON to a value."""
        readers = [(part, _forgiving(_reader(part.type, dialect))) for part in self.composite.parts]
        return lambda found: self.cls(**{part.attribute: read(found.get(part.name)) for part, read in readers})


def part_of(column: Expression, part: Part) -> ColumnElement[Any]:
    """An attribute of a column: `(address)."city"`."""
    name: Any = literal_column(quoted(part.name))
    whole: Any = Grouping(column)
    found: ColumnElement[Any] = whole.op(".", precedence=100, return_type=part.type)(name)
    return found


def _writer(type_: ColumnType, dialect: Dialect) -> Callable[[Any], str | None]:
    """What writes a value as PostgreSQL reads it from a text."""
    below = underlying(type_)
    process: Convert | None = below.dialect_impl(dialect).bind_processor(dialect)
    return lambda value: _words(value if process is None else process(value))


def _words(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, list | tuple):
        return f"{{{','.join(_element(one) for one in value)}}}"
    return str(value)


def _element(value: Any) -> str:
    """An element of an array; a list is a dimension, which has no quotes."""
    words = _words(value)
    return words if words is not None and isinstance(value, list | tuple) else _in_quotes(words, "NULL")


def _in_quotes(words: str | None, null: str) -> str:
    if words is None:
        return null
    escaped = words.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _forgiving(read: Convert) -> Convert:
    """A reader of what may be null. What Python has no form for is an `Unreadable` in its place alone."""

    def value(found: Any) -> Any:
        try:
            return None if found is None else read(found)
        except (ValueError, ArithmeticError, TypeError, AttributeError):
            return Unreadable()

    return value


def _each(read: Convert) -> Convert:
    """The reader of an array, of any number of dimensions."""

    def values(found: Any) -> Any:
        return [values(one) for one in found] if isinstance(found, list) else None if found is None else read(found)

    return values


def _reader(type_: ColumnType, dialect: Dialect) -> Convert:
    """What reads a value of a type from the JSON that `to_json` makes of it. Raises `ValueError` for a bad one."""
    kind = underlying(undecorated(type_))
    if isinstance(kind, ARRAY):
        return _each(_forgiving(_reader(kind.item_type, dialect)))
    if isinstance(kind, COMPOSITE):
        return kind.value_reader(dialect)
    found = next((read for classes, read in READERS.items() if isinstance(kind, classes)), None)
    if found is not None:
        return found
    for cls, (_, element) in ELEMENTS.items():
        if isinstance(kind, cls):
            return _range_reader(element, dialect)
    for multi, single in MULTI_RANGES.items():
        if isinstance(kind, multi):
            read = _range_reader(ELEMENTS[single][1], dialect)
            return lambda text: [read(one) for one in _RANGE.findall(text)]
    travels = through(kind)
    if isinstance(travels, Through):
        return travels.element_processor(dialect) or _as_it_is
    return kind.dialect_impl(dialect).result_processor(dialect, None) or _as_it_is


def _range_reader(element: ColumnType, dialect: Dialect) -> Convert:
    bound = _forgiving(_reader(element, dialect))
    return lambda text: from_words(text, lambda words: bound(int(words) if isinstance(element, Integer) else words))


def _as_it_is(value: Any) -> Any:
    return value


def _moment(words: str) -> datetime | Unreadable:
    """In UTC, as columns have it: JSON has the zone of the connection."""
    found = read_moment(words)
    try:
        return found.astimezone(UTC) if isinstance(found, datetime) and found.tzinfo is not None else found
    except OverflowError:
        return Unreadable(words)


def _bytes(words: str) -> bytes:
    """From the form that `bytea_output` has unless somebody has set another one."""
    if not words.startswith("\\x"):
        raise ValueError(words)
    return bytes.fromhex(words[2:])


def _unreadable(_value: object) -> Unreadable:
    """Money has the form of the server's locale."""
    return Unreadable()


READERS: Mapping[type[ColumnType] | tuple[type[ColumnType], ...], Convert] = {
    Float: float,
    Numeric: lambda value: Decimal(str(value)),
    (Interval, postgresql.INTERVAL): lambda words: (
        Unreadable(words) if words in durations.ENDLESS else durations.from_server(words)
    ),
    DateTime: _moment,
    Date: read_day,
    Time: read_time,
    Uuid: uuid.UUID,
    LargeBinary: _bytes,
    CHAR: unpadded,
    JSON: _as_it_is,
    postgresql.OID: int,
    postgresql.HSTORE: dict,
    postgresql.MONEY: _unreadable,
}
"""By the classes of types."""
