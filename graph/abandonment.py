"""Work that nobody waits for any more.

A client that leaves is only told of: an ASGI server goes on with the request, and a long query would hold its
connection for nothing. Source: https://asgi.readthedocs.io/en/latest/specs/www.html#disconnect-receive-event
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

T = TypeVar("T")


async def while_connected(request: Request, work: Coroutine[Any, Any, T], may_stop: Callable[[], bool]) -> T:
    """Do the work as long as the client waits for it. The request's body must have been read.

    When the client leaves, the work is cancelled if it may stop, and `ClientDisconnect` is raised; otherwise it is
    done to its end.
    """
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done() and may_stop():
            raise ClientDisconnect
        return await working
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
