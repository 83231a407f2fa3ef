"""Which replicas serve reads: each is asked at intervals, and left out while it does not answer.

Engines for probes enter, and what is under way on each replica; who is left out leaves, and who is silent has its reads
ended, so that sessions begin them once more elsewhere. Nobody is asked before its first connection is open, and nothing
is asked for any read. Whose turn it is among those that serve is not known here.
Why: docs/decisions/0031-health.md.
"""

import asyncio
import logging
from collections.abc import Callable
from contextvars import Context
from typing import NamedTuple

from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from db.dialects.connections import ConnectionsDialect
from db.session.under_way import UnderWay

logger = logging.getLogger("trellis")

OPEN_S = 2.0
"""Seconds that a replica may take to answer where a connection has to be opened first."""
LOOKS = 4
"""Looks for one answer: after the first, an event loop that was kept busy itself is not taken for a silent database."""


class Replica(NamedTuple):
    """A replica, as far as it is watched."""

    probing: AsyncEngine
    """What it is asked by, on connections that no read uses."""
    under_way: UnderWay | None
    """What is ended when it falls silent; None: it is a file, which does not."""


class Replicas:
    """Those of one process, by name."""

    def __init__(
        self,
        replicas: dict[str, Replica],
        dialect: ConnectionsDialect,
        patience_s: float,
        changed: Callable[[], None],
    ) -> None:
        """`changed` is called when one is left out, or comes back.

        Who does not answer within `patience_s` seconds is silent; as many lie between an answer and the next question.
        """
        self._replicas = replicas
        self._dialect = dialect
        self._patience_s = patience_s
        self._changed = changed
        self._left_out: set[str] = set()
        self._watching: dict[str, asyncio.Task[None]] = {}

    def serves(self, name: str) -> bool:
        """Whether reads may go to this replica."""
        return name not in self._left_out

    def leave_out(self, name: str, why: str) -> None:
        """Let reads go elsewhere until this replica answers again."""
        if name in self._left_out:
            return
        logger.warning("%s is left out: %s. Reads go to the other replicas, else to the primary.", name, why)
        self._left_out.add(name)
        self.watch(name)
        self._changed()

    def watch(self, name: str) -> None:
        """Ask a replica at intervals from now on. Twice does nothing."""
        if name not in self._watching:
            # The task belongs to no request: neither does its context.
            self._watching[name] = asyncio.create_task(self._watch(name), context=Context())

    async def close(self) -> None:
        """Ask nobody any more, and forget who was left out."""
        for task in self._watching.values():
            task.cancel()
        await asyncio.gather(*self._watching.values(), return_exceptions=True)
        self._watching.clear()
        self._left_out.clear()

    async def _watch(self, name: str) -> None:
        replica = self._replicas[name]
        while True:
            await asyncio.sleep(self._patience_s)  # who answers old friends alone is not asked by each read
            asking = asyncio.create_task(self._refusal(replica.probing))
            try:
                if not await _is_done(asking, self._limit_s(replica.probing)):
                    self._end_all(name, replica.under_way)
                elif (why := asking.result()) is None:
                    self._bring_back(name)
                elif why:
                    self.leave_out(name, why)
            finally:
                asking.cancel()
                await asyncio.wait({asking})

    def _limit_s(self, probing: AsyncEngine) -> float:
        pool = probing.pool
        is_open = isinstance(pool, QueuePool) and pool.checkedin() > 0
        return self._patience_s if is_open else max(self._patience_s, OPEN_S)

    async def _refusal(self, probing: AsyncEngine) -> str | None:
        """Why a replica does not serve; None if it answers, and nothing where it lives, but has too much to do."""
        try:
            async with probing.connect() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except Exception as error:  # whatever it is, there is no answer
            is_busy = isinstance(error, PoolTimeout) or self._dialect.is_busy(error)
            return "" if is_busy else type(error).__name__
        return None

    def _end_all(self, name: str, under_way: UnderWay | None) -> None:
        """Leave out who is silent first, so that what is ended does not come here again."""
        self.leave_out(name, f"nothing comes from it for {self._patience_s:g} s")
        if under_way is not None:
            under_way.end()

    def _bring_back(self, name: str) -> None:
        if name in self._left_out:
            self._left_out.discard(name)
            self._changed()
            logger.warning("%s answers again.", name)


async def _is_done(asking: asyncio.Task[str | None], limit_s: float) -> bool:
    for _ in range(LOOKS):
        done, _ = await asyncio.wait({asking}, timeout=limit_s / LOOKS)
        if done:
            return True
    return False
