"""The session of one request: the only door for SQL.

Statements enter, rows leave, one at a time and in order. A connection is taken at the first statement and given
back at `close`. Why: docs/decisions/0001-one-session-one-lock.md.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import Enum, auto
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Executable, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from db.engine import Engines

QUERY_CANCELED = "57014"
"""Source: https://www.postgresql.org/docs/current/errcodes-appendix.html"""


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
    WRITE = auto()
    """Changes, in one transaction on the primary."""


class RequestSession:
    """One `AsyncSession`, one lock, opened late.

    SQLAlchemy forbids two statements at once on one session, and GraphQL siblings run at once: `rows` lets them
    through one by one. It is born anew for every operation and never outlives it.
    Source: https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html#asyncio-concurrency
    """

    def __init__(self, engines: Engines, mode: Mode = Mode.SNAPSHOT) -> None:
        self.mode = mode
        self.statements = 0
        self._engines = engines
        self._lock = asyncio.Lock()
        self._clock: asyncio.Timeout | None = None
        self._session: AsyncSession | None = None
        self._refused: Exception | None = None
        self._streaming = False
        self._too_late = False
        self._closed = False

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engines.dialect

    async def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """Run one statement and return its rows, waiting for the session's turn.

        Columns come back as plain rows, even when the statement is written with mapped attributes: it runs on
        the session's connection, past the loading of entities, which reads do not need.
        Raises `DeadlineExceeded` after the statement timeout, and from then on, because what was read before and
        after would not be one view; `SessionClosed` after `close`, which also ends a statement under way.
        """
        async with self._turn() as connection:
            return (await connection.execute(statement, parameters)).all()

    async def stream(self, statement: Executable, *, batch_size: int = 500) -> AsyncIterator[Row[Any]]:
        """Run one statement and yield its rows as they come, `batch_size` at a time, holding the session's turn.

        Memory stays flat whatever the size. Source:
        https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html#sqlalchemy.ext.asyncio.AsyncConnection.stream
        """
        async with self._lock:
            if self.mode is Mode.SINGLE:
                self.mode = Mode.SNAPSHOT  # PostgreSQL keeps a cursor only inside a transaction
            connection = await self._connection()
            self.statements += 1
            self._streaming = True
            async with connection.stream(statement, execution_options={"yield_per": batch_size}) as result:
                async for row in result:
                    yield row
            self._streaming = False

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[AsyncConnection]:
        async with self._lock:
            self._clock = clock = asyncio.timeout(None)
            try:
                async with clock:
                    connection = await self._connection()
                    self.statements += 1
                    clock.reschedule(asyncio.get_running_loop().time() + self._engines.statement_timeout_s)
                    yield connection
            except asyncio.CancelledError:
                # A reader may go on with a view of its own; the rest of a transaction alone is worse than nothing.
                self._closed = self._closed or self.mode is Mode.WRITE
                await asyncio.shield(self._discard())
                raise
            except (TimeoutError, DBAPIError) as error:
                if not (clock.expired() or _stopped_by_the_server(error)):
                    raise
                self._too_late = not self._closed
                await asyncio.shield(self._discard())
                raise self._ending() from None
            finally:
                self._clock = None

    async def _connection(self) -> AsyncConnection:
        if self._closed or self._too_late:
            raise self._ending()
        if self._session is None:
            engine = {
                Mode.SINGLE: self._engines.reading,
                Mode.SNAPSHOT: self._engines.snapshot,
                Mode.WRITE: self._engines.writing,
            }[self.mode]()
            self._session = AsyncSession(engine, expire_on_commit=False)
        if self._refused is not None:
            raise self._refused
        try:
            return await self._session.connection()
        except Exception as error:  # whatever it is, fifty fields would wait for it fifty times, one by one
            self._refused = error
            raise

    def _ending(self) -> DeadlineExceeded | SessionClosed:
        return DeadlineExceeded(self._engines.statement_timeout_s) if self._too_late else SessionClosed()

    async def _discard(self) -> None:
        # A statement that was cut off leaves its connection in an unknown state: never back into the pool.
        if self._session is not None:
            session, self._session = self._session, None
            await session.invalidate()

    async def close(self) -> None:
        """Give the connection back, even when the task is being cancelled. Calling it twice does nothing.

        A statement under way is stopped: nobody waits for it any more. A stream that was left half-read costs its
        connection.
        """
        self._closed = True
        if self._clock is not None and not self._clock.expired():
            self._clock.reschedule(asyncio.get_running_loop().time())
        await asyncio.shield(self._discard() if self._streaming else self._give_back())

    async def _give_back(self) -> None:
        async with self._lock:
            if self._session is not None:
                session, self._session = self._session, None
                await session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _stopped_by_the_server(error: Exception) -> bool:
    """Whether PostgreSQL's own statement timeout came first."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) == QUERY_CANCELED
