"""One WebSocket: bytes enter, messages within limits leave for the application, and its messages go back.

uvicorn's protocol on wsproto frames and unframes; this one counts at the gate as any connection does, bounds how slowly
a client may read, says why a frame is refused, and lets the application decide how sockets end when the server drains.
"""

import asyncio
import logging
from typing import Any

from uvicorn import Config
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from uvicorn.server import ServerState
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Ping

from graph.serving.pace import Pace
from graph.serving.protocol import gate_of, unread

logger = logging.getLogger("graph.serving.sockets")
"""For faults alone: uvicorn tells of each handshake, with its address and whatever stands there."""


class LimitedSocket(WSProtocol):
    """uvicorn's protocol for WebSockets, with limits."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.logger = logger
        self.gate = gate_of(server_state)
        self._writing: Pace | None = None
        """How fast the client reads what had to wait for it; None while nothing has to."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Go on with a connection that the gate has let in already."""
        super().connection_made(transport)
        self.gate.enter(self, self.client[0] if self.client else None)

    def connection_lost(self, exc: Exception | None) -> None:
        """End with a client."""
        self.gate.leave(self)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client reads more slowly than there is news."""
        super().pause_writing()
        self._writing = Pace(self.gate.now_s, -unread(self.transport))

    def resume_writing(self) -> None:
        """The client has read nearly everything."""
        super().resume_writing()
        self._writing = None

    def handle_ping(self, event: Ping) -> None:
        """Answer, unless the client does not read: answers to a flood of pings would grow without a bound."""
        if self._writing is None:
            super().handle_ping(event)

    def handle_close(self, event: CloseConnection) -> None:
        """End, as the client wants it; or say what is wrong with its frame, which uvicorn does not."""
        if not self.close_sent and self.conn.state is ConnectionState.OPEN and not self.transport.is_closing():
            self.transport.write(self.conn.send(CloseConnection(code=event.code, reason=event.reason)))
        super().handle_close(event)

    async def send(self, message: Any) -> None:
        """Send a message. A close waits for nobody: a client that does not read would never be closed."""
        if message["type"] == "websocket.close":
            self.writable.set()
        await super().send(message)

    # From the server

    def drain(self) -> None:
        """Nothing: the application ends its sockets one after the other."""

    def shutdown(self) -> None:
        """Nothing, as above; what is left at the end of the grace is cut off."""

    # From the gate

    def gives_way(self) -> bool:
        """A socket is in use as long as it is open."""
        return False

    def check(self, now_s: float) -> None:
        """End the connection if its client does not read."""
        if self._writing is not None and self._writing.is_late(
            now_s, -unread(self.transport), self.gate.limits.write_timeout_s
        ):
            self.transport.abort()
