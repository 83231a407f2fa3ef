"""INSERT on MariaDB and MySQL where rows may be there already: by one key alone, and by no other rule.

A table, a key and changes enter, statements leave; a context of SQLAlchemy runs them. Neither INSERT IGNORE nor ON
DUPLICATE KEY UPDATE asks which key was taken, and RETURNING also gives rows that were left as they were. So a statement
that is not for every row carries a mark, by which what it did is read. Why: docs/decisions/0076-mariadb.md.
Sources: https://mariadb.com/kb/en/insert-ignore/, https://mariadb.com/kb/en/insert-on-duplicate-key-update/,
https://mariadb.com/kb/en/insertreturning/
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import (
    ClauseElement,
    Column,
    ColumnClause,
    ColumnElement,
    Executable,
    Index,
    Insert,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    and_,
    func,
)
from sqlalchemy import literal_column as sql
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.mysql.asyncmy import AsyncAdapt_asyncmy_ss_cursor
from sqlalchemy.dialects.mysql.base import MySQLExecutionContext
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler

from db.dialects.change_log import literal
from db.dialects.interface import Changes
from db.relations import Expression

MISSING = "trellis_missing"
"""Execution option of an INSERT that leaves rows out: the names of the keys by which it may, or None for all."""
UPSERT = "trellis_upsert"
"""Execution option of an INSERT that does not change every row that is there: an `Upsert`."""
LOCKS = "trellis_locks"
"""In the `info` of a connection: whether it holds named locks."""

APPLIES, REFUSED, OTHER = "@trellis_applies", "@trellis_refused", "@trellis_other"
"""Variables of a session: whether the changes are for the row at hand, the key of the last row that they are not for,
and whether a row has broken another rule than that of the key."""

LOCK_WAIT_S = 86_400
BROKEN, UNFIT = "23000", "22000"
"""States of errors: a rule is broken; a value does not fit."""
SENT = frozenset({type(None), str, int, float, bool, Decimal, date, datetime, time, timedelta})
"""What the driver writes right where a backslash is a letter. Bytes are digits: see `db.dialects.mariadb_types`."""
DUPLICATE = 1062
PRIMARY = "PRIMARY"
"""What every primary key is called."""


class Upsert(NamedTuple):
    """What must be known of an upsert to read what it did."""

    mark: str
    """SQL that tells rows as they are by their primary keys."""
    other: str
    """The other key of the table, if there is but one; else empty."""


class InterdependentChanges(ValueError):
    """Changes read one another's columns, and this database makes one after the other."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(
            f"The changes of {', '.join(names)} read one another; on this database each sees those before it. Compute"
            " all but one of them from columns that stay, or from new values."
        )


def insert_missing(table: Table, key: Sequence[str]) -> Insert:
    """INSERT IGNORE, of which every other complaint is an error after all."""
    allowed = frozenset(keys_named(table, key)) if key else None
    return mysql.insert(table).prefix_with("IGNORE").execution_options(**{MISSING: (allowed,)})


def upsert(table: Table, key: Sequence[Expression], changes: Changes, where: ColumnElement[bool] | None) -> Insert:
    """INSERT … ON DUPLICATE KEY UPDATE, which changes a row that has the key, and of which `where` holds."""
    statement = mysql.insert(table)
    names = [str(getattr(column, "key", column)) for column in key]
    others = [name for name in _all_keys(table) if name not in keys_named(table, names)]
    ordered = [(name, _of(statement, value)) for name, value in _in_order(table, changes)]
    if where is None and not others:
        return statement.on_duplicate_key_update(ordered)
    is_same: ColumnElement[bool] = and_(
        *(table.c[name].is_not_distinct_from(statement.inserted[name]) for name in names)
    )
    mark = _mark(table)
    applies = is_same if where is None else and_(is_same, _of(statement, where))
    refused = func.if_(is_same, func.if_(sql(f"({REFUSED} := {mark})").is_(None), 0, 0), sql(f"({OTHER} := 1) * 0"))
    first = sql(APPLIES).op(":=")(func.if_(applies, 1, refused))
    kept: dict[str, Any] = {}
    for name, value in ordered:
        condition: Expression = sql(APPLIES) if kept else first.self_group()
        kept[name] = func.if_(condition, value, table.c[name])
    # A number that the database gives is never taken.
    named = [name for name in others if name != PRIMARY or table.autoincrement_column is None]
    told = Upsert(mark, named[0] if len(named) == 1 else "")
    return statement.on_duplicate_key_update([*kept.items()]).execution_options(**{UPSERT: told})


def _of(statement: mysql.Insert, value: Any) -> Any:
    """A value over the new values of a statement; callers have those of another one."""

    def renamed(element: Any, **_: Any) -> Any:
        is_new = isinstance(element, ColumnClause) and getattr(element.table, "name", None) == "inserted"
        return statement.inserted[element.key] if is_new else None

    return visitors.replacement_traverse(value, {}, renamed) if isinstance(value, ClauseElement) else value


def returned_mark(options: Mapping[str, Any]) -> str:
    """What a RETURNING asks besides, of a statement with such options; empty for others."""
    told: Upsert | None = options.get(UPSERT)
    if told is None:
        return ""
    return f", CASE WHEN {OTHER} THEN 2 WHEN {told.mark} <=> {REFUSED} THEN 1 ELSE 0 END AS trellis_refused"


class StreamOfRows(AsyncAdapt_asyncmy_ss_cursor):
    """A cursor for streams, over all rows."""

    __slots__ = ()

    def _make_new_cursor(self, connection: Any) -> Any:
        return connection.cursor()


class MariaDBContext(MySQLExecutionContext):
    """Runs a statement, and reads what it did."""

    def create_server_side_cursor(self) -> Any:
        """A stream whose rows have come already: else the connection would take no statement until its end."""
        adapted: Any = self._dbapi_connection.dbapi_connection
        return StreamOfRows(adapted)

    def pre_exec(self) -> None:
        """Forget what an earlier statement has said."""
        if self.execution_options.get(UPSERT) is not None:
            self._ask(f"SET {REFUSED} = NULL, {OTHER} = NULL")
        _refuse_the_unknown(self.parameters)
        super().pre_exec()  # type: ignore[no-untyped-call]  # as SQLAlchemy has it

    def post_exec(self) -> None:
        """Raise what INSERT IGNORE has swallowed, and leave out rows that were not changed."""
        super().post_exec()
        if self.compiled is not None and isinstance(self.compiled.statement, LockName):
            self.root_connection.info[LOCKS] = True
        missing, told = self.execution_options.get(MISSING), self.execution_options.get(UPSERT)
        if missing is not None:
            self._raise_the_rest(*missing)
        if told is None:
            return
        if self._has_rows and not self._insertmanyvalues_rows:
            rows = self.fetchall_for_returning(self.cursor)
            told_of = [*self.cursor.description][:-1]
            self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(self.cursor, told_of, rows)
        elif not self._has_rows and self._ask(f"SELECT {OTHER}")[0][0]:
            self._raise_other(told)

    def fetchall_for_returning(self, cursor: Any) -> Any:
        """The rows that were changed or added, without the mark."""
        rows, told = cursor.fetchall(), self.execution_options.get(UPSERT)
        if self.execution_options.get(MISSING) is not None:
            self._raise_the_rest(*self.execution_options[MISSING])
        if told is None:
            return rows
        if any(row[-1] == 2 for row in rows):
            self._raise_other(told)
        return [tuple(row[:-1]) for row in rows if not row[-1]]

    @property
    def _has_rows(self) -> bool:
        return bool(getattr(self.compiled, "effective_returning", None))

    def _raise_the_rest(self, allowed: frozenset[str] | None) -> None:
        dbapi: Any = self.dialect.dbapi
        for _, number, said in self._ask("SHOW WARNINGS"):
            if number != DUPLICATE:
                kind, state = (dbapi.IntegrityError, BROKEN) if number in _OF_KEYS else (dbapi.DataError, UNFIT)
                raise _as_reported(kind(number, said), state)
            name = said.rpartition(" for key ")[2].strip("'").rpartition(".")[2]
            if allowed is not None and name not in allowed:
                raise _as_reported(dbapi.IntegrityError(number, said), BROKEN)

    def _raise_other(self, told: Upsert) -> None:
        dbapi: Any = self.dialect.dbapi
        said = f"Duplicate entry '' for key '{told.other}'"
        raise _as_reported(dbapi.IntegrityError(DUPLICATE, said), BROKEN)

    def _ask(self, statement: str) -> Sequence[Any]:
        cursor = self._dbapi_connection.cursor()
        cursor.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
        cursor.close()
        return list(rows)


def _as_reported(error: Any, state: str) -> Any:
    """An error as the server would have reported it, which leaves the connection as it is."""
    error.sqlstate = state
    return error


def _refuse_the_unknown(parameters: Any) -> None:
    """Let nothing through for which the driver would write a backslash: it takes that for an escape."""
    for row in parameters:
        for value in row.values() if isinstance(row, dict) else row:
            if type(value) not in SENT and not isinstance(value, str):
                kind = type(value).__name__
                raise TypeError(f"A {kind} cannot be sent to this database as it is; give its column a type that can.")


_OF_KEYS = frozenset({1048, 1364, 1452, 3819, 4025})
"""Complaints about null, foreign keys and CHECKs."""


def _mark(table: Table) -> str:
    preparer = mysql.dialect().identifier_preparer
    named = (f"HEX({preparer.quote(table.name)}.{preparer.quote(column.name)})" for column in table.primary_key)
    return f"CONCAT_WS('/', {', '.join(named)})"


def keys_named(table: Table, key: Sequence[str]) -> list[str]:
    """The names of the unique keys over these columns."""
    wanted = frozenset(key)
    return [name for name, columns in _all_keys(table).items() if columns == wanted]


def _all_keys(table: Table) -> dict[str, frozenset[str]]:
    """The columns of each unique key, by its name."""
    keys: dict[str, frozenset[str]] = {}
    found: list[UniqueConstraint | PrimaryKeyConstraint | Index] = [
        *(it for it in table.constraints if isinstance(it, UniqueConstraint | PrimaryKeyConstraint)),
        *(it for it in table.indexes if it.unique),
    ]
    for it in found:
        columns = frozenset(column.key for column in it.columns)
        if columns:
            keys[PRIMARY if isinstance(it, PrimaryKeyConstraint) else str(it.name or next(iter(columns)))] = columns
    return keys


def _in_order(table: Table, changes: Changes) -> Iterator[tuple[str, Any]]:
    """The changes, each before those of the columns that it reads."""
    left = {str(getattr(column, "key", column)): value for column, value in changes.items()}
    reads = {name: _read(table, value) & left.keys() - {name} for name, value in left.items()}
    while left:
        name = next((it for it in left if not any(it in reads[other] for other in left if other != it)), None)
        if name is None:
            raise InterdependentChanges(left)
        yield name, left.pop(name)


def _read(table: Table, value: Any) -> set[str]:
    """The columns of the row that is there which a value is computed of."""
    if not isinstance(value, ColumnElement):
        return set()
    return {it.key for it in visitors.iterate(value) if isinstance(it, Column) and it.table is table}


class LockName(Executable, ClauseElement):
    """A named lock for a table, which ends with the use of the connection: see `release_locks`."""

    inherit_cache = False

    def __init__(self, table: str) -> None:
        self.table = table


@compiles(LockName)
def _lock_sql(lock: LockName, compiler: SQLCompiler, **_: Any) -> str:
    # The server's limit of time for a statement ends it sooner.
    return f"SELECT GET_LOCK(SHA1(CONCAT_WS('/', 'trellis', DATABASE(), {literal(lock.table)})), {LOCK_WAIT_S})"
