"""One request under way: how long it may take, and whether its client still waits.

A request and its work enter, the work's result leaves; or `DeadlineExceeded` when the time is up, or `ClientDisconnect`
when nobody waits for the result any more. A client that leaves is only told of: an ASGI server goes on with the
request, and a long query would hold its connection for nothing. Nothing of GraphQL is known here.
Source: https://asgi.readthedocs.io/en/latest/specs/www.html#disconnect-receive-event
Why: docs/decisions/0032-one-deadline.md.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from db.session.operation import OperationDeadline

PATIENCE_S = 0.05
"""Work that is done sooner is not watched over: to watch costs more than most operations, and to stop saves less."""

T = TypeVar("T")


def always() -> bool:
    """The work of a request may be cancelled when its client leaves, until somebody knows better."""
    return True


class RequestWatch(OperationDeadline):
    """Watches over the work of one request, from its first byte to its answer.

    It is the operation's deadline as well: two objects that knew each other were left to the garbage collector, with
    all that a request holds.
    """

    __slots__ = ("__weakref__", "_body_read", "_has_left", "_request", "_watching", "may_stop")

    def __init__(self, request: Request, timeout_s: float) -> None:
        super().__init__(timeout_s, PATIENCE_S)
        self._request = request
        self.may_stop: Callable[[], bool] = always
        """Whether the work may be cancelled when the client leaves."""
        self._body_read = False
        self._watching: asyncio.Task[None] | None = None
        self._has_left = False

    async def over(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work as long as there is time, and a client that waits for it.

        Raises `DeadlineExceeded` and, once the body has been read, `ClientDisconnect`.
        """
        try:
            return await work
        except asyncio.CancelledError:
            if self.stop():
                raise (ClientDisconnect() if self._has_left else self.exceeded()) from None
            raise
        finally:
            if self._watching is not None:
                self._watching.cancel()
                self._watching = None
            self.end()

    def body_read(self) -> None:
        """Look for the client from now on: what a request still has to receive is its end."""
        self._body_read = True
        if not self.has_patience:
            self._start()

    def lose_patience(self) -> None:
        """Look for the client, who has waited for a while."""
        super().lose_patience()
        if self._body_read:
            self._start()

    def _start(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        if self.may_stop():
            self._has_left = True
            self.ring()
