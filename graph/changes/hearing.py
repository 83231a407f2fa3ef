"""Whether a process hears of changes by now, and of which tables: what live queries and subscriptions both wait for.

A feed enters, with what is known of the process that follows; a listener hears all that is told. Nothing is read here.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from db.changes import Batch, Feed, Listener, Lost

PATIENCE_S = 10.0
"""How long the first who listens waits until changes are followed."""


class Followed(Protocol):
    """How far changes are heard of."""

    @property
    def is_following(self) -> bool:
        """Whether all that is committed is heard of."""

    @property
    def recorded(self) -> frozenset[str]:
        """The tables of which every change is recorded."""


class Hearing:
    """One listener of a feed, from when it begins."""

    def __init__(self, feed: Feed, followed: Followed | None, listener: Listener) -> None:
        """`followed`: None for a feed that tells of every table at once."""
        self.feed = feed
        self._followed = followed
        self._listener = listener
        self._is_ready = asyncio.Event()
        self._stop: Callable[[], None] | None = None

    def begin(self) -> None:
        """Hear of changes from now on: `Lost` comes first where nobody has listened before. Twice does nothing."""
        if self._stop is not None:
            return
        self._stop = self.feed.listen(self._hear)
        if self._followed is None or self._followed.is_following:
            self._is_ready.set()

    def end(self) -> None:
        """Hear nothing more."""
        if self._stop is not None:
            self._stop()
            self._stop = None

    async def is_followed(self) -> bool:
        """Wait until all changes are heard of; False where that takes too long."""
        if self._is_ready.is_set():
            return True
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._is_ready.wait()
        except TimeoutError:
            return False
        return True

    def unrecorded(self, tables: Iterable[str]) -> list[str]:
        """Those of the tables whose changes nobody hears of."""
        return [] if self._followed is None else sorted(set(tables) - self._followed.recorded)

    def _hear(self, heard: Batch | Lost) -> None:
        self._is_ready.set()
        self._listener(heard)
