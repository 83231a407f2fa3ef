"""Connections in doubt are closed, and nobody waits for it for long.

A connection enters that must not be used again. To close it in the words of its protocol takes an answer of the
server; a silent one is given two seconds, in the background. Its place in the pool is free when it is closed.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context

from db.session.connection import DatabaseConnection

PATIENCE_S = 0.05
"""Seconds that whoever closes a connection waits for it: a server that answers needs a tenth of that."""


class Closing:
    """The connections of one process that are being closed."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self, connection: DatabaseConnection, then: Callable[[], None]) -> None:
        """Close a connection, whatever state it is in, and call `then`.

        A caller that is cancelled leaves the rest to the background.
        """
        if connection.is_closed:
            then()
            return
        task = asyncio.create_task(_close(connection, then), context=Context())  # it belongs to no request
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait({task}, timeout=PATIENCE_S)

    async def finish(self) -> None:
        """Wait until everything is closed."""
        await asyncio.gather(*self._tasks)


async def _close(connection: DatabaseConnection, then: Callable[[], None]) -> None:
    with suppress(Exception):  # whatever it is, nobody uses the connection again
        await connection.discard()
    then()
