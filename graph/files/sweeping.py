"""Files that no row knows: those of rows that are gone, of files that others took the place of, and of crashes.

A store and models enter; at intervals, files go that are older than a day and that no row has the key of. Nobody waits
for it, and several processes do not stand in each other's way.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import FromClause, Table, select

from db.base import utcnow
from db.session.engines import Engines
from graph.files.store import FileStore

EVERY_S = 6 * 3600.0
KEPT_FOR = timedelta(days=1)
"""Longer than any upload and any download takes."""

logger = logging.getLogger("trellis")


class FileSweeper:
    """Lets files go that no row knows."""

    def __init__(
        self, store: FileStore, engines: Engines, tables: Collection[FromClause], every_s: float = EVERY_S
    ) -> None:
        """`tables` are those that the application shows; rows of others in the same metadata have files, too."""
        self._store = store
        self._engines = engines
        known = {other for table in tables if isinstance(table, Table) for other in table.metadata.tables.values()}
        self._keys = [table.c.file_key for table in known if "file_key" in table.c]
        self._every_s = every_s

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sweep at once and at intervals, until the block ends."""
        task = asyncio.create_task(self._sweep_on(), name="files")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def sweep(self, kept_for: timedelta = KEPT_FOR) -> int:
        """Let go what is older and no row knows; how many files they were. Raises what store and database raise."""
        swept = 0
        async for keys in self._store.older_than(utcnow() - kept_for):
            unknown = sorted(set(keys) - await self._known(keys)) if keys else []
            if unknown:
                await self._store.delete(unknown)
                swept += len(unknown)
        return swept

    async def _known(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys that a row has, by what is committed now."""
        known: set[str] = set()
        async with self._engines.writing().connect() as connection:
            for column in self._keys:
                known.update(await connection.scalars(select(column).where(column.in_(keys))))
        return known

    async def _sweep_on(self) -> None:
        while True:
            try:
                await self.sweep()
            except Exception as error:  # whatever it is, nobody's request may suffer
                logger.warning(
                    "Files that no row knows cannot be let go (%s); that is tried again.", type(error).__name__
                )
            await asyncio.sleep(self._every_s)
