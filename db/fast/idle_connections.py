"""Connections between two requests: kept beside the pool for a moment, ready to be taken again.

To go through the pool takes longer than to look a row up. A connection that was given back is parked, and the next
request takes it. A connection that is not taken for a moment goes back to the pool, and so does every connection that
has been out of it for a second, so that the pool's own rules (how old a connection may become, whether it is tried)
stay in force. What that saves is in docs/decisions/0009-statements-past-the-orm.md.
"""

import asyncio
import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import QueuePool
from sqlalchemy.util.concurrency import in_greenlet

from db.fast.fast_connection import FastConnection

UNTRIED = "trellis_untried"
"""In the pool's notes on a connection: it should have been tried before it was handed out."""

MOMENT_S = 0.1
"""How long a connection is parked while nobody takes it."""
OUT_OF_THE_POOL_S = 1.0


class NothingReady(Exception):
    """A connection would have to be opened, and nobody is waiting."""


def never_open_at_once(engine: AsyncEngine) -> None:
    """Let `take_at_once` find that a connection would have to be opened, which takes waiting."""

    @event.listens_for(engine.sync_engine, "do_connect")
    def wait_for_it(*_: Any) -> None:
        if not in_greenlet():
            raise NothingReady


def take_at_once(engine: AsyncEngine) -> FastConnection | None:
    """A connection that lies ready in the pool; None if that takes any waiting.

    Whatever waits inside SQLAlchemy runs in a greenlet of its own, and that costs more than the look-up does. Where
    nothing is to be waited for, nothing needs one: docs/decisions/0009-statements-past-the-orm.md.
    """
    pool = engine.pool
    if not isinstance(pool, QueuePool) or not pool.checkedin():
        return None
    try:
        pooled = engine.sync_engine.raw_connection()
    except NothingReady:
        return None
    if UNTRIED in pooled.info:
        pooled.close()
        return None
    return FastConnection(engine, pooled, time.monotonic())


class IdleConnections:
    """The parked connections of one engine on PostgreSQL. The last one that came is taken first."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        pool = engine.pool
        self._pool = pool if isinstance(pool, QueuePool) else None
        """None: the pool has no bound."""
        self._doubted = 0.0
        """Connections that have left the pool before this moment are not parked: the pool is to try them first."""
        self.waiting = 0
        """How many wait for the pool: nothing is parked meanwhile."""
        self._parked: list[FastConnection] = []
        self._untouched = 0
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._parked)

    def take(self) -> FastConnection | None:
        """A parked connection, or one that lies ready in the pool; None if that takes any waiting."""
        while self._parked:
            parked = self._parked.pop()
            if len(self._parked) < self._untouched:
                self._untouched = len(self._parked)
            if not parked.driver.is_closed():  # the socket has told; nothing is sent
                return parked
            parked.pooled.invalidate()
            parked.pooled.close()
        return take_at_once(self._engine)

    def give(self, connection: FastConnection) -> bool:
        """Take a connection back that has no transaction open; False if it must be closed, which takes time."""
        pool = self._pool
        crowded = self.waiting or (pool is not None and pool.overflow() > 0)
        since = connection.since
        if crowded or since < self._doubted or time.monotonic() - since > OUT_OF_THE_POOL_S:
            return self._return_at_once(connection)
        self._parked.append(connection)
        if self._timer is None:
            self._look_later()
        return True

    async def connect(self, engine: AsyncEngine) -> AsyncConnection:
        """A connection of the pool, which may be waited for; what is parked serves it first."""
        self.clear()
        self.waiting += 1
        try:
            return await engine.connect()
        finally:
            self.waiting -= 1

    def doubt(self, since: float) -> None:
        """Give everything back to the pool, which tries what has left it before this moment (`time.monotonic`)."""
        self._doubted = since
        self.clear()

    def clear(self) -> None:
        """Give everything that is parked back to the pool."""
        self._return(len(self._parked))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _return_at_once(self, connection: FastConnection) -> bool:
        """Give a connection back if the pool has room; one that is too many must be closed, which takes time."""
        pool = self._pool
        if pool is None or pool.checkedin() >= pool.size():
            return False
        connection.pooled.close()
        return True

    def _look_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(MOMENT_S, self._look)

    def _look(self) -> None:
        """Give back what nobody has touched since the last look."""
        self._return(self._untouched)
        self._untouched = len(self._parked)
        self._timer = None
        if self._parked:
            self._look_later()

    def _return(self, number: int) -> None:
        idle, self._parked = self._parked[:number], self._parked[number:]
        self._untouched = min(self._untouched, len(self._parked))
        for parked in idle:
            parked.pooled.close()
