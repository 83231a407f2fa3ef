"""What a database itself says, past everything that is tried: rows, and values as both sides say them.

A plan and a connection of the driver's own enter; rows and canonical values leave. The SQL is written here, by another
hand: nothing of it comes from SQLAlchemy or from our statements.
"""

import base64
import json
import re
import sqlite3
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, get_args, get_origin

import asyncpg
from sqlalchemy import make_url
from strawberry.scalars import JSON

from db.composites import composite_of
from db.dialects import Range
from db.reflection.plan import EnumPlan, PlannedAttribute, PlannedModel
from graph.entity.scalars import BigInt, LocalDateTime

Said = Any
"""A value as a document of JSON has it."""


def quoted(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def text_of(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"


def table_of(model: PlannedModel) -> str:
    """A table in SQL."""
    return ".".join(quoted(part) for part in model.table.name if part is not None)


@dataclass(frozen=True)
class Kind:
    """How values of one kind are written, compared and said."""

    given: Callable[[str], str] | None
    """A value that a row holds, as a document writes it; None: nothing but null is asked of it."""
    plain: Callable[[Said], Said]
    """A value in the one form that both sides are compared by."""
    text: str = "CAST({} AS text)"
    """SQL: a column's value as `given` and `plain` take it."""
    is_ordered: bool = True
    is_text: bool = False
    is_summed: bool = False
    has_extremes: bool = False
    averaged: Callable[[Said], Said] | None = None


def _string(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _same(value: Said) -> Said:
    return value


def _whole(value: Said) -> Said:
    return int(value)


def _decimal(value: Said) -> Said:
    return Decimal(str(value)).normalize()


def _float(value: Said) -> Said:
    """Doubles that are added in another order differ in their last digits."""
    return float(f"{float(value):.9g}")


def _about(value: Said) -> Said:
    return float(f"{float(value):.6g}")


def _moment(value: Said) -> Said:
    return datetime.fromisoformat(value)


def _clock(value: Said) -> Said:
    return time.fromisoformat(value)


def _there(value: Said) -> Said:
    """Whether a value is there is all that is compared of what both sides write in forms of their own."""
    return value is not None


def _truth(value: Said) -> Said:
    return value in (True, "true", "t", "1", 1)


NOTHING_ASKED = Kind(None, _there, is_ordered=False)
DOCUMENT = Kind(None, _there, "NULLIF(CAST({} AS text), 'null')", is_ordered=False)
"""A document that is null is as none to those who read."""
TEXT = Kind(_string, _same, is_text=True, has_extremes=True)
WHOLE = Kind(_same, _whole, is_summed=True, has_extremes=True, averaged=_float)
DECIMAL = Kind(_string, _decimal, "CAST(CAST({} AS numeric) AS text)", is_summed=True, has_extremes=True)
MOMENT = Kind(_string, _moment, "to_char({}, 'FMYYYY-MM-DD\"T\"HH24:MI:SS.US')", has_extremes=True)
KINDS: Mapping[object, Kind] = {
    bool: Kind(lambda value: "true" if _truth(value) else "false", _truth),
    int: WHOLE,
    BigInt: WHOLE,
    Decimal: DECIMAL,
    float: Kind(_same, _float, is_summed=True, has_extremes=True, averaged=_float),
    str: TEXT,
    uuid.UUID: Kind(_string, _same),
    date: Kind(_string, _same, has_extremes=True),
    LocalDateTime: MOMENT,
    datetime: Kind(
        lambda value: _string(f"{value}Z"),
        lambda value: _moment(value).replace(tzinfo=None),
        "to_char({} AT TIME ZONE 'UTC', 'FMYYYY-MM-DD\"T\"HH24:MI:SS.US')",
        has_extremes=True,
    ),
    time: Kind(_string, _clock, has_extremes=True),
    bytes: Kind(_string, lambda value: base64.b64decode(value), "encode({}, 'base64')"),
    timedelta: Kind(_string, _there, has_extremes=True),
}


def is_object(attribute: PlannedAttribute) -> bool:
    """Whether values are objects in the schema, of which parts are selected: ranges, shapes, composite types."""
    annotation: object = attribute.annotation
    while get_origin(annotation) is list:
        annotation = next(
            it for it in get_args(get_args(annotation)[0]) or get_args(annotation) if it is not type(None)
        )
    is_shape = getattr(annotation, "__module__", "") == "db.geometry"
    return get_origin(annotation) is Range or is_shape or composite_of(annotation) is not None


class Refusal(Exception):
    """Why a database did not do what it was told."""


class Database:
    """A database that is asked by its driver."""

    def kind(self, attribute: PlannedAttribute) -> Kind:
        """The kind of an attribute's values."""
        if isinstance(attribute.annotation, EnumPlan):
            return _words(attribute.annotation)
        if get_origin(attribute.annotation) is list:
            return _list(get_args(attribute.annotation)[0])
        if attribute.annotation in (dict, JSON):
            return DOCUMENT
        return KINDS.get(attribute.annotation, NOTHING_ASKED)

    def nothing(self, attribute: PlannedAttribute, column: str) -> str:
        """SQL: whether a column holds nothing."""
        return f"{self.kind(attribute).text.format(column)} IS NULL"

    def compared(self, attribute: PlannedAttribute, column: str) -> str:
        """A column, as it is compared and ordered by."""
        raise NotImplementedError

    def literal(self, attribute: PlannedAttribute, text: str) -> str:
        """A value in SQL, of the column's own type."""
        raise NotImplementedError

    def folded(self, text: str) -> str:
        """A text in SQL without its case."""
        raise NotImplementedError

    def in_sql(self, attribute: PlannedAttribute, column: str) -> str:
        """SQL that makes of a column's value the SQL of that value."""
        raise NotImplementedError

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        raise NotImplementedError

    async def tried(self, sql: str) -> list[tuple[Any, ...]] | Refusal:
        """What a change gives back, or why there is none. Nothing of it is kept."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close the connection."""
        raise NotImplementedError


def _words(enum: EnumPlan) -> Kind:
    names = {word: name for name, word in enum.members}
    return Kind(names.__getitem__, lambda value: names.get(value, value))


def _list(item: object) -> Kind:
    return Kind(None, _there, is_ordered=False)


class PostgreSQL(Database):
    """PostgreSQL, by asyncpg."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    @classmethod
    async def at(cls, url: str) -> "PostgreSQL":
        """Connect."""
        connection = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(False))
        await connection.execute("SET timezone = 'UTC'; SET intervalstyle = 'iso_8601'; SET extra_float_digits = 1")
        return cls(connection)

    def compared(self, attribute: PlannedAttribute, column: str) -> str:
        return column

    def literal(self, attribute: PlannedAttribute, text: str) -> str:
        if attribute.annotation is bytes:
            return f"decode({text_of(text)}, 'base64')"
        if attribute.annotation is datetime:
            return f"CAST({text_of(f'{text}Z')} AS timestamptz)"
        if attribute.column.written.startswith("character("):
            return f"CAST({text_of(text)} AS bpchar)"
        # A type with a length would cut what it is given.
        return f"CAST({text_of(text)} AS {re.sub(r'[(][^)]*[)]', '', attribute.column.written)})"

    def folded(self, text: str) -> str:
        return f'lower(CAST({text} AS text) COLLATE "C.utf8")'

    def in_sql(self, attribute: PlannedAttribute, column: str) -> str:
        type_ = text_of(attribute.column.written)
        return f"'CAST(' || quote_nullable(CAST({column} AS text)) || ' AS ' || {type_} || ')'"

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self._connection.fetch(sql)]

    async def tried(self, sql: str) -> list[tuple[Any, ...]] | Refusal:
        change = self._connection.transaction()
        await change.start()
        try:
            return await self.rows(sql)
        except asyncpg.PostgresError as error:
            return Refusal(str(error))
        finally:
            await change.rollback()

    async def close(self) -> None:
        await self._connection.close()


def is_padded(attribute: PlannedAttribute) -> bool:
    """Whether blanks at the end are no part of a value."""
    return attribute.column.written.upper().startswith("CHAR(")


class SQLite(Database):
    """SQLite, by Python's own driver."""

    MOMENT = "replace(substr({0} || iif(instr({0}, '.'), '', '.') || '000000', 1, 26), ' ', 'T')"
    """SQLite's own functions of moments end at milliseconds."""
    TEXTS: Mapping[object, str] = {
        date: "date({})",
        LocalDateTime: MOMENT,
        datetime: MOMENT,
        dict: "NULLIF({}, 'null')",
        JSON: "NULLIF({}, 'null')",
    }

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.create_function("folded", 1, _folded, deterministic=True)

    @classmethod
    async def at(cls, url: str) -> "SQLite":
        """Open the file."""
        connection = sqlite3.connect(str(make_url(url).database), isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        return cls(connection)

    def kind(self, attribute: PlannedAttribute) -> Kind:
        found = super().kind(attribute)
        text = "rtrim({}, ' ')" if is_padded(attribute) else self.TEXTS.get(attribute.annotation, "{}")
        if attribute.annotation is bytes:
            return Kind(None, _there, "{}")
        if attribute.annotation is Decimal:
            return Kind(found.given, _about, text, is_summed=True, has_extremes=True, averaged=_about)
        if attribute.annotation is time:
            return NOTHING_ASKED
        return Kind(
            found.given,
            found.plain,
            text,
            found.is_ordered,
            found.is_text,
            found.is_summed,
            found.has_extremes,
            found.averaged,
        )

    def compared(self, attribute: PlannedAttribute, column: str) -> str:
        return column if is_padded(attribute) else self.kind(attribute).text.format(column)

    def literal(self, attribute: PlannedAttribute, text: str) -> str:
        is_number = attribute.annotation in (int, BigInt, float, Decimal, bool)
        return str(text) if is_number else text_of(str(text))

    def folded(self, text: str) -> str:
        return f"folded({text})"

    def in_sql(self, attribute: PlannedAttribute, column: str) -> str:
        return f"quote({column})"

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._connection.execute(sql)]

    async def tried(self, sql: str) -> list[tuple[Any, ...]] | Refusal:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            return await self.rows(sql)
        except sqlite3.Error as error:
            return Refusal(str(error))
        finally:
            self._connection.execute("ROLLBACK")

    async def close(self) -> None:
        self._connection.close()


def _folded(value: str | None) -> str | None:
    return None if value is None else "".join(letter.lower()[0] for letter in value)


async def opened(url: str) -> Database:
    """The database of a URL."""
    return await (SQLite.at(url) if url.startswith("sqlite") else PostgreSQL.at(url))


async def samples(database: Database, models: Sequence[PlannedModel]) -> Mapping[tuple[str, str], Sequence[str]]:
    """Some values that each column holds, by class and attribute."""
    found: dict[tuple[str, str], Sequence[str]] = {}
    for model in models:
        for attribute in model.attributes:
            kind = database.kind(attribute)
            if attribute.hidden or kind.given is None:
                continue
            value = kind.text.format(quoted(attribute.column.name))
            rows = await database.rows(f"SELECT DISTINCT {value} AS v FROM {table_of(model)} LIMIT 12")
            found[model.class_name, attribute.name] = [row[0] for row in rows if row[0] is not None]
    return found
