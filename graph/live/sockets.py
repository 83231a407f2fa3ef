"""The open WebSockets and streams of one process: who may open one, who still may have it, and how all of them end.

One enters when it is opened, and leaves when it is closed. Those of each network address and each viewer are counted.
Every second it is looked at whose credentials were not asked for lately. When the server drains, ends are spread.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from typing import Protocol

from starlette.exceptions import HTTPException

from graph.errors import ClientError
from graph.live.callers import Caller
from graph.live.ends import DRAINING, FORBIDDEN, LEFT, UNKNOWN, End, TooManySockets, end_of
from graph.rates.networks import network
from graph.settings import Settings
from graph.viewer import Viewer

RETRY = {"Retry-After": "1"}
STOPPING = HTTPException(503, "The server stops. Connect again.", RETRY)
FULL = HTTPException(503, "The server has as many WebSockets and streams as it may have. Try again in a moment.", RETRY)
TOO_MANY = HTTPException(
    429,
    "Your network address has as many WebSockets and streams as one may have. Close some, or ask for several things"
    " over one WebSocket. A proxy's address is not counted where TRELLIS_TRUSTED_PROXIES names it.",
    RETRY,
)

LOOK_S = 0.5
"""How often it is looked at whose credentials are to be asked for, and so how late that may be."""
ASKED_AT_ONCE = 4
"""For how many callers it is asked at once who they are: others want connections, too."""
PATIENCE_S = 30.0
"""How long a caller is believed while nobody can be asked."""


class Transport(StrEnum):
    """How answers are told."""

    WEBSOCKET = "websocket"
    EVENTS = "events"
    PARTS = "parts"


class Refusal(StrEnum):
    """Why one was not opened."""

    DRAINING = "draining"
    TOTAL = "total"
    ADDRESS = "address"
    VIEWER = "viewer"
    ORIGIN = "origin"


class OpenSocket(Protocol):
    """A WebSocket, or a stream of events, as far as all of them are looked after."""

    transport: Transport
    caller: Caller | None
    """Who has opened it; None: that is not known yet."""

    def end(self, end: End) -> None:
        """Close it, and stop what is under way on it. Twice does nothing."""

    def viewer_changed(self, viewer: Viewer) -> None:
        """Stop the subscriptions that began for somebody else."""


class Sockets:
    """All that are open."""

    def __init__(
        self,
        settings: Settings,
        identify: Callable[[Caller], Awaitable[Viewer]],
        is_draining: Callable[[], bool],
    ) -> None:
        """`identify` asks anew who a caller is, in a place before the database."""
        self.max_sockets = settings.max_sockets
        self._per_address = settings.max_sockets_per_address
        self._per_viewer = settings.max_sockets_per_viewer
        self._identity_s = settings.socket_identity_s
        self._drain_s = min(settings.socket_drain_s, settings.grace_s)
        self._identify = identify
        self._is_draining = is_draining
        self._ends_begun = False
        self.open: dict[OpenSocket, tuple[str | None, str | None]] = {}
        """With the address and the viewer whose share each is."""
        self._by_address: Counter[str] = Counter()
        self._by_viewer: Counter[str] = Counter()
        self.refused = dict.fromkeys(Refusal, 0)
        self.closed = Counter({(transport, LEFT.code): 0 for transport in Transport})
        """How many have ended, by transport and code."""
        self.operations: Counter[Transport] = Counter()
        """How many operations are under way."""
        self.events = 0
        """Answers that were told."""
        self.bytes = 0

    def enter(self, socket: OpenSocket, address: str | None) -> None:
        """Count one that is opened. Raises `HTTPException` where there may be no more."""
        counted = None if address is None else network(address)
        if self._is_draining() or self._ends_begun:
            self._refuse(Refusal.DRAINING, STOPPING)
        if len(self.open) >= self.max_sockets:
            self._refuse(Refusal.TOTAL, FULL)
        if counted is not None:
            if self._per_address and self._by_address[counted] >= self._per_address:
                self._refuse(Refusal.ADDRESS, TOO_MANY)
            self._by_address[counted] += 1
        self.open[socket] = counted, None

    def belongs_to(self, socket: OpenSocket, caller: Caller) -> None:
        """Say who has opened it, now that this is known. Raises `TooManySockets`."""
        socket.caller = caller
        self._count_for(socket, caller.viewer)

    def _count_for(self, socket: OpenSocket, viewer: Viewer) -> None:
        address, before = self.open[socket]
        name = viewer.name if viewer.is_known else None
        if name == before:
            return
        if name is not None and self._per_viewer and self._by_viewer[name] >= self._per_viewer:
            self.refused[Refusal.VIEWER] += 1
            raise TooManySockets(self._per_viewer)
        _less(self._by_viewer, before)
        if name is not None:
            self._by_viewer[name] += 1
        self.open[socket] = address, name

    def leave(self, socket: OpenSocket, code: int) -> None:
        """Forget one that has ended. Twice does nothing."""
        if socket not in self.open:
            return
        address, viewer = self.open.pop(socket)
        self.closed[socket.transport, code] += 1
        _less(self._by_address, address)
        _less(self._by_viewer, viewer)

    def _refuse(self, why: Refusal, refused: HTTPException) -> None:
        self.refused[why] += 1
        raise refused

    # Who they are

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after identities as long as the block lasts, and end what is open at its end."""
        looking = asyncio.create_task(self._look_on_and_on())
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
            for socket in list(self.open):
                socket.end(DRAINING)

    async def _look_on_and_on(self) -> None:
        while True:
            await asyncio.sleep(min(LOOK_S, self._identity_s))
            await self._look()

    async def _look(self) -> None:
        """Ask for those whose credentials were not asked for lately."""
        now = asyncio.get_running_loop().time()
        due: dict[Hashable, list[OpenSocket]] = {}
        for socket in self.open:
            caller = socket.caller
            if caller is not None and caller.viewer.is_known and now - caller.asked_at_s >= self._identity_s:
                due.setdefault(caller.sent, []).append(socket)
        left = list(due.values())
        while left:
            some, left = left[:ASKED_AT_ONCE], left[ASKED_AT_ONCE:]
            await asyncio.gather(*map(self._ask_for, some))

    async def _ask_for(self, same: Iterable[OpenSocket]) -> None:
        """Ask who has opened these: whose credentials are the same."""
        sockets = [(socket, socket.caller) for socket in same if socket.caller is not None]
        began = asyncio.get_running_loop().time()
        for _, caller in sockets:
            caller.asked_at_s = began
        try:
            viewer = await self._identify(sockets[0][1])
        except (
            Exception
        ) as error:  # what keeps us from asking is told by whoever needs a database, and it is asked again
            end = end_of(error) if isinstance(error, ClientError) else UNKNOWN
            for socket, caller in sockets:
                if end.code == FORBIDDEN.code or began - caller.known_at_s > PATIENCE_S:
                    socket.end(end)
        else:
            for socket, caller in sockets:
                caller.known_at_s = began
                self.found(socket, caller, viewer)

    def found(self, socket: OpenSocket, caller: Caller, viewer: Viewer) -> None:
        """Somebody has told who a caller is."""
        if viewer == caller.viewer or socket not in self.open:
            return
        try:
            self._count_for(socket, viewer)
        except TooManySockets:
            socket.end(FORBIDDEN)
            return
        caller.viewer = viewer
        socket.viewer_changed(viewer)

    # The end

    def drain(self) -> None:
        """End all that are open, one after the other, over the time that the settings say."""
        self._ends_begun = True
        loop, sockets = asyncio.get_running_loop(), list(self.open)
        for number, socket in enumerate(sockets):
            loop.call_later(self._drain_s * number / len(sockets), socket.end, DRAINING)


def _less(counts: Counter[str], name: str | None) -> None:
    if name is not None:
        counts[name] -= 1
        if not counts[name]:
            del counts[name]
