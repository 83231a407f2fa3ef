"""What is under way on the connections of one database, so that it can be ended when the database falls silent.

Connections enter when they are opened, and those who wait for one. A network that swallows packets tells nobody, so
that whoever waits for a row waits until its deadline. Who finds out that nothing comes any more is not known here.
Why: docs/decisions/0032-one-deadline.md.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar
from weakref import WeakSet

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

from db.session.errors import Silent
from db.session.timeout import Interruption

T = TypeVar("T")


class UnderWay:
    """The open connections to one database, and those who wait for one."""

    def __init__(self, cut: Callable[[Any], None], engines: Iterable[AsyncEngine], opened: Callable[[], None]) -> None:
        """Note each connection that the database's engines open, and call `opened`; `cut` is the dialect's."""
        self._cut = cut
        # Noted when a connection is opened: to note who takes one would cost each read something.
        self._entries: WeakSet[ConnectionPoolEntry] = WeakSet()
        self._waiting: set[Interruption] = set()

        def note(_connection: object, entry: ConnectionPoolEntry) -> None:
            self._entries.add(entry)
            opened()

        for engine in engines:
            event.listen(engine.sync_engine, "connect", note)

    async def over(self, opening: Awaitable[T]) -> T:
        """What is waited for, a connection of the pool. Raises `Silent` when `end` comes first."""
        waiting = Interruption()
        waiting.watch()
        self._waiting.add(waiting)
        try:
            return await opening
        except asyncio.CancelledError:
            if waiting.stop():
                raise Silent from None
            raise
        finally:
            waiting.stop()
            self._waiting.discard(waiting)

    def end(self) -> None:
        """Cut every connection: whoever waits for a row hears that it is lost, and nobody waits for another one."""
        for waiting in self._waiting:
            waiting.ring()
        for entry in list(self._entries):
            driver = entry.driver_connection
            if driver is not None:
                self._cut(driver)
