"""One connection out of the pool: how it is taken and given back, and what begins and ends on it.

Statements and the texts that frame transactions enter, rows leave. SQLAlchemy and the fast path meet in one transaction
that neither of them has begun. Whose turn it is, and how long a statement may take, is not known here.
Why: docs/decisions/0009-statements-past-the-orm.md.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Executable, Row, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.dml import UpdateBase

from db.dialects.connections import ConnectionsDialect
from db.dialects.errors import Outage
from db.fast import (
    CombinedStatement,
    CompiledStatement,
    FastConnection,
    IdleConnections,
    Parameters,
    TracedConnection,
    Values,
)
from db.fast.fast_connection import is_observed
from db.session.doubt import Doubt
from db.session.errors import ChangeUndone, ReadOnlyOperation, Unreachable, told
from db.session.under_way import UnderWay
from db.session.value_by_value import value_by_value
from db.session.waits import Waits
from db.trace import StatementTrace

logger = logging.getLogger("trellis")

NOTHING: Mapping[str, Any] = {}

GONE = (Outage.LOST, Outage.STOPPING)
"""What becomes of a connection that another one may replace."""


class Source(NamedTuple):
    """Where connections come from: an engine on which SQLAlchemy begins nothing, and the fast path beside it."""

    engine: AsyncEngine
    idle: IdleConnections | None
    """None: everything goes through SQLAlchemy."""
    dialect: ConnectionsDialect
    name: str
    """`primary`, `replica 1` and so on."""
    doubt: Doubt
    """Which of its connections are to be tried before they are used."""
    under_way: UnderWay | None
    """Of a replica that may fall silent; None of the others."""
    waits: Waits
    """How long its connections were waited for."""


class _Tracing(NamedTuple):
    """A connection under a trace."""

    trace: StatementTrace
    fast: FastConnection | None
    """The fast connection itself, for whoever comes next."""
    stops: Sequence[Callable[[], None]]
    """Leave the driver as it was."""


class DatabaseConnection:
    """A connection with two ways for a statement: through SQLAlchemy, and past it where that is possible."""

    __slots__ = (
        "_connection",
        "_fast",
        "_source",
        "_tracing",
        "changing",
        "in_snapshot",
        "is_demoted",
        "met_unreadable",
    )

    def __init__(self, source: Source, fast: FastConnection | None, connection: AsyncConnection | None) -> None:
        self.in_snapshot = False
        self.changing = False
        """Whether a transaction for changes is open."""
        self.is_demoted = False
        """Whether its server was a primary, and takes changes no more."""
        self.met_unreadable = False
        """Whether rows were read in which an `Unreadable` stands for a value."""
        self._source = source
        self._fast = fast
        self._connection = connection
        self._tracing: _Tracing | None = None

    def trace(self, trace: StatementTrace) -> None:
        """Note every statement from now on, until the connection is given back."""
        name = self._source.name
        dialect = self._source.dialect
        stops = [dialect.listen_to_driver(self._driver, lambda sql, ms: trace.overhear(sql, ms, name))]
        if trace.remark:
            stops.append(dialect.keep_none_prepared(self._pooled.dbapi_connection))
        self._tracing = _Tracing(trace, self._fast, stops)
        if self._fast is not None:
            self._fast = TracedConnection(self._fast, trace, name)
        if self._connection is not None:
            trace.listen(self._connection, name)

    async def fetch(
        self, statement: CompiledStatement, parameters: Parameters | None = None
    ) -> Sequence[Row[Any]] | Sequence[Values]:
        """The rows of a compiled statement, to be read by position. Raises `ReadOnlyOperation` for a change in none."""
        if statement.changes and not self.changing:
            raise ReadOnlyOperation
        fast = self._fast
        try:
            if fast is not None:
                rows = await fast.fetch(statement, parameters or NOTHING)
                if rows is not None:
                    return rows
            connection = self.sqlalchemy
            result = await connection.execute(statement.statement, parameters)
            if fast is not None:
                statement.learn(result, connection.dialect)
            return result.all() if result.returns_rows else ()
        except Exception as error:
            return await self._read_again(statement.statement, parameters, error)

    async def fetch_combined(self, statement: CombinedStatement, values: Sequence[Any]) -> Values | None:
        """The one row of a combined statement; None where it cannot be sent past SQLAlchemy."""
        return None if self._fast is None else await self._fast.fetch_combined(statement, values)

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Row[Any]]:
        """The rows of a statement that SQLAlchemy runs. Raises as `fetch` does."""
        if not self.changing and isinstance(statement, UpdateBase):
            raise ReadOnlyOperation
        try:
            return (await self.sqlalchemy.execute(statement, parameters)).all()
        except Exception as error:
            return await self._read_again(statement, parameters, error)

    def note_failure(self, error: Exception) -> None:
        """Let the trace know, if there is one, that a statement has failed."""
        if self._tracing is not None:
            self._tracing.trace.failed(error)

    async def _read_again(
        self, statement: Executable, parameters: Parameters | None, error: Exception
    ) -> Sequence[Row[Any]]:
        """The rows of a statement again, with an `Unreadable` for each value that could not be read.

        Raises the error unless that was what went wrong.
        """
        self.note_failure(error)
        if not isinstance(statement, Select) or not self._source.dialect.could_not_read(error):
            raise told(error)
        logger.warning("%s: a statement is run again and read value by value", type(error).__name__)
        connection = self.sqlalchemy
        try:
            result = await connection.execute(value_by_value(statement, connection.dialect), parameters)
            rows: Sequence[Row[Any]] = result.all()
        except Exception as again:  # whatever it is, the first error says more
            raise error from again
        self.met_unreadable = True
        return rows

    @property
    def _driver(self) -> Any:
        """The driver's own connection."""
        return self._fast.driver if self._fast is not None else self._pooled.driver_connection

    @property
    def _pooled(self) -> PoolProxiedConnection:
        if self._fast is not None:
            return self._fast.pooled
        observed = self.sqlalchemy.sync_connection
        assert observed is not None  # it is open
        return observed.connection

    @property
    def sqlalchemy(self) -> AsyncConnection:
        """The connection as SQLAlchemy has it, made when a statement first needs it."""
        if self._connection is None:
            assert self._fast is not None
            engine = self._source.engine
            self._connection = AsyncConnection(engine, Connection(engine.sync_engine, self._fast.pooled))
            if self._tracing is not None:
                self._tracing.trace.listen(self._connection, self._source.name)
        return self._connection

    @property
    def is_lost(self) -> bool:
        """Whether the connection was closed, because nobody knows what an error has done to it."""
        if self._fast is not None:
            return not self._fast.pooled.is_valid
        return self.sqlalchemy.invalidated

    @property
    def is_given_back_at_once(self) -> bool:
        """Whether nothing is to be sent for `give_back`."""
        return self._connection is None and not self.in_snapshot

    @property
    def is_closed(self) -> bool:
        """Whether `discard` would find nothing to close."""
        return self._connection is None and self.is_lost

    @property
    def is_replaced(self) -> bool:
        """Whether its pool would not give it out again, because its siblings were found to be of no use."""
        if self._fast is not None:
            return self._source.doubt.is_outdated(self._fast.pooled.info)
        observed = self.sqlalchemy.sync_connection
        return observed is not None and not observed.closed and self._source.doubt.is_outdated(observed.info)

    @property
    def source_name(self) -> str:
        """Which database it belongs to: `primary`, `replica 1` and so on."""
        return self._source.name

    def is_worth_another(self, error: BaseException) -> bool:
        """Whether the same read may well succeed on another connection, in another view.

        This one was lost, a table or a type has changed under the statement, or others were in its way. The siblings
        of a connection with such a fate share it often: they are tried before they are used again.
        """
        dialect, outdated = self._source.dialect, False
        if isinstance(error, DBAPIError):
            outdated = dialect.is_outdated(error)
            if not outdated and dialect.outage(error) not in GONE:
                return dialect.is_transient(error)
        elif not isinstance(error, Unreachable):
            return False
        since = self._source.doubt.of_all(outdated=outdated)
        if self._source.idle is not None:
            self._source.idle.doubt(since)
        return True

    async def is_outdated(self) -> bool:
        """Whether the view that is open cannot be believed when it finds nothing.

        Past whoever listens to statements: it is no part of what was asked for.
        """
        query = self._source.dialect.outdated_view
        if query is None:
            return False
        fast = self._fast if self._tracing is None else self._tracing.fast
        driver = self._driver if fast is None else fast.driver
        return bool(await driver.fetchval(query))

    async def begin_snapshot(self) -> None:
        """Open one read-only view of the database, in one round trip."""
        await self._send(self._source.dialect.begin_snapshot)
        self.in_snapshot = True

    async def end_snapshot(self) -> None:
        """Close the view; the next statement sees what is committed then."""
        await self._send("COMMIT")
        self.in_snapshot = False

    async def begin_change(self) -> None:
        """Open a transaction for changes; on SQLite, wait for the turn to write."""
        if self._fast is not None:
            self._fast.unobserved = not is_observed(self._source.engine)
        await self._send(self._source.dialect.begin_change)
        self.changing = True

    async def commit(self) -> None:
        """End a transaction for changes, and keep them. Raises `ChangeUndone`."""
        if self._source.dialect.sqlalchemy_ends_any_transaction:
            await self._end("COMMIT", self.sqlalchemy.commit)
        else:
            await self._commit()
        self._end_change()

    async def _commit(self) -> None:
        """Commit, and see that it was done: after an error that somebody has caught, COMMIT undoes all and is silent.

        Only the driver tells its callers what was done. Through SQLAlchemy, a savepoint that nobody needs finds out.
        Source: https://www.postgresql.org/docs/current/sql-commit.html
        """
        done = None if self._fast is None else await self._fast.execute("COMMIT")
        if done is None:
            await self.sqlalchemy.exec_driver_sql("SAVEPOINT trellis_commit")
            await self.sqlalchemy.exec_driver_sql("COMMIT")
        elif done != "COMMIT":
            raise ChangeUndone

    async def roll_back(self) -> None:
        """End a transaction for changes, and undo them."""
        if self._source.dialect.sqlalchemy_ends_any_transaction:
            await self._end("ROLLBACK", self.sqlalchemy.rollback)
        else:
            await self._send("ROLLBACK")
        self._end_change()

    def _end_change(self) -> None:
        self.changing = False
        if self._fast is not None:
            self._fast.unobserved = False

    async def give_back(self) -> None:
        """End what is open and return the connection to the pool."""
        if self.in_snapshot and not self._source.dialect.sqlalchemy_ends_any_transaction:
            await self.end_snapshot()
        if self._tracing is not None:
            self._fast = self._tracing.fast
            for stop in self._tracing.stops:
                stop()
        if self._connection is None:
            assert self._fast is not None
            assert self._source.idle is not None
            if self._source.idle.give(self._fast):
                return
        await (self._end("ROLLBACK", self.sqlalchemy.close) if self.in_snapshot else self.sqlalchemy.close())

    async def discard(self) -> None:
        """Close the connection, whatever state it is in. A server that is silent is waited for, for two seconds."""
        connection = self.sqlalchemy
        if not connection.closed:
            if not connection.invalidated:
                await connection.invalidate()
            await connection.close()

    async def _end(self, command: str, end: Callable[[], Awaitable[None]]) -> None:
        """End a transaction in SQLAlchemy's way, which is no statement to who listens to SQLAlchemy."""
        if self._tracing is None:
            await end()
            return
        with self._tracing.trace.sending(command, self._source.name):
            await end()

    async def _send(self, command: str) -> None:
        """Send a statement that frames others; who listens to statements hears of it."""
        try:
            if self._fast is None or await self._fast.execute(command) is None:
                await self.sqlalchemy.exec_driver_sql(command)
        except OSError as error:
            raise told(error) from error


async def take(source: Source) -> DatabaseConnection:
    """Take a connection: at once where one lies ready, else as the pool has one."""
    idle = source.idle
    if idle is None:
        return DatabaseConnection(source, None, await _opened(source, source.engine.connect()))
    fast = idle.take()
    if fast is not None:
        return DatabaseConnection(source, fast, None)
    connection = await _opened(source, idle.connect(source.engine))
    pooled = await connection.get_raw_connection()
    return DatabaseConnection(source, FastConnection(source.engine, pooled), connection)


def _opened(source: Source, opening: Awaitable[AsyncConnection]) -> Awaitable[AsyncConnection]:
    return source.waits.over(opening if source.under_way is None else source.under_way.over(opening))
