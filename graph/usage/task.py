"""The task that writes counts at intervals, and once more when the server stops.

A killed server loses what it counted since the last time. While the database does not take them, counts are kept within
bounds and tried again; the log says so once, with the cure.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, time, timedelta

from sqlalchemy.exc import DBAPIError

from db.dialects import Failure, Outage, failure_of
from db.session.engines import Engines
from graph.usage import writing
from graph.usage.batch import Batch, Overflow
from graph.usage.counting import UsageCounter

DAY = timedelta(days=1)
LAST_WRITE_S = 5
"""Seconds that the last write may take when the server stops."""

CURES: Mapping[Failure | Outage, str] = {
    Failure.NO_TABLE: "its tables are missing; run `trellis db upgrade`",
    Failure.UNREACHABLE: "the database cannot be reached",
    Failure.BUSY: "the database is busy",
    Outage.READ_ONLY: "the database takes no changes",
    Outage.FULL: "the database has no room left",
}

logger = logging.getLogger("trellis")


def to_midnight_s() -> float:
    """Seconds until the next day of the counts begins."""
    now = datetime.now(UTC)
    return (datetime.combine(now.date() + DAY, time(), UTC) - now).total_seconds()


class UsageWriter:
    """Writes what a counter has counted."""

    def __init__(self, counter: UsageCounter, engines: Engines, interval_s: float) -> None:
        self.counter = counter
        self.failures = 0
        """Writes that failed, since the server started."""
        self._engines = engines
        self._interval_s = interval_s
        self._warned = False
        self._said: set[Overflow] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write at intervals until the block ends, and then once more."""
        stopping = asyncio.Event()
        task = asyncio.create_task(self._write_until(stopping))
        try:
            yield
        finally:
            stopping.set()
            try:
                await asyncio.wait_for(task, LAST_WRITE_S)
            except TimeoutError:
                logger.warning("What clients used since the last minute was not written: the database took too long.")

    async def write(self) -> None:
        """Write what was counted; what cannot be written is kept for the next time."""
        batch = Batch()
        try:
            batch = self.counter.take()
            if batch:
                await writing.write(self._engines, batch)
        except Exception as error:  # whatever it is, nobody's request may suffer
            self.counter.give_back(batch)
            self._complain(error)
        else:
            self._warned = False
            self.counter.overflow += batch.overflow
        self._say_what_overflows()

    async def _write_until(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), min(self._interval_s, to_midnight_s()))
            await self.write()
        await self.write()  # what came while it was writing

    def _complain(self, error: Exception) -> None:
        self.failures += 1
        if self._warned:
            return
        self._warned = True
        failure = failure_of(error) if isinstance(error, DBAPIError) else None
        cause = CURES.get(failure) if failure else None
        logger.warning(
            "What clients use is counted, but cannot be written: %s. It is kept for now and tried again;"
            " TRELLIS_RECORD_USAGE=false counts nothing.",
            cause or f"the database refused it ({type(error).__name__})",
        )

    def _say_what_overflows(self) -> None:
        for what in self.counter.overflow.keys() - self._said:
            self._said.add(what)
            logger.warning("There is too much to count what clients use one by one: %s.", _WHAT[what])


_WHAT = {
    Overflow.CLIENTS: "too many clients on one day; later ones are counted as `other`",
    Overflow.COORDINATES: "too many coordinates of too many clients; the rest is counted as that of `other`",
    Overflow.LOST: "too many coordinates waited to be written; some uses are lost, and nothing is sure to be unused",
    Overflow.OPERATIONS: "too many or too long operations; what they use is counted, their documents are not kept",
}
