"""How a process hears that the log has grown, and whether it is the one that gives positions.

Engines enter; words of other processes reach whoever has opened a source. Changes are not read here.
Where a database has signals, processes listen on a connection of their own, past PgBouncer; else they look.
Why: docs/decisions/0069-the-change-log.md.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from enum import StrEnum
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.changes.log import ChangeLog

TRY_S = 0.3
"""Seconds between two looks whether nobody gives positions, or somebody who hangs."""
STALLED_S = 0.9
"""Seconds for which changes wait for somebody who is there, was told of them, and does nothing."""


class Word(StrEnum):
    """What processes tell one another."""

    WRITTEN = "written"
    """Changes are committed that have no position yet: for the relay."""
    NUMBERED = "numbered"
    """There are new positions: for all others."""


class OpenSource(Protocol):
    """A source of wake-ups while it is open."""

    connection: AsyncConnection
    """A connection on which nothing is begun; one statement at a time."""

    async def is_relay(self) -> bool:
        """Whether this process is to give positions now."""

    async def has_news(self) -> bool:
        """Whether the log may have grown since this was asked before."""

    async def tell(self, word: Word) -> None:
        """Wake the others."""


class Source(Protocol):
    """A source of wake-ups: another kind of signal, or another database, is another class."""

    def opened(self, hear: Callable[[Word], None], cut: Callable[[], None]) -> AbstractAsyncContextManager[OpenSource]:
        """Hear what others tell, for as long as the block lasts; `cut` is called when no more can be heard."""


class _OfTheLog:
    """What every source is made of."""

    def __init__(self, engine: AsyncEngine, log: ChangeLog, *, numbers: bool) -> None:
        """`numbers`: whether this process may give positions."""
        self._engine = engine
        self._log = log
        self._numbers = numbers


class Listening(_OfTheLog):
    """Signals of the database, on a connection that lasts; the relay holds a lock of this connection.

    The engine leads past PgBouncer.
    """

    @asynccontextmanager
    async def opened(self, hear: Callable[[Word], None], cut: Callable[[], None]) -> AsyncIterator[OpenSource]:
        """As `Source` has it. The connection is closed at the end, and with it goes the lock."""
        async with self._engine.connect() as connection:
            try:
                driver = (await connection.get_raw_connection()).driver_connection
                await self._log.dialect.listen(driver, self._log.names.channel, _hearing(hear), cut)
                yield _Listener(connection, self._log, numbers=self._numbers)
            finally:
                with suppress(Exception):  # it may be lost
                    await asyncio.shield(connection.invalidate())


def _hearing(hear: Callable[[Word], None]) -> Callable[[str], None]:
    def heard(word: str) -> None:
        with suppress(ValueError):  # of a later release
            hear(Word(word))

    return heard


class _Listener(OpenSource):
    def __init__(self, connection: AsyncConnection, log: ChangeLog, *, numbers: bool) -> None:
        self.connection = connection
        self._log = log
        self._numbers = numbers
        self._holds = False
        self._looks_at = 0.0
        self._neglected: tuple[int, float] | None = None
        """The oldest change that nobody has numbered, and when it was seen first."""

    async def is_relay(self) -> bool:
        now = time.monotonic()
        if self._holds or not self._numbers or now < self._looks_at:
            return self._holds
        self._looks_at = now + TRY_S
        if await self._locked() or (await self._is_stalled(now) and await self._ended_holder()):
            self._holds = True
            await self._log.see_to_it(self.connection)
        return self._holds

    async def has_news(self) -> bool:
        return True

    async def tell(self, word: Word) -> None:
        assert self._log.dialect.signal is not None
        given = {"channel": self._log.names.channel, "word": word.value}
        await self.connection.execute(text(self._log.dialect.signal), given)

    async def _locked(self) -> bool:
        assert self._log.dialect.try_lock is not None
        return bool(await self.connection.scalar(text(self._log.dialect.try_lock), {"number": self._log.names.number}))

    async def _is_stalled(self, now: float) -> bool:
        """Whether the relay does nothing, though it has something to do: its process hangs."""
        waiting = await self._log.waiting(self.connection)
        if not waiting.is_neglected:
            self._neglected = None
            return False
        assert waiting.oldest is not None
        if self._neglected is None or self._neglected[0] != waiting.oldest:
            self._neglected = waiting.oldest, now
            await self.tell(Word.WRITTEN)  # whoever wrote it may have told nobody
            return False
        return now - self._neglected[1] >= STALLED_S

    async def _ended_holder(self) -> bool:
        """Take the lock from a relay that hangs. Where we may not end its connection, it stays the relay."""
        assert self._log.dialect.end_holder is not None
        try:
            await self.connection.execute(text(self._log.dialect.end_holder), {"number": self._log.names.number})
        except DBAPIError:
            await self.connection.rollback()
        return await self._locked()


class Looking(_OfTheLog):
    """No signals: whoever wants to know looks. Each process may give positions, for only one of them succeeds."""

    @asynccontextmanager
    async def opened(self, hear: Callable[[Word], None], cut: Callable[[], None]) -> AsyncIterator[OpenSource]:
        """As `Source` has it."""
        async with self._engine.connect() as connection:
            yield _Looker(connection, self._log, numbers=self._numbers)


class _Looker(OpenSource):
    def __init__(self, connection: AsyncConnection, log: ChangeLog, *, numbers: bool) -> None:
        self.connection = connection
        self._log = log
        self._numbers = numbers
        self._version: object = None
        self._seen_to = False

    async def is_relay(self) -> bool:
        if self._numbers and not self._seen_to:
            await self._log.see_to_it(self.connection)
            self._seen_to = True
        return self._numbers

    async def has_news(self) -> bool:
        if self._log.dialect.data_version is None:
            return True
        before, self._version = self._version, await self.connection.scalar(text(self._log.dialect.data_version))
        return self._version != before

    async def tell(self, word: Word) -> None:
        """The others look by themselves."""
