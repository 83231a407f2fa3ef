"""The session of one request: the only door for SQL.

StatementCache enter, rows leave, one at a time and in order. A connection is taken at the first statement and given
back at `close`. Why: docs/decisions/0001-one-session-one-lock.md; how reads go past SQLAlchemy:
docs/decisions/0009-statements-past-the-orm.md.
"""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from enum import Enum, auto
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, overload

from sqlalchemy import Executable, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from db.fast import CompiledStatement, Parameters, Values
from db.fast.idle_connections import IdleConnections
from db.session.connection import DatabaseConnection, Transaction
from db.session.engines import Engines

QUERY_CANCELED = "57014"
"""Source: https://www.postgresql.org/docs/current/errcodes-appendix.html"""

TRANSIENT = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: PostgreSQL asks for the whole transaction again."""

ATTEMPTS = 8
FIRST_PAUSE_S = 0.005
MAX_PAUSE_S = 0.25

T = TypeVar("T")
P = ParamSpec("P")


class DeadlineExceeded(Exception):
    """A statement took longer than it may."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        super().__init__(
            f"The database took longer than {timeout_s:g} s; ask for less, or raise the statement timeout."
        )


class SessionClosed(Exception):
    """Somebody asked for rows after the operation had ended."""

    def __init__(self) -> None:
        super().__init__("The session of this operation is closed; load what you need before the response is made.")


class Mode(Enum):
    """How the session begins when its first statement comes."""

    SINGLE = auto()
    """One statement: autocommit, because BEGIN and ROLLBACK would cost a third of a look-up."""
    SNAPSHOT = auto()
    """Several statements that must agree: one read-only view of the database."""
    CURRENT = auto()
    """What is committed now, on the primary, statement by statement. Changes go through `write`."""


class RequestSession:
    """One connection, one lock, opened late; one `AsyncSession`, if anybody needs it.

    SQLAlchemy forbids two statements at once on one session, and GraphQL siblings run at once: `rows` lets them
    through one by one. It is born anew for every operation and never outlives it.
    Source: https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html#asyncio-concurrency
    """

    def __init__(self, engines: Engines, mode: Mode = Mode.SNAPSHOT) -> None:
        self.mode = mode
        self.statements = 0
        self.dialect = engines.dialect
        """`sqlite` or `postgresql`."""
        self._engines = engines
        self._lock = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clock: _Clock | None = None
        self._connected: DatabaseConnection | None = None
        self._parking: IdleConnections | None = None
        self._refused: Exception | None = None
        self._streaming = False
        self._writing = False
        self._too_late = False
        self._closed = False

    @overload
    async def rows(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Row[Any]]: ...

    @overload
    async def rows(self, statement: CompiledStatement, parameters: Parameters | None = None) -> Sequence[Values]: ...

    async def rows(
        self, statement: Executable | CompiledStatement, parameters: Parameters | None = None
    ) -> Sequence[Row[Any]] | Sequence[Values]:
        """Run one statement and return its rows, waiting for the session's turn.

        Columns come back as plain rows, even when the statement is written with mapped attributes: it runs on
        the session's connection, past the loading of entities, which reads do not need. A kept statement goes past
        SQLAlchemy altogether where it can; its rows are read by position alone.
        Raises `DeadlineExceeded` after the statement timeout, and from then on, because what was read before and
        after would not be one view; `SessionClosed` after `close`, which also ends a statement under way.
        """
        if isinstance(statement, CompiledStatement):
            return await self._in_turn(DatabaseConnection.kept_rows, statement, parameters)
        return await self._in_turn(DatabaseConnection.rows, statement, parameters)

    async def orm(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Give the operation's `AsyncSession` to `work`, waiting for the session's turn.

        It is made on first use, on the connection that `rows` reads from. To change something, use `write`.
        Raises as `rows` does; the statement timeout is for all that `work` does.
        """

        async def run(connected: DatabaseConnection) -> T:
            return await work(connected.session())

        return await self._in_turn(run)

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Do `work` in a transaction of its own, waiting for the session's turn. For `Mode.CURRENT`.

        COMMIT when it returns, ROLLBACK when it raises. Work that the database refuses for the sake of others (a
        deadlock, a serialization failure) is done again, all of it, at most `ATTEMPTS` times. Inside, everything goes
        through the transaction: the session itself would wait for its own turn. Raises as `rows` does.
        Source: https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html
        """
        assert self.mode is Mode.CURRENT, "changes need the primary"

        async def run(connected: DatabaseConnection) -> T:
            for attempt in itertools.count(1):
                try:
                    return await self._once(connected, work)
                except DBAPIError as error:
                    if attempt == ATTEMPTS or not is_transient(error):
                        raise
                await asyncio.sleep(random.uniform(0, min(MAX_PAUSE_S, FIRST_PAUSE_S * 2**attempt)))
            raise AssertionError

        return await self._in_turn(run)

    async def _once(self, connected: DatabaseConnection, work: Callable[[Transaction], Awaitable[T]]) -> T:
        self._writing = True
        transaction = await connected.begin_writing()
        try:
            result = await work(transaction)
            await connected.commit()
        except Exception:
            try:
                await connected.roll_back()
            except Exception:  # whatever it is, nobody knows what state the connection is in
                await asyncio.shield(self._discard())
            self._writing = False
            raise
        self._writing = False
        return result

    async def stream(self, statement: Executable, *, batch_size: int = 500) -> AsyncIterator[Row[Any]]:
        """Run one statement and yield its rows as they come, `batch_size` at a time, holding the session's turn.

        Memory stays flat whatever the size. Source:
        https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html#sqlalchemy.ext.asyncio.AsyncConnection.stream
        """
        async with self._lock:
            if self.mode is Mode.SINGLE:
                self.mode = Mode.SNAPSHOT  # PostgreSQL keeps a cursor only inside a transaction
            connected = await self._connect()
            if self._needs_snapshot(connected):
                await self._begin(connected)
            connection = await connected.through_sqlalchemy()
            self.statements += 1
            self._streaming = True
            async with connection.stream(statement, execution_options={"yield_per": batch_size}) as result:
                async for row in result:
                    yield row
            self._streaming = False

    async def _in_turn(
        self, work: Callable[Concatenate[DatabaseConnection, P], Awaitable[T]], *given: P.args, **named: P.kwargs
    ) -> T:
        async with self._lock:
            if self._loop is None:
                self._loop = asyncio.get_running_loop()  # asks the system for the process each time
            self._clock = clock = _Clock(self._loop)
            try:
                connected = await self._connect()
                self.statements += 1
                clock.start(self._engines.statement_timeout_s)
                if self._needs_snapshot(connected):
                    await self._begin(connected)
                return await work(connected, *given, **named)
            except asyncio.CancelledError:
                if self._stop(clock):
                    raise await self._end_late() from None
                # A reader may go on with a view of its own; the rest of a transaction alone is worse than nothing.
                self._closed = self._closed or self._writing
                await asyncio.shield(self._discard())
                raise
            except DBAPIError as error:
                if self._stop(clock) or _stopped_by_the_server(error):
                    raise await self._end_late() from None
                if error.connection_invalidated:
                    self._refused = error  # a new connection would be a new view
                    await asyncio.shield(self._discard())
                raise
            finally:
                self._stop(clock)

    def _stop(self, clock: "_Clock") -> bool:
        self._clock = None
        return clock.stop()

    async def _end_late(self) -> DeadlineExceeded | SessionClosed:
        self._too_late = not self._closed
        await asyncio.shield(self._discard())
        return self._ending()

    async def _connect(self) -> DatabaseConnection:
        if self._closed or self._too_late:
            raise self._ending()
        if self._refused is not None:
            raise self._refused
        if self._connected is None:
            try:
                self._connected = await self._connected_to(self._engine())
            except Exception as error:  # whatever it is, fifty fields would wait for it fifty times, one by one
                self._refused = error
                raise
        return self._connected

    async def _connected_to(self, engine: AsyncEngine) -> DatabaseConnection:
        self._parking = self._engines.parking(engine)
        return await DatabaseConnection.to(engine, self._parking)

    def _engine(self) -> AsyncEngine:
        if self.mode is Mode.CURRENT:
            return self._engines.current()
        if self.dialect == "postgresql":
            return self._engines.plain()
        return self._engines.reading() if self.mode is Mode.SINGLE else self._engines.snapshot()

    def _needs_snapshot(self, connected: DatabaseConnection) -> bool:
        """Whether a view is still to be opened. On SQLite the engine does that."""
        return self.mode is Mode.SNAPSHOT and not connected.in_snapshot and self.dialect == "postgresql"

    async def _begin(self, connected: DatabaseConnection) -> None:
        try:
            await connected.begin_snapshot()
        except Exception as error:
            self._refused = error
            await asyncio.shield(self._discard())
            raise

    def _ending(self) -> DeadlineExceeded | SessionClosed:
        return DeadlineExceeded(self._engines.statement_timeout_s) if self._too_late else SessionClosed()

    async def close(self) -> None:
        """Give the connection back, even when the task is being cancelled. Calling it twice does nothing.

        A statement under way is stopped: nobody waits for it any more. A stream that was left half-read costs its
        connection.
        """
        self._closed = True
        if self._clock is not None:
            self._clock.ring()
        task = asyncio.current_task(self._loop)
        if self._streaming:
            await asyncio.shield(self._discard())
        elif self._lock.locked() or (task is not None and task.cancelling()):
            await asyncio.shield(self._give_back())
        else:
            await self._give_back()

    async def _give_back(self) -> None:
        async with self._lock:
            if self._connected is None:
                return
            try:
                assert self._parking is not None
                await self._connected.give_back(self._parking, self._loop or asyncio.get_running_loop())
                self._connected = None
            except BaseException as error:
                await asyncio.shield(self._discard())
                if not isinstance(error, Exception):  # an answer that is complete does not fail for its end
                    raise

    async def _discard(self) -> None:
        # A statement that was cut off leaves its connection in an unknown state: never back into the pool.
        if self._connected is not None:
            connected, self._connected = self._connected, None
            await connected.discard()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _Clock:
    """Cancels its task when the time is up, by the rules of `asyncio.timeout`, for a third of the cost.

    Source: https://docs.python.org/3/library/asyncio-task.html#asyncio.Task.uncancel
    """

    __slots__ = ("_cancelling", "_loop", "_rang", "_task", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        task = asyncio.current_task(loop)
        assert task is not None
        self._loop = loop
        self._task = task
        self._cancelling = task.cancelling()
        self._timer: asyncio.TimerHandle | None = None
        self._rang = False

    def start(self, timeout_s: float) -> None:
        """Ring after this time."""
        self._timer = self._loop.call_later(timeout_s, self.ring)

    def ring(self) -> None:
        """Ring now."""
        if not self._rang:
            self._rang = True
            self._task.cancel()

    def stop(self) -> bool:
        """Ring no more. Whether it rang, and nobody else has cancelled the task."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._rang:
            return False
        self._rang = False
        return self._task.uncancel() <= self._cancelling


def is_transient(error: DBAPIError) -> bool:
    """Whether the same work may well succeed when it is done again: others were in its way."""
    return _state_of(error) in TRANSIENT or "database is locked" in str(error.orig)


def _state_of(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _stopped_by_the_server(error: DBAPIError) -> bool:
    """Whether PostgreSQL's own statement timeout came first."""
    return _state_of(error) == QUERY_CANCELED
