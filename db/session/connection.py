"""A connection out of the pool, with two ways for a statement, and a transaction for changes on it.

Whose turn it is, and how long a statement may take, is not known here.
Why: docs/decisions/0009-statements-past-the-orm.md.
"""

from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self, TypeAlias, TypeVar

import asyncpg
from sqlalchemy import Connection, Executable, Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.pool import PoolProxiedConnection

from db.fast.compiled import CompiledStatement, Parameters, Values
from db.fast.driver_errors import raise_as_sqlalchemy
from db.fast.idle_connections import IdleConnection, IdleConnections
from db.session.engines import BEGIN, is_observed

BEGIN_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

T = TypeVar("T")
_End: TypeAlias = Callable[[T], Awaitable[None]]

STALE = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
"""What asyncpg raises when a table has changed under a statement that it knew."""


class DatabaseConnection:
    """A connection out of the pool, with two ways for a statement: through SQLAlchemy, and on PostgreSQL past it.

    Both meet in one transaction. A snapshot on PostgreSQL is begun and ended by us; SQLAlchemy, which joins it only
    when a statement needs it, is told that nothing is to be begun.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        pooled: PoolProxiedConnection,
        connection: AsyncConnection | None,
        parked: IdleConnection | None = None,
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
    async def to(cls, engine: AsyncEngine, parking: IdleConnections) -> Self:
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

    async def kept_rows(
        self, kept: CompiledStatement, parameters: Parameters | None
    ) -> Sequence[Row[Any]] | Sequence[Values]:
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

    async def give_back(self, parking: IdleConnections, loop: AbstractEventLoop) -> None:
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

    def __init__(self, connected: DatabaseConnection) -> None:
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

    async def rows(
        self, statement: Executable | CompiledStatement, parameters: Parameters | None = None
    ) -> Sequence[Values]:
        """Run one statement and return its rows, which are read by position. What the session holds is flushed first.

        A kept statement goes past SQLAlchemy where it can.
        """
        if self._connected.holds_changes():
            await self.orm.flush()
        if isinstance(statement, CompiledStatement):
            return await self._connected.kept_rows(statement, parameters)
        return await self._connected.rows(statement, parameters)
