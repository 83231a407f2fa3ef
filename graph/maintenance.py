"""What runs out in the tables of a domain and in Trellis's own, and who deletes it.

A domain and settings enter; rows go once an hour, deleted by one process of all that share the database, or by
`trellis maintain`. Requests delete nothing that has run out. Why: docs/decisions/0066-care.md.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from db.base import utcnow
from db.care.expiry import Expiring, count, delete_expired
from db.care.turns import turn
from db.dialects import Failure, failure_of
from db.own import AuditEntry, Counter, Feature
from db.session.engines import Engines
from graph.api_keys.keys import ENDED_KEYS
from graph.changes import expiring_changes
from graph.domain import Domain, own_features
from graph.settings import Settings
from graph.usage.writing import expiring_counts
from graph.writing.stored_keys import EXPIRING_KEYS

EVERY_S = 3600.0
HELD_S = 5.0
"""How long a turn lasts at least: clocks of machines may differ by as much, and none does the same hour again."""
START_S = 20.0, 60.0
"""How long after its start a process comes first: not beside its first requests, nor with those that start with it."""
CONNECTIONS = 2
TIMEOUT_S = 30
"""Seconds that a batch may take, and that the turn to write may be waited for."""

logger = logging.getLogger("trellis")


def expiring_rows(domain: Domain, settings: Settings) -> list[Expiring]:
    """All that runs out where these settings hold."""
    of_features: Mapping[Feature, Sequence[Expiring]] = {
        Feature.IDEMPOTENCY: [EXPIRING_KEYS],
        Feature.API_KEYS: [ENDED_KEYS],
        Feature.COUNTERS: [Expiring("counters of limits", _COUNTERS, _are_past)],
        Feature.USAGE: expiring_counts(settings.usage_days),
        Feature.CHANGES: expiring_changes(settings.changes_hours),
        Feature.AUDIT: [] if settings.audit_days is None else [_entries(timedelta(days=settings.audit_days))],
    }
    features = own_features(domain, settings)
    return [*domain.expiring, *(each for feature in sorted(features & {*of_features}) for each in of_features[feature])]


_COUNTERS = cast(Table, Counter.__table__)
_ENTRIES = cast(Table, AuditEntry.__table__)


def _are_past(now: datetime) -> ColumnElement[bool]:
    return _COUNTERS.c.ends < int(now.timestamp())


def _entries(life: timedelta) -> Expiring:
    return Expiring("audit entries", _ENTRIES, lambda now: _ENTRIES.c.created_at < now - life)


async def count_all(engine: AsyncEngine, expiring: Collection[Expiring]) -> dict[str, int]:
    """How many rows of each kind have run out. Kinds whose tables are not there are left out."""
    return await _each(engine, expiring, dry_run=True)


async def delete_all(engine: AsyncEngine, expiring: Collection[Expiring]) -> dict[str, int]:
    """Delete what has run out; how many rows of each kind that was. Kinds whose tables are not there are left out."""
    return await _each(engine, expiring, dry_run=False)


async def _each(engine: AsyncEngine, expiring: Collection[Expiring], *, dry_run: bool) -> dict[str, int]:
    now, found = utcnow(), dict[str, int]()
    for each in expiring:
        try:
            found[each.name] = await (count if dry_run else delete_expired)(engine, each, now)
        except DBAPIError as error:
            if failure_of(error) is not Failure.NO_TABLE:
                raise
    return found


class Maintenance:
    """Deletes what has run out, once an hour. Each process has one; one of all does it."""

    def __init__(self, engines: Engines, expiring: Collection[Expiring], every_s: float = EVERY_S) -> None:
        self._engine = engines.apart(CONNECTIONS, TIMEOUT_S)
        self._expiring = expiring
        self._every_s = every_s
        self._warned = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do it within a minute after the start and at every full hour, until the block ends."""
        task = asyncio.create_task(self._run_on(), name="maintenance")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def run(self, held_s: float = HELD_S) -> dict[str, int] | None:
        """Delete what has run out; None where another process does. Raises what the database raises.

        The connections are closed afterwards: an hour is long.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + held_s
        try:
            async with turn(self._engine) as is_ours:
                if not is_ours:
                    return None
                deleted = await delete_all(self._engine, self._expiring)
                await asyncio.sleep(max(0.0, until - loop.time()))
                return deleted
        finally:
            if isinstance(self._engine.pool, QueuePool):  # a database in memory has but one connection
                await self._engine.dispose()

    async def _run_on(self) -> None:
        await asyncio.sleep(min(random.uniform(*START_S), self._every_s))
        while True:
            await self._try()
            # All processes come at the same moment, so that one of them finds the door open and the others closed.
            await asyncio.sleep(self._every_s - utcnow().timestamp() % self._every_s)

    async def _try(self) -> None:
        try:
            self._tell(await self.run() or {})
            self._warned = False
        except Exception as error:  # whatever it is, nobody's request may suffer
            self._complain(error)

    def _tell(self, deleted: Mapping[str, int]) -> None:
        gone = ", ".join(f"{number:,} {name}" for name, number in deleted.items() if number)
        if gone:
            logger.info("What had run out was deleted: %s", gone)

    def _complain(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            logger.warning(
                "What has run out cannot be deleted (%s); that is tried again every hour. Run `trellis maintain` to"
                " see why.",
                type(error).__name__,
            )
