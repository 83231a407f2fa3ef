"""Work that nobody waits for any more.

A client that leaves is only told of: an ASGI server goes on with the request, and a long query would hold its
connection for nothing. Source: https://asgi.readthedocs.io/en/latest/specs/www.html#disconnect-receive-event
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

PATIENCE_S = 0.05
"""Work that is done sooner is not watched over: to watch costs more than most operations, and to stop saves less."""

T = TypeVar("T")


async def while_connected(request: Request, work: Coroutine[Any, Any, T], may_stop: Callable[[], bool]) -> T:
    """Do the work as long as the client waits for it. The request's body must have been read.

    When the client leaves, the work is cancelled if it may stop, and `ClientDisconnect` is raised; otherwise it is
    done to its end.
    """
    loop = asyncio.get_running_loop()
    watch = _Watch(request, may_stop, asyncio.current_task(loop))
    timer = loop.call_later(PATIENCE_S, watch.start)
    try:
        return await work
    except asyncio.CancelledError:
        if watch.has_cancelled():
            raise ClientDisconnect from None
        raise
    finally:
        timer.cancel()
        await watch.end()


class _Watch:
    """Waits for the client to leave, and cancels the task that works for it."""

    def __init__(self, request: Request, may_stop: Callable[[], bool], task: asyncio.Task[Any] | None) -> None:
        assert task is not None
        self._working = task
        self._cancelling = task.cancelling()
        self._request = request
        self._may_stop = may_stop
        self._watching: asyncio.Task[None] | None = None
        self._cancelled = False

    def start(self) -> None:
        """Begin to watch."""
        self._watching = asyncio.create_task(self._watch())

    def has_cancelled(self) -> bool:
        """Whether the work was cancelled because its client left, and for no other reason."""
        return self._cancelled and self._working.uncancel() <= self._cancelling

    async def end(self) -> None:
        """Watch no more."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def _watch(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        if self._may_stop():
            self._cancelled = True
            self._working.cancel()
