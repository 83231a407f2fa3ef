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
        self._opened = opened
        for engine in engines:
            self.note_those_of(engine)

    def note_those_of(self, engine: AsyncEngine) -> None:
        """Note each connection that another engine of the same database opens."""

        @event.listens_for(engine.sync_engine, "connect")
        def note(_connection: object, entry: ConnectionPoolEntry) -> None:
            self._entries.add(entry)
            self._opened()

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
        """Cut every connection: whoever waits for a row hears that it is lost, and nobody waits for another one.

        But for the task that has found out, which may be opening one that is right.
        """
        for waiting in self._waiting:
            if not waiting.watches_this_task():
                waiting.ring()
        for entry in list(self._entries):
            driver = entry.driver_connection
            if driver is not None:
                self._cut(driver)
