"""Calls into SQLite's thread that nobody waits for any more: they are interrupted, and what they have begun is undone.

A connection of the driver enters, and behaves so from then on.
Source: https://www.sqlite.org/c3ref/interrupt.html
"""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import aiosqlite

INTERRUPT_AGAIN_S = 0.01


def stop_when_abandoned(connection: aiosqlite.Connection) -> None:
    """Interrupt a statement as soon as the task that waits for it is cancelled, and undo its transaction.

    SQLite works in a thread, which no cancellation reaches: the statement would run to its end, and whoever closes
    the connection would wait for it.
    """
    execute: Callable[..., Awaitable[Any]] = connection._execute  # noqa: SLF001 - every call to the thread passes here, and the driver has no hook
    sqlite: sqlite3.Connection = connection._conn  # noqa: SLF001 - `interrupt` of the driver can only be awaited, and `rollback` would need the thread, which is busy

    closing: set[asyncio.Future[None]] = set()

    def closed(task: asyncio.Future[None]) -> None:
        closing.discard(task)
        if not task.cancelled():
            task.exception()  # seen: the connection has just been closed

    async def execute_or_interrupt(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        call = _Call(sqlite, partial(function, *arguments, **named))
        try:
            return await execute(call)
        except asyncio.CancelledError:
            if call.abandon(asyncio.get_running_loop()):
                closing.add(task := asyncio.ensure_future(execute(call.close)))  # before whatever comes next
                task.add_done_callback(closed)
            raise

    vars(connection)["_execute"] = execute_or_interrupt


class _Call:
    """A call in the driver's thread. One that is abandoned is interrupted and undoes its transaction.

    SQLite forgets an interruption that comes before its statement begins, and on a busy machine the thread may begin
    long after the task was cancelled: the statement would run to its end, which an endless one has not. So the
    interruption is repeated until the call has ended. The lock keeps the last repetition off the next statement.
    An interruption also reaches each statement that begins before every running one has ended, and a statement with
    rows left to fetch still runs: the cursor that nobody waits for is closed. That goes for a call that ended a moment
    before its task was cancelled, too: its cursor would run on, and keep the next interruption alive.
    Source: https://www.sqlite.org/c3ref/interrupt.html

    SQLAlchemy closes the connection of an abandoned call, but SQLite keeps the lock of the transaction for as long as a
    cursor refers to a statement, and a traceback may hold one: other writers would wait for the garbage collector.
    Source: https://www.sqlite.org/c3ref/close.html
    """

    __slots__ = ("_abandoned", "_cursor", "_ended", "_function", "_lock", "_sqlite")

    def __init__(self, sqlite: sqlite3.Connection, function: Callable[[], Any]) -> None:
        self._sqlite = sqlite
        self._function = function
        self._lock = threading.Lock()
        self._cursor: sqlite3.Cursor | None = None
        self._abandoned = False
        self._ended = False

    def __call__(self) -> Any:
        try:
            if self._abandoned:
                raise sqlite3.OperationalError("interrupted")
            result = self._function()
            if isinstance(result, sqlite3.Cursor):
                self._cursor = result
        finally:
            with self._lock:
                self._ended = True
            if self._abandoned:
                self.close()
                with suppress(sqlite3.Error):
                    self._sqlite.rollback()
        return result

    def close(self) -> None:
        """Close the cursor that nobody waits for, in the driver's thread."""
        with suppress(sqlite3.Error):  # the connection has just been closed
            if self._cursor is not None:
                self._cursor.close()

    def abandon(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Interrupt the call until it has ended. Whether it had ended already, so that its cursor is to be closed."""
        with self._lock:
            if self._ended:
                return not self._abandoned and self._cursor is not None
            self._abandoned = True
            with suppress(sqlite3.Error):  # it has just been closed
                self._sqlite.interrupt()
        loop.call_later(INTERRUPT_AGAIN_S, self.abandon, loop)
        return False
