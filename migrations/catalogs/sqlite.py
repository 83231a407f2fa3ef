"""SQLite's words: the statements that made its tables, token by token.

SQLite keeps every CREATE statement as it was written, and ALTER TABLE writes into it. What the models want is the
statement that SQLAlchemy would send. Nothing is executed here but a look into `sqlite_schema`.

Source: https://www.sqlite.org/lang_createtable.html
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Connection,
    Constraint,
    Index,
    MetaData,
    Table,
    create_mock_engine,
    text,
)
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.elements import conv

from migrations.catalogs.interface import ColumnWords, TableWords
from migrations.catalogs.sql import Tokens, after, bare, closing, escaped, split, text_of, tokens

CONSTRAINTS = ("constraint", "primary", "unique", "check", "foreign")
"""What begins a constraint where a column might stand."""
OF_COLUMNS = (
    "constraint",
    "primary",
    "not",
    "null",
    "unique",
    "check",
    "default",
    "collate",
    "references",
    "generated",
    "as",
)
"""What ends the type of a column."""


class SQLiteCatalog:
    """The catalog of SQLite. One type may be written in many ways: which are the same, alembic knows."""

    canonical_types = False
    has_identities = False

    def __init__(self, connection: Connection, models: MetaData) -> None:
        self._connection = connection
        self._models = models

    def held(self, table: str, schema: str | None) -> TableWords:
        """A table, from its statements in `sqlite_schema`."""
        return described([sql for name, sql in self._kept if name.lower() == table.lower()])

    def wanted(self, table: str, schema: str | None) -> TableWords:
        """A table, from the statements that would make it."""
        return self._statements.get(table, TableWords())

    def enumerations(self, *, wanted: bool) -> Mapping[str, Sequence[str]]:
        """None: they are texts."""
        return {}

    def sequences(self, *, wanted: bool) -> Mapping[str, str]:
        """None: there is no such thing."""
        return {}

    def index(self, name: str, words: str, table: Table) -> Index:
        """An index with what SQLAlchemy does not read: expressions, and the order of columns."""
        return index_of(name, words, table)

    def constraint(self, name: str, words: str, table: Table) -> Constraint:
        """A constraint; all but CHECK as SQLAlchemy has read it."""
        parts = tokens(words)
        if parts[0] == "check":
            return CheckConstraint(text(escaped(text_of(bare(parts[1:])))), name=conv(name))
        return next(constraint for constraint in table.constraints if constraint.name == name)

    @cached_property
    def _kept(self) -> list[tuple[str, str]]:
        found = self._connection.execute(
            text("SELECT tbl_name, sql FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL")
        )
        return [(row.tbl_name, row.sql) for row in found]

    @cached_property
    def _statements(self) -> dict[str, TableWords]:
        return {table.name: described(statements_of(table)) for table in self._models.tables.values()}


def statements_of(table: Table) -> list[str]:
    """The statements that make a table with its indexes."""
    sent: list[str] = []

    def send(statement: ExecutableDDLElement, *_: Any) -> None:
        sent.append(str(statement.compile(dialect=engine.dialect)))

    engine = create_mock_engine("sqlite://", send)
    table.create(engine, checkfirst=False)
    return sent


def described(statements: list[str]) -> TableWords:
    """What statements say that make one table and its indexes."""
    parsed = [tokens(statement) for statement in statements]
    indexes = dict(_index(parts) for parts in parsed if "index" in parts[1:3])
    for parts in parsed:
        if parts[1] == "table":
            opening = next(place for place, part in enumerate(parts) if part == "(")
            items = list(split(parts[opening + 1 : closing(parts, opening)]))
            columns = [item for item in items if item[0] not in CONSTRAINTS]
            constraints = dict(found for item in items for found in _constraints(item))
            return TableWords({item[0].name: _column(item) for item in columns}, constraints, indexes)
    return TableWords(indexes=indexes)


def _index(parts: Tokens) -> tuple[str, str]:
    place = parts.index("on")
    what = ["unique"] if parts[1] == "unique" else []
    return parts[place - 1].name, text_of([*what, *(part for part in parts[place + 2 :] if part != "asc")])


def _constraints(item: Tokens) -> Iterator[tuple[str, str]]:
    """The named constraints of a column or of a table, without references."""
    for place, part in enumerate(item[:-2]):
        if part == "constraint" and item[place + 2] in ("check", "unique", "primary"):
            words = item[place + 2 :]
            if "(" in words:
                opening = words.index("(")
                inside = bare(words[opening : closing(words, opening) + 1])
                yield item[place + 1].name, text_of([*words[:opening], "(", *inside, ")"])


def _column(item: Tokens) -> ColumnWords:
    end = next((place for place, part in enumerate(item) if place and part in OF_COLUMNS), len(item))
    return ColumnWords(text_of(item[1:end]), _collation(item[end:]), _default(item[end:]), _generated(item[end:]))


def _collation(rest: Tokens) -> str | None:
    found = after(rest, "collate")
    return found[0].name if found else None


def _default(rest: Tokens) -> str | None:
    value = after(rest, "default")
    if value is None:
        return None
    end = closing(value, 0) + 1 if value[0] == "(" else 2 if value[0] in ("-", "+") else 1
    return text_of(bare(value[:end]))


def _generated(rest: Tokens) -> str | None:
    value = after(rest, "as")
    if value is None:
        return None
    end = closing(value, 0)
    return text_of([*bare(value[: end + 1]), "stored" if "stored" in value[end:] else "virtual"])


def index_of(name: str, words: str, table: Table) -> Index:
    """An index of these words."""
    parts = tokens(words)
    unique, parts = parts[0] == "unique", parts[1:] if parts[0] == "unique" else parts
    end = closing(parts, 0)
    where = text_of(parts[end + 2 :])
    options: dict[str, Any] = {"sqlite_where": text(escaped(escaped(where)))} if where else {}
    named = {column.name.lower(): column for column in table.columns}
    expressions: list[Any] = [
        named[part[0].name.lower()]
        if len(part) == 1 and part[0].name.lower() in named
        else text(escaped(text_of(part)))
        for part in split(parts[1:end])
    ]
    return Index(conv(name), *expressions, unique=unique, _table=table, **options)
