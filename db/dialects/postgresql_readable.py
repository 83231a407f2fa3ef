"""Values of PostgreSQL in a form that asyncpg never refuses, and what reads them from that form.

A column enters; an expression and a function leave. Days and times travel as text, texts as bytes.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, JSON, Date, DateTime, Dialect, Integer, String, Text, Time, cast, func, literal_column

from db import exact_json
from db.dialects.interface import Readable
from db.dialects.postgresql_ranges import AnyMultiRange, AnyRange, from_words
from db.dialects.postgresql_times import read_day, read_moment, read_moment_in_utc, read_time
from db.relations import ColumnType, Expression, element_type, stored
from db.unreadable import Unreadable


def readable(column: Expression, dialect: Dialect) -> Readable:
    """Days, times and JSON as text, and texts as bytes: asyncpg leaves those as they are."""
    kind = stored(column.type, dialect)
    if isinstance(kind, DateTime) and kind.timezone:  # in UTC, as the zone of a connection has other ends
        return Readable(_in_iso_8601(func.timezone("UTC", column)), read_moment_in_utc)
    for times, read in ((DateTime, read_moment), (Date, read_day), (Time, read_time)):
        if isinstance(kind, times):
            return Readable(_in_iso_8601(column), read)
    if isinstance(kind, JSON):
        return Readable(cast(column, Text), exact_json.loads)
    if isinstance(kind, AnyRange):
        return Readable(cast(column, Text), _range_reader(element_type(kind)))
    if isinstance(kind, AnyMultiRange):
        return Readable(cast(column, Text), _unreadable)
    if isinstance(kind, ARRAY):
        return _readable_array(column, stored(kind.item_type, dialect))
    if isinstance(kind, String):  # in a database without an encoding, texts are any bytes
        return Readable(func.textsend(cast(column, Text)), bytes.decode)
    return Readable(column)


def _in_iso_8601(moment: Expression) -> Expression:
    """A day or a time as text: in one form, whatever the server's DateStyle, and PostgreSQL reads it again."""
    return func.to_json(moment).op("#>>")(literal_column("'{}'"))


def _reader(kind: ColumnType) -> Callable[[str], Any] | None:
    """What reads a value of a type as JSON has it."""
    if isinstance(kind, DateTime):
        return read_moment
    readers: Mapping[type[ColumnType], Callable[[str], Any]] = {Date: read_day, Time: read_time}
    return next((read for times, read in readers.items() if isinstance(kind, times)), None)


def _range_reader(kind: ColumnType) -> Callable[[str], Any]:
    """What reads a range from its words. asyncpg refuses a whole range whose bound Python has no form for."""
    read = _reader(kind) or (int if isinstance(kind, Integer) else Decimal)
    return lambda words: from_words(words, read)


def _unreadable(_words: str) -> Unreadable:
    """In the place of each value of a column of which one could not be read."""
    return Unreadable()


def _readable_array(column: Expression, item: ColumnType) -> Readable:
    """An array of days or times as JSON, whose elements are read one by one; asyncpg reads others."""
    read = _reader(item)
    if read is None:
        return Readable(column)

    def elements(values: Any) -> Any:
        return [elements(one) for one in values] if isinstance(values, list) else values and read(values)

    return Readable(cast(func.to_json(column), Text), lambda words: elements(json.loads(words)))
