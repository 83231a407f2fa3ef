"""Forgetting: entries of the record go after a setting's days.

Settings enter; old rows are deleted at intervals, a few at a time, so that no change waits for it. What fails is tried
again later; no request hears of it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

from sqlalchemy import Table, bindparam, delete, select

from db.base import UtcDateTime, utcnow
from db.own import AuditEntry
from db.session.engines import Engines

EVERY_S = 3600.0
MAX_AT_ONCE = 1_000

_ENTRIES = cast(Table, AuditEntry.__table__)
# Rows that another process is deleting are passed over.
_OLD = (
    select(_ENTRIES.c.id)
    .where(_ENTRIES.c.created_at < bindparam("before", type_=UtcDateTime()))
    .order_by(_ENTRIES.c.created_at, _ENTRIES.c.id)
    .limit(MAX_AT_ONCE)
    .with_for_update(skip_locked=True)
)
_SWEPT = delete(_ENTRIES).where(_ENTRIES.c.id.in_(_OLD))

logger = logging.getLogger("trellis")


class AuditSweeper:
    """Deletes entries that are older than so many days. One for each process; they do not stand in each other's way."""

    def __init__(self, engines: Engines, days: int, every_s: float = EVERY_S) -> None:
        self._engines = engines
        self._life = timedelta(days=days)
        self._every_s = every_s
        self._warned = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sweep at once and at intervals, until the block ends."""
        task = asyncio.create_task(self._sweep_on(), name="audit")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def sweep(self) -> int:
        """Delete all old entries; how many they were. Raises what the database raises."""
        before, swept = utcnow() - self._life, 0
        while True:
            async with self._engines.writing().begin() as connection:
                gone = (await connection.execute(_SWEPT, {"before": before})).rowcount
            swept += gone
            if gone < MAX_AT_ONCE:
                return swept

    async def _sweep_on(self) -> None:
        while True:
            try:
                await self.sweep()
                self._warned = False
            except Exception as error:  # whatever it is, nobody's request may suffer
                self._complain(error)
            await asyncio.sleep(self._every_s)

    def _complain(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            logger.warning(
                "Audit entries that are too old cannot be deleted (%s); that is tried again every hour.",
                type(error).__name__,
            )
