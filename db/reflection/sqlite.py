"""Reads SQLite: what its PRAGMAs say of each table; the types as SQLAlchemy has them.

A connection enters, a `Catalog` leaves. SQLite keeps no comments, but the text of each CREATE: comments inside of that
are the table's. Virtual tables, those behind them, and views that cannot be read are left out. While it is read, the
connection cannot write.

Sources: https://www.sqlite.org/pragma.html, https://www.sqlite.org/datatype3.html, https://www.sqlite.org/quirks.html
"""

import re
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Row, inspect, text
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.exc import SQLAlchemyError

from db.reflection.catalog import (
    Catalog,
    FoundCheck,
    FoundColumn,
    FoundForeignKey,
    FoundIndex,
    FoundKey,
    FoundTable,
    Generated,
    Kind,
    LeftOut,
    Name,
)
from db.reflection.chosen import Chosen, UnknownSchema
from db.reflection.comments import has_directives
from db.reflection.sqlite_values import says_nothing, types_by_values
from db.relations import ColumnType

SCHEMA = "main"
KINDS = {"table": Kind.TABLE, "view": Kind.VIEW}
NO_ACTION = "NO ACTION"

_TABLES = """
    SELECT list.name, list.type AS kind, list.wr AS without_rowid, sql
    FROM pragma_table_list AS list LEFT JOIN sqlite_schema AS made ON made.name = list.name
        AND made.type IN ('table', 'view')
    WHERE list.schema = 'main' AND list.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY list.name
"""
_COLUMNS = """
    SELECT name, type AS written, "notnull" AS never_null, dflt_value AS "default", pk AS place, hidden
    FROM pragma_table_xinfo(:table) WHERE hidden <> 1 ORDER BY cid
"""
_OF_TABLES = (
    "FROM pragma_table_list AS list JOIN {0}(list.name) AS {1} WHERE list.schema = 'main' AND list.type = 'table'"
)
_FOREIGN_KEYS = f"""
    SELECT list.name AS "table", part.id, part."table" AS target, part."from" AS "column", part."to" AS target_column,
        part.on_update, part.on_delete
    {_OF_TABLES.format("pragma_foreign_key_list", "part")} ORDER BY list.name, part.id DESC, part.seq
"""
_INDEXES = """
    SELECT list.name AS "table", kind.name, kind."unique" AS is_unique, kind.origin, part.name AS "column",
        part.cid = -1 AS of_rowid, sql
    FROM pragma_table_list AS list JOIN pragma_index_list(list.name) AS kind JOIN pragma_index_info(kind.name) AS part
        LEFT JOIN sqlite_schema AS made ON made.type = 'index' AND made.name = kind.name
    WHERE list.schema = 'main' AND list.type = 'table' ORDER BY list.name, kind.seq DESC, part.seqno
"""
_WHERE = re.compile(r"\)\s*WHERE\s+(.*)", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|\[[^\]]*\]|(--[^\n]*)|/\*(.*?)\*/", re.DOTALL)


def read_sqlite(connection: Connection, chosen: Chosen) -> Catalog:
    """What a database of SQLite holds. Raises `UnknownSchema`."""
    for name in chosen.schemas:
        if name != SCHEMA:
            raise UnknownSchema(name, [SCHEMA])
    with _unwritten(connection):
        return _Reading(connection, chosen).catalog()


@contextmanager
def _unwritten(connection: Connection) -> Iterator[None]:
    """Refuse every change for a while."""
    before = connection.scalar(text("PRAGMA query_only"))
    connection.execute(text("PRAGMA query_only = ON"))
    try:
        yield
    finally:
        connection.execute(text(f"PRAGMA query_only = {int(before or 0)}"))


class _Reading:
    """One reading of a file."""

    def __init__(self, connection: Connection, chosen: Chosen) -> None:
        self._connection = connection
        self._inspector: Inspector = inspect(connection)
        self._chosen = chosen
        self._left_out: list[LeftOut] = []

    def catalog(self) -> Catalog:
        """All that is chosen."""
        rows = [row for row in self._rows(_TABLES) if self._is_wanted(row)]
        foreign_keys, indexes = self._grouped(_FOREIGN_KEYS), self._grouped(_INDEXES)
        tables = [self._table(row, foreign_keys[row.name], indexes[row.name]) for row in rows]
        found = [table for table in tables if table is not None]
        return Catalog(dialect=self._connection.dialect.name, tables=found, left_out=self._left_out)

    def _rows(self, statement: str, **parameters: str) -> Sequence[Row[Any]]:
        return self._connection.execute(text(statement), parameters).all()

    def _grouped(self, statement: str) -> Mapping[str, list[Row[Any]]]:
        found: defaultdict[str, list[Row[Any]]] = defaultdict(list)
        for row in self._rows(statement):
            found[row.table].append(row)
        return found

    def _is_wanted(self, row: Row[Any]) -> bool:
        if row.kind == "shadow" or not self._chosen.takes(Name(None, row.name), SCHEMA):
            return False
        if row.kind not in KINDS:
            self._left_out.append(
                LeftOut(f"table {row.name}", f"It is a {row.kind} table, which has rules of its own.")
            )
        return row.kind in KINDS

    def _table(self, row: Row[Any], foreign_keys: Sequence[Row[Any]], indexes: Sequence[Row[Any]]) -> FoundTable | None:
        kind = KINDS[row.kind]
        try:
            columns = self._rows(_COLUMNS, table=row.name)
            described = self._described(row.name)
            unsaid = [column.name for column in columns if says_nothing(column.written)]
            types = types_by_values(self._connection, row.name, unsaid)
        except SQLAlchemyError as error:  # a view of what is no longer there
            why = f"It cannot be read: {getattr(error, 'orig', None) or error}."
            self._left_out.append(LeftOut(f"{kind} {row.name}", why))
            return None
        key = [column.name for column in sorted(columns, key=lambda column: column.place) if column.place]
        counted = _counted(columns, without_rowid=bool(row.without_rowid), indexes=indexes)
        found = [
            _column(each, described[each.name], types.get(each.name), is_counted=each.name == counted)
            for each in columns
        ]
        nullable = {column.name for column in found if column.nullable}
        keys, made = _indexes(indexes)
        keys += [FoundKey(_whole(each.columns)) for each in made if _is_whole(each)]
        return FoundTable(
            name=Name(None, row.name),
            kind=kind,
            columns=found,
            key=FoundKey(tuple(key)) if key else None,
            unique=[each for each in keys if nullable.isdisjoint(each.columns)],
            nullable_unique=[each for each in keys if not nullable.isdisjoint(each.columns)],
            foreign_keys=_foreign_keys(foreign_keys),
            indexes=made,
            checks=self._checks(row.name) if kind is Kind.TABLE else [],
            comment=_comment(row.sql),
            has_collations="COLLATE" in (row.sql or "").upper(),
        )

    def _described(self, table: str) -> Mapping[str, ReflectedColumn]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of types with more arguments than SQLAlchemy takes
            return {column["name"]: column for column in self._inspector.get_columns(table)}

    def _checks(self, table: str) -> Sequence[FoundCheck]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of CHECKs that SQLAlchemy does not understand
            found = self._inspector.get_check_constraints(table)
        return [FoundCheck(each["name"], each["sqltext"]) for each in found]


def _counted(columns: Sequence[Row[Any]], *, without_rowid: bool, indexes: Sequence[Row[Any]]) -> str | None:
    """The column that is the rowid: INTEGER PRIMARY KEY, unless an index stands behind that (INTEGER … DESC)."""
    key = [column for column in columns if column.place]
    if without_rowid or len(key) != 1 or key[0].written.upper() != "INTEGER":
        return None
    return None if any(index.origin == "pk" for index in indexes) else str(key[0].name)


VIRTUAL = 2
"""Of `hidden`: a computed column whose values are not kept. Source: https://www.sqlite.org/pragma.html#pragma_table_xinfo"""


def _column(
    row: Row[Any], described: ReflectedColumn, by_values: ColumnType | None, *, is_counted: bool
) -> FoundColumn:
    computed = described.get("computed")
    generated = Generated.COMPUTED if row.hidden else Generated.IDENTITY_BY_DEFAULT if is_counted else None
    return FoundColumn(
        name=row.name,
        type=described["type"] if by_values is None else by_values,
        written=row.written,
        by_values=by_values is not None,
        nullable=not (row.never_null or is_counted),
        generated=generated,
        default=None if row.hidden else row.default,
        computed=computed["sqltext"] if computed is not None and row.hidden else None,
        stored=row.hidden != VIRTUAL,
    )


def _foreign_keys(rows: Sequence[Row[Any]]) -> Sequence[FoundForeignKey]:
    """Without target columns where the primary key of the target is meant."""
    found: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.id].append(row)
    return [
        FoundForeignKey(
            columns=tuple(part.column for part in parts),
            target=Name(None, parts[0].target),
            target_columns=tuple(part.target_column for part in parts if part.target_column is not None),
            on_delete=None if parts[0].on_delete == NO_ACTION else parts[0].on_delete,
            on_update=None if parts[0].on_update == NO_ACTION else parts[0].on_update,
            certain=False,
        )
        for parts in found.values()
    ]


def _indexes(rows: Sequence[Row[Any]]) -> tuple[list[FoundKey], list[FoundIndex]]:
    """Unique constraints, and the indexes that were made by themselves."""
    found: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.name].append(row)
    keys = [FoundKey(_whole([part.column for part in parts])) for parts in found.values() if parts[0].origin == "u"]
    return keys, [_index(name, parts) for name, parts in found.items() if parts[0].origin == "c"]


def _index(name: str, parts: Sequence[Row[Any]]) -> FoundIndex:
    where = _WHERE.search(parts[0].sql or "")
    return FoundIndex(
        name=name,
        columns=tuple(part.column for part in parts),
        unique=bool(parts[0].is_unique),
        where=where.group(1).strip() if where else None,
    )


def _is_whole(index: FoundIndex) -> bool:
    return index.unique and index.where is None and None not in index.columns


def _whole(columns: Sequence[str | None]) -> Sequence[str]:
    return tuple(column for column in columns if column is not None)


def _comment(sql: str | None) -> str | None:
    """The comments inside of a CREATE that have directives. Others speak of a line, and nobody can tell of which."""
    found = (match.group(1) or match.group(2) for match in _TOKEN.finditer(sql or "") if match.lastindex)
    return "\n".join(part.lstrip("-").strip() for part in found if has_directives(part)) or None
