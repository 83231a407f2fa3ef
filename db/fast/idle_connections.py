"""Connections between two requests: kept beside the pool for a moment, ready to be taken again.

To go through the pool takes longer than to look a row up. A connection that was given back is parked, and the next
request takes it. What nobody takes for a moment goes back to the pool, and so does every connection that has been out
of it for a second, so that the pool's own rules (how old a connection may become, whether it is tried) stay in force.
"""

import asyncio
import time
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

UNTRIED = "trellis_untried"
"""In the pool's notes on a connection: it should have been tried before it was handed out."""

MOMENT_S = 0.1
"""How long a connection is parked while nobody takes it."""
OUT_OF_THE_POOL_S = 1.0


class NothingReady(Exception):
    """A connection would have to be opened, and nobody is waiting."""


def take_at_once(engine: AsyncEngine) -> PoolProxiedConnection | None:
    """A connection to PostgreSQL that lies ready in the pool; None if that takes any waiting.

    Whatever waits inside SQLAlchemy runs in a greenlet of its own, and that costs more than the look-up does. Where
    nothing is to be waited for, nothing needs one: docs/decisions/0009-statements-past-the-orm.md.
    """
    pool = engine.pool
    if not isinstance(pool, QueuePool) or not pool.checkedin():
        return None
    try:
        connection = engine.sync_engine.raw_connection()
    except NothingReady:
        return None
    if UNTRIED in connection.info:
        connection.close()
        return None
    return connection


def return_at_once(engine: AsyncEngine, connection: PoolProxiedConnection) -> bool:
    """Give a connection without a transaction back, if the pool has room; else it must be closed, which takes time."""
    pool = engine.pool
    if not isinstance(pool, QueuePool) or pool.checkedin() >= pool.size():
        return False
    connection.close()
    return True


class IdleConnection(NamedTuple):
    """A connection, and when it left the pool."""

    connection: PoolProxiedConnection
    since: float


class IdleConnections:
    """The parked connections of one engine on PostgreSQL. The last one that came is taken first."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.waiting = 0
        """How many wait for the pool: nothing is parked meanwhile."""
        self._parked: list[IdleConnection] = []
        self._untouched = 0
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._parked)

    def take(self) -> IdleConnection | None:
        """A parked connection, or one that lies ready in the pool; None if that takes any waiting."""
        while self._parked:
            parked = self._parked.pop()
            self._untouched = min(self._untouched, len(self._parked))
            if not parked.connection.driver_connection.is_closed():  # type: ignore[union-attr]  # asyncpg's
                return parked
            parked.connection.invalidate()
            parked.connection.close()
        connection = take_at_once(self._engine)
        return None if connection is None else IdleConnection(connection, time.monotonic())

    def give(self, parked: IdleConnection, loop: asyncio.AbstractEventLoop) -> bool:
        """Take a connection back that has no transaction open; False if it must be closed, which takes time."""
        pool = self._engine.pool
        crowded = self.waiting or (isinstance(pool, QueuePool) and pool.overflow() > 0)
        if crowded or time.monotonic() - parked.since > OUT_OF_THE_POOL_S:
            return return_at_once(self._engine, parked.connection)
        self._parked.append(parked)
        if self._timer is None:
            self._timer = loop.call_later(MOMENT_S, self._look, loop)
        return True

    async def connect(self, engine: AsyncEngine) -> AsyncConnection:
        """A connection of the pool, which may be waited for; what is parked serves it first."""
        self.clear()
        self.waiting += 1
        try:
            return await engine.connect()
        finally:
            self.waiting -= 1

    def clear(self) -> None:
        """Give everything that is parked back to the pool."""
        self._return(len(self._parked))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give back what nobody has touched since the last look."""
        self._return(self._untouched)
        self._untouched = len(self._parked)
        self._timer = loop.call_later(MOMENT_S, self._look, loop) if self._parked else None

    def _return(self, number: int) -> None:
        idle, self._parked = self._parked[:number], self._parked[number:]
        self._untouched = min(self._untouched, len(self._parked))
        for parked in idle:
            parked.connection.close()
