"""Telling that this process has committed changes: once for many commits, and in no transaction of theirs.

Commits enter; a signal leaves, on a connection that no request uses. Nothing is sent while nobody follows.
Why: docs/decisions/0069-the-change-log.md.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.changes.follower import Follower
from db.changes.log import ChangeLog
from db.changes.sources import Word

COALESCE_S = 0.02
"""The least seconds between two signals."""
NOBODY_S = 1.0
"""Seconds for which nothing is sent after a signal that nobody was there to hear."""


class Notifier:
    """Tells others of the commits of one process."""

    def __init__(self, follower: Follower, log: ChangeLog, engine: AsyncEngine) -> None:
        self._follower = follower
        self._log = log
        self._engine = engine
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._sending: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self.signals = 0
        """Signals that were sent by this class."""

    def committed(self) -> None:
        """A transaction of this process has committed changes."""
        if self._timer is None and self._loop is not None:
            self._timer = self._loop.call_at(max(self._loop.time(), self._not_before), self._tell)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell of commits until the block ends."""
        self._loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            self._loop = None
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._sending is not None:
                await asyncio.gather(self._sending, return_exceptions=True)

    def _tell(self) -> None:
        self._timer = None
        assert self._loop is not None
        self._not_before = self._loop.time() + COALESCE_S
        if self._follower.is_running:
            self._follower.written()
        elif self._log.dialect.has_signals and self._sending is None:
            self._sending = self._loop.create_task(self._send(self._loop), name="changes were written")

    async def _send(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            if not await self._signal():
                self._not_before = loop.time() + NOBODY_S
        except Exception:  # whatever it is, others look by themselves
            self._not_before = loop.time() + NOBODY_S
        finally:
            self._sending = None

    async def _signal(self) -> bool:
        """Tell whoever gives positions, if anybody does."""
        assert self._log.dialect.signal_if_held is not None
        given = {
            "channel": self._log.names.channel,
            "word": Word.WRITTEN.value,
            "number": self._log.names.number,
        }
        async with self._engine.connect() as connection:
            told = (await connection.execute(text(self._log.dialect.signal_if_held), given)).first() is not None
        self.signals += told
        return told
