"""Statements that are kept, and the connection that runs them past SQLAlchemy.

A statement enters; it is compiled once, and rows as SQLAlchemy would make them leave. The SQL, the conversion of values
and the conversion of rows are SQLAlchemy's: only the work that it repeats for every execution is done once. Whose turn
it is, and how long a statement may take, is not known here. Why: docs/decisions/0009-statements-past-the-orm.md.
"""

from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self, TypeAlias, TypeVar

import asyncpg
from sqlalchemy import Connection, CursorResult, Dialect, Executable, Row, Select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

from db.driver_errors import raise_as_sqlalchemy
from db.engine import BEGIN, is_observed
from db.parking import Parked, Parking

BEGIN_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

Parameters = Mapping[str, Any]

Values = Sequence[Any]
"""A row, to be read by position: a `Row`, a tuple, or asyncpg's `Record`."""

Convert = Callable[[Any], Any]

T = TypeVar("T")
_End: TypeAlias = Callable[[T], Awaitable[None]]

STALE = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
"""What asyncpg raises when a table has changed under a statement that it knew."""


Statement: TypeAlias = Select[*tuple[Any, ...]]

Runnable: TypeAlias = Statement | UpdateBase


class Kept:
    """A statement to keep and to run many times, for as long as the process lives.

    `rows = await session.rows(Kept(select(…)), {"name": value})`. Its first run on PostgreSQL goes through SQLAlchemy
    and teaches what the server answers with; later runs need SQLAlchemy no more. Where a statement cannot be run
    that way (a list that expands into its SQL, execution options), every run goes through SQLAlchemy.

    INSERT, UPDATE and DELETE are kept too, with RETURNING or without, when they name every value that they write: what
    SQLAlchemy would make up (a default, a moment, a key) it makes up for every run.
    """

    __slots__ = ("_learnt", "form", "statement")

    def __init__(self, statement: Runnable) -> None:
        self.statement = statement
        self.form: Form | None = None
        """How to run it past SQLAlchemy; None as long as that is not known, or not possible."""
        self._learnt = False

    def learn(self, result: CursorResult[Any], dialect: Dialect) -> None:
        """Learn from a run that SQLAlchemy made on PostgreSQL. To be called before its rows are taken."""
        if not self._learnt and (not result.returns_rows or result.cursor is not None):
            self._learnt = True
            described = result.cursor.description if result.returns_rows else ()
            self.form = _form(self.statement, dialect, [column[1] for column in described])

    def forget(self) -> None:
        """Learn anew at the next run, because a table has changed."""
        self._learnt, self.form = False, None


class _Slot(NamedTuple):
    """One value of a statement: by which names it may be given, or what it is when it is not."""

    names: tuple[str, ...]
    required: bool
    default: Any
    convert: Convert | None

    def value(self, parameters: Mapping[str, Any]) -> Any:
        """The value as asyncpg takes it. Raises `LookupError` when it is needed and not given."""
        for name in self.names:
            if name in parameters:
                return parameters[name] if self.convert is None else self.convert(parameters[name])
        if self.required:
            raise LookupError
        return self.default


class Form(NamedTuple):
    """A statement as asyncpg takes it, and how its rows become what SQLAlchemy would return."""

    sql: str
    slots: tuple[_Slot, ...]
    fixed: frozenset[str]
    """Names of what has become part of the SQL: lists, mostly."""
    convert: Callable[[Iterable[Any]], list[Values]] | None
    """Make rows of records; None when the records are the rows."""

    def values(self, parameters: Mapping[str, Any]) -> list[Any] | None:
        """The values to run with, in the order of the statement's `$1`, `$2`.

        None when one is missing or does not fit: SQLAlchemy, given the same values, says so in its own words.
        """
        if not self.fixed.isdisjoint(parameters):
            return None
        try:
            return [slot.value(parameters) for slot in self.slots]
        except Exception:  # whatever a conversion raises
            return None


def _form(statement: Runnable, dialect: Dialect, type_codes: Sequence[Any]) -> Form | None:
    """How to run a statement whose columns come with these type codes; None if that is not possible."""
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    types = _types(statement)
    fixed = compiled.post_compile_params | compiled.literal_execute_params
    if (
        statement.get_execution_options()
        or any(parameter.callable for parameter in compiled.bind_names)
        or any(parameter.required for parameter in fixed)
        or compiled.insert_prefetch
        or compiled.update_prefetch
        or len(types) != len(type_codes)  # a text between the columns, and a key that nobody asked for, has no type
    ):
        return None
    # Lists that stand in the statement become part of the SQL; what will be given when it runs is None for now.
    expanded = compiled.construct_expanded_state({it.key: None for it in compiled.bind_names if it.required})
    made = {name: expanded.parameters[name] for name in expanded.positiontup or () if name not in compiled.binds}
    slots = [
        _made_slot(made[name], expanded.processors.get(name)) if name in made else _slot(name, compiled, dialect)
        for name in expanded.positiontup or ()
    ]
    converts = [
        type_.dialect_impl(dialect).result_processor(dialect, code)
        for type_, code in zip(types, type_codes, strict=True)
    ]
    names = {name for it in fixed for name in (it.key, compiled.bind_names[it])}
    names |= _written_by_name(statement).difference(compiled.binds)
    return Form(expanded.statement, tuple(slots), frozenset(names), _row_maker(converts))


def _types(statement: Runnable) -> list[TypeEngine[Any]]:
    """The types of the columns that a statement gives back."""
    if isinstance(statement, UpdateBase):
        return [column["type"] for column in statement.returning_column_descriptions]
    return [column.type for column in statement.selected_columns]


def _written_by_name(statement: Runnable) -> frozenset[str]:
    """The columns that would be written as well if a value of their name were given, which makes another statement."""
    return frozenset(statement.table.columns.keys()) if isinstance(statement, UpdateBase) else frozenset()


def _slot(name: str, compiled: SQLCompiler, dialect: Dialect) -> _Slot:
    parameter = compiled.binds[name]
    convert: Convert | None = parameter.type.dialect_impl(dialect).bind_processor(dialect)
    default = parameter.value if convert is None or parameter.required else convert(parameter.value)
    names = (parameter.key,) if parameter.key == name else (parameter.key, name)  # the compiler shortens long ones
    return _Slot(names, parameter.required, default, convert)


def _made_slot(value: Any, convert: Any) -> _Slot:
    return _Slot((), required=False, default=value if convert is None else convert(value), convert=None)


def _row_maker(converts: Sequence[Convert | None]) -> Callable[[Iterable[Any]], list[Values]] | None:
    """A function that converts the columns which need it.

    It is written for its columns: `[(v0, c1(v1), v2) for v0, v1, v2 in rows]` takes a quarter of the time of a loop
    over columns for one row, and two thirds for a thousand.
    """
    if not any(converts):
        return None
    names = "".join(f"v{index}, " for index in range(len(converts)))
    made = "".join(f"c{index}(v{index}), " if convert else f"v{index}, " for index, convert in enumerate(converts))
    known = {f"c{index}": convert for index, convert in enumerate(converts)}
    maker: Callable[[Iterable[Any]], list[Values]] = eval(f"lambda rows: [({made}) for {names} in rows]", known)
    return maker


class Connected:
    """A connection out of the pool, with two ways for a statement: through SQLAlchemy, and on PostgreSQL past it.

    Both meet in one transaction. A snapshot on PostgreSQL is begun and ended by us; SQLAlchemy, which joins it only
    when a statement needs it, is told that nothing is to be begun.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        pooled: PoolProxiedConnection,
        connection: AsyncConnection | None,
        parked: Parked | None = None,
    ) -> None:
        self.in_snapshot = False
        self.dialect = engine.dialect.name
        self._engine = engine
        self._pooled = pooled
        self._adapted: Any = pooled.dbapi_connection
        self._driver: Any = pooled.driver_connection if engine.dialect.name == "postgresql" else None
        self._connection = connection
        self._parked = parked
        self._joined = self._driver is None
        self._orm: AsyncSession | None = None
        self._passes: bool | None = None

    @classmethod
    async def to(cls, engine: AsyncEngine, parking: Parking) -> Self:
        """Take a connection of the engine, with as little work as possible."""
        if engine.dialect.name == "postgresql":
            parked = parking.take()
            if parked is not None:
                return cls(engine, parked.connection, None, parked)
        connection = await parking.connect(engine)
        return cls(engine, await connection.get_raw_connection(), connection)

    async def rows(self, statement: Executable, parameters: Parameters | None) -> Sequence[Row[Any]]:
        """Run a statement through SQLAlchemy."""
        connection = await self.through_sqlalchemy()
        return (await connection.execute(statement, parameters)).all()

    async def kept_rows(self, kept: Kept, parameters: Parameters | None) -> Sequence[Row[Any]] | Sequence[Values]:
        """Run a statement past SQLAlchemy if that is possible, else through it."""
        form = kept.form
        if form is not None and self._may_pass():
            values = form.values(parameters or {})
            if values is not None:
                try:
                    records: Sequence[Values] = await self._driver.fetch(form.sql, *values)
                except Exception as error:
                    if isinstance(error, STALE):
                        kept.forget()
                    raise_as_sqlalchemy(error, form.sql, self._adapted, self._engine.dialect)
                return records if form.convert is None else form.convert(records)
        connection = await self.through_sqlalchemy()
        result = await connection.execute(kept.statement, parameters)
        if self._driver is not None:
            kept.learn(result, connection.dialect)
        rows: Sequence[Row[Any]] = result.all() if result.returns_rows else ()
        return rows

    async def begin_snapshot(self) -> None:
        """Open one read-only view of the database, in one round trip."""
        await self._command(BEGIN_SNAPSHOT)
        self.in_snapshot = True

    async def begin_writing(self) -> "Transaction":
        """Open a transaction for changes; on SQLite, wait for the turn to write."""
        if self._driver is None:
            connection = await self.through_sqlalchemy()
            await connection.rollback()  # what reading began
            await connection.execution_options(**{BEGIN: "BEGIN IMMEDIATE"})
            await connection.begin()
        else:
            self._passes = self._may_pass()
            await self._command("BEGIN")
        return Transaction(self)

    async def commit(self) -> None:
        """End a transaction for changes, and keep them."""
        await self._end("COMMIT", AsyncSession.commit, AsyncConnection.commit)

    async def roll_back(self) -> None:
        """End a transaction for changes, and undo them."""
        await self._end("ROLLBACK", AsyncSession.rollback, AsyncConnection.rollback)

    async def _end(self, command: str, end_session: _End[AsyncSession], end: _End[AsyncConnection]) -> None:
        """Let the session flush or forget, then end the transaction, which on PostgreSQL only we know of."""
        if self._orm is not None:
            await end_session(self._orm)
            self._orm.expunge_all()
        if self._driver is not None:
            await self._command(command)
            self._passes = None
        else:
            connection = await self.through_sqlalchemy()
            await end(connection)
            await connection.execution_options(**{BEGIN: ""})

    def session(self) -> AsyncSession:
        """The `AsyncSession` on this connection; there is one, made when it is first asked for."""
        if self._orm is None:
            self._orm = AsyncSession(self._joining(), expire_on_commit=False, join_transaction_mode="control_fully")
        return self._orm

    def holds_changes(self) -> bool:
        """Whether the session holds what the database does not know."""
        orm = self._orm
        return orm is not None and bool(orm.new or orm.dirty or orm.deleted)

    async def through_sqlalchemy(self) -> AsyncConnection:
        """The connection, for statements that SQLAlchemy runs."""
        return self._joining()

    def _joining(self) -> AsyncConnection:
        connection = self._sqlalchemys()
        if not self._joined:  # asyncpg's adapter only takes note of it, so nothing is to be waited for
            assert connection.sync_connection is not None
            connection.sync_connection.execution_options(isolation_level="AUTOCOMMIT")
            self._joined = True
        return connection

    async def give_back(self, parking: Parking, loop: AbstractEventLoop) -> None:
        """End what is open and return the connection."""
        if self.in_snapshot:
            await self._command("COMMIT")
        if self._connection is None and self._parked is not None and parking.give(self._parked, loop):
            return
        if self._orm is not None:
            await self._orm.close()
        await self._sqlalchemys().close()

    async def discard(self) -> None:
        """Close the connection, whatever state it is in."""
        connection = self._sqlalchemys()
        if self._orm is not None:
            await self._orm.invalidate()
        if not connection.closed:
            if not connection.invalidated:
                await connection.invalidate()
            await connection.close()

    def _sqlalchemys(self) -> AsyncConnection:
        if self._connection is None:
            self._connection = AsyncConnection(self._engine, Connection(self._engine.sync_engine, self._pooled))
        return self._connection

    def _may_pass(self) -> bool:
        """Whether a statement may go past SQLAlchemy: nobody would miss it. A transaction for changes asks once."""
        if self._passes is not None:
            return self._passes
        return self._driver is not None and not is_observed(self._engine)

    async def _command(self, sql: str) -> None:
        """Send what frames statements; who listens to statements hears of it."""
        if not self._may_pass():
            connection = await self.through_sqlalchemy()
            await connection.exec_driver_sql(sql)
            return
        try:
            await self._driver.execute(sql)
        except Exception as error:
            raise_as_sqlalchemy(error, sql, self._adapted, self._engine.dialect)


class Transaction:
    """A transaction for changes, under way: entities through the `AsyncSession`, rows past it."""

    def __init__(self, connected: Connected) -> None:
        self._connected = connected
        self.dialect = connected.dialect

    @property
    def orm(self) -> AsyncSession:
        """The session, which takes part in this transaction from when it is first asked for."""
        return self._connected.session()

    async def flush(self) -> None:
        """Send what the session holds and the database does not know."""
        if self._connected.holds_changes():
            await self.orm.flush()

    async def rows(self, statement: Executable | Kept, parameters: Parameters | None = None) -> Sequence[Values]:
        """Run one statement and return its rows, which are read by position. What the session holds is flushed first.

        A kept statement goes past SQLAlchemy where it can.
        """
        if self._connected.holds_changes():
            await self.orm.flush()
        if isinstance(statement, Kept):
            return await self._connected.kept_rows(statement, parameters)
        return await self._connected.rows(statement, parameters)
