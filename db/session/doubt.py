"""Connections of a pool that may be of no use: when one is found dead, its siblings are tried before they are used.

An engine and what was learned of one of its connections enter. What is tried, and what is replaced, is decided when a
connection leaves the pool; nothing is sent for connections that nobody doubts.
Why: docs/decisions/0032-one-deadline.md.
"""

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.util.concurrency import in_greenlet

from db.fast.idle_connections import UNTRIED

LAST_USED = "trellis_last_used"
"""In the pool's notes on a connection: when it was last given back."""
KNOWN_GOOD = "trellis_known_good"
"""When it was opened, or tried last."""

NEVER = float("-inf")


class Doubt:
    """What is doubted of the connections of one engine. Moments are of `time.monotonic`."""

    def __init__(self) -> None:
        self._one_was_lost = NEVER
        self._one_was_outdated = NEVER

    def of_all(self, *, outdated: bool) -> float:
        """Doubt every connection that is open now, and say when that was.

        Another connection was found dead; or a table has changed under statements that it knew, which the others know
        as well, so that they are replaced.
        """
        now = time.monotonic()
        if outdated:
            self._one_was_outdated = now
        else:
            self._one_was_lost = now
        return now

    def is_outdated(self, info: Mapping[str, Any]) -> bool:
        """Whether a connection with these notes of the pool is replaced before it is used again."""
        opened: float = info.get(KNOWN_GOOD, NEVER)
        return opened < self._one_was_outdated

    def watch(self, engine: AsyncEngine, idle_s: float) -> None:
        """Try connections that are doubted, or that nobody has used for so long, when they leave the pool.

        SQLAlchemy's own `pool_pre_ping` asks every time: three round trips, more than a look-up costs.
        Source: https://docs.sqlalchemy.org/en/21/core/pooling.html#custom-legacy-pessimistic-ping
        """

        @event.listens_for(engine.sync_engine, "connect")
        def opened(_connection: object, record: ConnectionPoolEntry) -> None:
            record.info[KNOWN_GOOD] = time.monotonic()

        @event.listens_for(engine.sync_engine, "checkin")
        def remember(_connection: object, record: ConnectionPoolEntry) -> None:
            if not record.info.pop(UNTRIED, False):
                record.info[LAST_USED] = time.monotonic()

        @event.listens_for(engine.sync_engine, "checkout")
        def try_first(connection: Any, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
            info = record.info
            known_good, last_used = info.get(KNOWN_GOOD, NEVER), info.get(LAST_USED)
            if self.is_outdated(info):
                raise DisconnectionError
            is_fresh = last_used is None or time.monotonic() - last_used < idle_s
            if is_fresh and known_good >= self._one_was_lost:
                return
            if not in_greenlet():  # `take_at_once` does not wait
                info[UNTRIED] = True
                return
            try:
                engine.dialect.do_ping(connection)
            except Exception as error:  # whatever it is, the connection is of no use
                raise DisconnectionError from error
            info[KNOWN_GOOD] = time.monotonic()
