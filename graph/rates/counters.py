"""Counters: names and work enter; the work changes the names' records, all at once, and its result leaves.

Work that happens at once, in whichever processes, happens one after the other for each name. `MemoryCounters` serve one
process. `SharedCounters` stand on counters that others share, and on memory while these are away: there is never no
limit. No rule is known here.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, TypeVar

from graph.rates.records import Record

T = TypeVar("T")

Work: TypeAlias = Callable[[list[Record]], T]
"""Changes the records of the names, in their order. It may be done more than once, and then on fresh records."""

MAX_NAMES = 50_000
"""How many names are remembered in memory; some tens of megabytes. Beyond it, those used longest ago are forgotten."""

PATIENCE_S = 3.0
"""How long shared counters may take. Whoever has waited for as long is counted in memory."""
RETRY_S = 1.0
"""How long shared counters that have failed are left alone; each time, a line of the log tells of it."""

logger = logging.getLogger("trellis")


class Counters(Protocol):
    """Where records are kept."""

    failures: int
    """How often shared counters could not be asked, since the server started."""

    async def change(self, names: Sequence[str], work: Work[T]) -> T:
        """Do the work on the records of different names, and keep what it has changed."""

    async def close(self) -> None:
        """Let go of what is open."""


class MemoryCounters:
    """Records in the memory of this process, so many and no more."""

    def __init__(self) -> None:
        self.failures = 0
        self.records: dict[str, Record] = {}
        """By name, those used longest ago first."""

    async def change(self, names: Sequence[str], work: Work[T]) -> T:
        """Do the work; nothing waits, so nobody comes between."""
        records = [self.records.get(name) or Record() for name in names]
        result = work(records)
        for name, record in zip(names, records, strict=True):
            if record.changed:
                record.changed = False
                self.records.pop(name, None)
                self.records[name] = record
        if len(self.records) > MAX_NAMES:
            self._forget()
        return result

    async def close(self) -> None:
        """Nothing is open."""

    def _forget(self) -> None:
        """Forget names whose hits are long past; where these are few, the half of all names that came first."""
        now = time.time()
        past = [name for name, record in self.records.items() if record.ends < now]
        for name in past if len(past) > MAX_NAMES // 10 else list(self.records)[: MAX_NAMES // 2]:
            del self.records[name]


class SharedCounters:
    """Counters that several processes share, with memory to fall back on."""

    def __init__(self, shared: Counters, where: str, cure: str) -> None:
        self.failures = 0
        self._shared = shared
        self._where = where
        self._cure = cure
        self._memory = MemoryCounters()
        self._is_away = False
        self._asked_again_at = self._told_again_at = 0.0

    async def change(self, names: Sequence[str], work: Work[T]) -> T:
        """Do the work on shared records, or on those of this process while the shared ones are away."""
        if time.monotonic() >= self._asked_again_at:
            if self._is_away:  # one asks again, and the others do not wait for that
                self._asked_again_at = time.monotonic() + RETRY_S
            try:
                async with asyncio.timeout(PATIENCE_S):
                    result = await self._shared.change(names, work)
            except Exception as error:  # whatever it is, an attempt must neither fail by it nor go uncounted
                self._complain(error)
            else:
                self._is_away = False
                return result
        return await self._memory.change(names, work)

    async def close(self) -> None:
        """Let go of the shared ones."""
        await self._shared.close()

    def _complain(self, error: Exception) -> None:
        self.failures += 1
        now = time.monotonic()
        self._is_away, self._asked_again_at = True, now + RETRY_S
        if now < self._told_again_at:  # of many that were under way, one tells
            return
        self._told_again_at = now + RETRY_S
        logger.warning(
            "Limits are counted in this process alone, for %s cannot be asked (%s). %s",
            self._where,
            type(error).__name__,
            self._cure,
        )
