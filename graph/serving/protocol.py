"""One connection: bytes enter, requests within limits leave for the application, and answers go back.

uvicorn's protocol parses and answers; this one bounds what a stranger may send, and how slowly that may be sent and
answers be read. What is refused is told once, in the form of GraphQL's errors, and then the connection ends. Nothing
here waits. The common request costs a few comparisons.
"""

import asyncio
import contextlib
import fcntl
import termios
from array import array
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from graph.http.responses import refusal
from graph.serving.gate import Gate, Refusal
from graph.serving.joined import JoinedAnswers
from graph.serving.limits import LINGER_S, MAX_HEADERS, MAX_PIPELINED, Limits
from graph.serving.pace import Pace
from graph.settings import KIB, Settings

FRAMING = 8
"""The most bytes that arrive for each byte of a body; chunks of one byte have six."""
AT_ONCE = 256 * KIB
"""The most that arrives in one piece. Source: asyncio's and uvloop's own size of a read."""
RETRY = {"Retry-After": "1"}

BAD_REQUEST = HTTPException(400, "This is not HTTP/1.1, or it can be read in two ways. Send it as RFC 9112 has it.")
FULL = HTTPException(503, "The server has as many connections as it may have. Try again in a moment.", RETRY)
TOO_MANY = HTTPException(
    429,
    "Your network address has as many connections as one may have. Close some, or keep them and send more than one"
    " request on each. A proxy's address is not counted where TRELLIS_TRUSTED_PROXIES names it.",
    RETRY,
)
TOO_SLOW = HTTPException(408, "The request took too long to arrive. Send it again.")
UPGRADED_BODY = HTTPException(400, "Send the body in HTTP/1.1, without `Upgrade`; no other protocol is offered.")
MOSTLY_FRAMING = HTTPException(400, "The body has far more framing than content. Send it in larger chunks.")
REFUSALS = {Refusal.TOTAL: FULL, Refusal.PER_ADDRESS: TOO_MANY}


class Reading(Enum):
    """What comes next from the client."""

    NEW = auto()
    """No byte has come."""
    IDLE = auto()
    """No byte since the last request."""
    HEAD = auto()
    BODY = auto()
    WASTE = auto()
    """The client was refused: what it still sends is dropped, until it has read why or its time is up."""


NEW: Final = Reading.NEW
IDLE: Final = Reading.IDLE
HEAD: Final = Reading.HEAD
BODY: Final = Reading.BODY
WASTE: Final = Reading.WASTE
"""An enumeration's member takes a look-up of its own each time."""


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with limits.

    Its gate is the server's. Under a server of uvicorn's own (`--http graph.serving.protocol:LimitedProtocol`), it has
    the limits of the environment's settings.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.gate = gate_of(server_state)
        self._head_left = self.gate.limits.header_bytes
        self._reading = NEW
        self._since_s = 0.0
        """When that began, by the gate's time."""
        self._running: RequestResponseCycle | None = None
        """The request that is being answered; uvicorn's `cycle` is the last one that has come."""
        self._refusal = BAD_REQUEST
        """What is told when the parser stops."""
        self._body: _SlowBody | None = None
        self._writing: Pace | None = None
        """How fast the client reads what had to wait for it; None while nothing has to."""

    # From asyncio

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin with a client, or tell it why not."""
        super().connection_made(transport)
        self.answers = JoinedAnswers(transport)
        refused = self.gate.enter(self, self.client[0] if self.client else None)
        self._since_s = self.gate.now_s
        if refused is None:
            return
        if self.gate.is_flooded:
            self.gate.refused[REFUSALS[refused].status_code] += 1
            self._reading = WASTE
            transport.abort()
        else:
            self._refuse(REFUSALS[refused])

    def connection_lost(self, exc: Exception | None) -> None:
        """End with a client."""
        self.gate.leave(self)
        super().connection_lost(exc)
        if self._running is not None and self._running is not self.cycle:
            self._running.disconnected = True
            self._running.message_event.set()

    def data_received(self, data: bytes) -> None:
        """Parse what has come, as far as a head may reach."""
        reading = self._reading
        if reading is WASTE:
            return
        if reading is not BODY:
            if reading is not HEAD:
                self._reading, self._since_s = HEAD, self.gate.now_s
            if len(data) > self._head_left:
                self._receive_in_parts(data)
                return
            self._head_left -= len(data)
        super().data_received(data)
        if self._reading is BODY:
            self._wait_for_body(len(data))

    def pause_writing(self) -> None:
        """The client reads more slowly than we answer."""
        super().pause_writing()
        self._writing = Pace(self.gate.now_s, -unread(self.transport))

    def resume_writing(self) -> None:
        """The client has read nearly everything."""
        super().resume_writing()
        self._writing = None

    # From the parser

    def on_headers_complete(self) -> None:
        """Hand a request to the application, or line it up behind those before it."""
        if len(self.headers) > MAX_HEADERS:
            self._stop(HTTPException(431, f"A request may have {MAX_HEADERS} headers."))
        if len(self.pipeline) >= MAX_PIPELINED:
            self._stop(BAD_REQUEST)  # not told: there are answers before it
        if self.parser.should_upgrade():
            self._refuse_upgraded_body()
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is before:  # another protocol takes the connection
            return
        self._reading = BODY
        self.cycle.transport = self.answers  # type: ignore[assignment]  # what a cycle needs of a transport
        if not self.pipeline:
            self._running = self.cycle
        # uvicorn would add the trailers of a body to the headers that the application has checked already.
        self.headers = []
        if self.gate.draining or self.parser.should_upgrade():
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Hand a part of a body to the application."""
        if self._body is not None:
            self._body.content += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is there as a whole; the next head may begin."""
        super().on_message_complete()
        # After an upgrade that nobody offers, the parser would take whatever follows for a request.
        self._reading = WASTE if self.parser.should_upgrade() else IDLE
        self._head_left = self.gate.limits.header_bytes
        if self._body is not None:
            self._body.arrived(self.gate.draining)
            self._body = None

    # From uvicorn

    def on_response_complete(self) -> None:
        """Begin with the next request, or wait for one. The gate closes what waits too long: no timer is needed."""
        self.answers.flush()
        if self.pipeline:
            self._running = self.pipeline[-1][0]
            super().on_response_complete()
            return
        self._running = None
        self._since_s = self.gate.now_s
        self.server_state.total_requests += 1
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def send_400_response(self, msg: str) -> None:
        """The parser has stopped: say why."""
        self._refuse(self._refusal)

    def handle_websocket_upgrade(self) -> None:
        """Let the connection go to another protocol, which has limits of its own."""
        self.gate.leave(self)
        super().handle_websocket_upgrade()

    # From the server

    def drain(self) -> None:
        """Make the answer to the last request that has come the last one of this connection."""
        if self._running is not None:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """End a connection on which nothing is asked; where something is, or may just be coming, its answer ends it."""
        if self._running is not None:
            self.drain()
        else:
            self.gives_way()

    # From the gate

    def gives_way(self) -> bool:
        """End a connection on which nothing is asked, and nothing may just be coming. Whether it was one."""
        if self._reading not in (NEW, IDLE) or self._running is not None or self._writing is not None:
            return False
        if self.gate.now_s - self._since_s <= self.gate.in_use_s or unheard(self.transport):
            return False
        self.transport.close()
        return True

    def check(self, now_s: float) -> None:
        """End the connection if it is late."""
        limits, waited_s = self.gate.limits, now_s - self._since_s
        if self._writing is not None:
            if self._writing.is_late(now_s, -unread(self.transport), limits.write_timeout_s):
                self.transport.abort()
        elif self._running is not None:
            if self._body is not None and self._body.is_late(now_s, limits.body_timeout_s):
                self._refuse(TOO_SLOW)
        elif self.transport.is_closing():
            # What is left is too little for uvicorn to wait, and the client does not take it.
            if waited_s > limits.write_timeout_s:
                self.transport.abort()
        elif self._reading is WASTE:
            if waited_s > LINGER_S:
                self.transport.abort()
        else:
            self._check_waiting(waited_s)

    def _check_waiting(self, waited_s: float) -> None:
        """Nothing is being answered: the client has had `waited_s` for a head, or for beginning with one."""
        limits, draining = self.gate.limits, self.gate.draining
        if self._reading is HEAD:
            if waited_s > (min(limits.header_timeout_s, self.gate.in_use_s) if draining else limits.header_timeout_s):
                self._refuse(TOO_SLOW)
        elif draining or waited_s > (limits.keep_alive_s if self._reading is IDLE else limits.header_timeout_s):
            self.gives_way()

    # Refusing

    def _receive_in_parts(self, data: bytes) -> None:
        """Parse no more of a head than it may have: the parser's time grows with the square of a header's length."""
        while data and self._reading is not WASTE:
            size = len(data) if self._reading is BODY else self._head_left
            if not size:
                self._refuse(_too_long(self.gate.limits))
                return
            part, data = data[:size], data[size:]
            self.data_received(part)

    def _wait_for_body(self, size: int) -> None:
        """The rest of a body has to come. Until it is there, an answer is the last of its connection."""
        if self._body is None:
            self._body = _SlowBody(self, self.cycle, self.gate.now_s)
            self.cycle.transport = self._body  # type: ignore[assignment]  # as above
        elif self._body.is_framing(size):
            self._refuse(MOSTLY_FRAMING)

    def _refuse_upgraded_body(self) -> None:
        """Refuse a body beside `Upgrade`: the parser takes it for the other protocol's, a proxy for this request's.

        Without a body the request is answered in HTTP/1.1, as curl's `--http2` expects.
        """
        if any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in self.headers
        ):
            self._stop(UPGRADED_BODY)

    def _stop(self, refused: HTTPException) -> None:
        """Make the parser stop; uvicorn asks for a response then."""
        self._refusal = refused
        raise ValueError(refused.detail)

    def _refuse(self, refused: HTTPException) -> None:
        """Read no more, and tell why. Where requests before this one are to be answered yet, just end after them."""
        incomplete = self.cycle if self._reading is BODY else None
        self._reading = WASTE
        self.gate.refused[refused.status_code] += 1
        if self._running is None or self._running is incomplete:
            self._tell(refused, incomplete)
            return
        if incomplete is not None:
            self.pipeline.popleft()  # the last one that has come
        last = self.pipeline[0][0] if self.pipeline else self._running
        last.keep_alive = False

    def _tell(self, refused: HTTPException, incomplete: RequestResponseCycle | None) -> None:
        if incomplete is not None:
            self._running, incomplete.disconnected = None, True
            incomplete.message_event.set()
        if incomplete is None or not incomplete.response_started:
            answer = refusal(refused)
            head = (*self.server_state.default_headers, *answer.raw_headers, (b"connection", b"close"))
            lines = b"".join(b"%b: %b\r\n" % line for line in head)
            status = f"HTTP/1.1 {refused.status_code} {HTTPStatus(refused.status_code).phrase}\r\n"
            self.transport.write(status.encode() + lines + b"\r\n" + answer.body)
        self.linger()

    def linger(self) -> None:
        """Say that no more is coming, and drop what comes: closed at once, the client would lose what it was told.

        Source: https://www.rfc-editor.org/rfc/rfc9112#section-9.6
        """
        self._reading, self._since_s = WASTE, self.gate.now_s
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()


class _SlowBody:
    """The body of a request that has not come as a whole; its cycle takes it for the transport meanwhile."""

    def __init__(self, protocol: LimitedProtocol, cycle: RequestResponseCycle, now_s: float) -> None:
        self.write = protocol.transport.write
        self.is_closing = protocol.transport.is_closing
        self.close = protocol.linger
        self._transport = protocol.answers
        self._cycle = cycle
        self._keep_alive = cycle.keep_alive
        cycle.keep_alive = False
        self._flow = protocol.flow
        self._pace = Pace(now_s)
        self._received = 0
        self.content = 0
        """Bytes of it that the application gets."""

    def is_framing(self, size: int) -> bool:
        """Count what has arrived. Whether most of it is no content, but extensions of chunks, and trailers."""
        self._received += size
        return self._received > AT_ONCE + FRAMING * self.content

    def is_late(self, now_s: float, timeout_s: float) -> bool:
        """Whether the body comes too slowly; not while it has to wait for the application."""
        return not self._flow.read_paused and self._pace.is_late(now_s, self.content, timeout_s)

    def arrived(self, draining: bool) -> None:
        """The body is there: the connection may go on after the answer, as it would have."""
        if not self._cycle.response_started:
            self._cycle.keep_alive = self._keep_alive and not draining
        self._cycle.transport = self._transport  # type: ignore[assignment]  # as above


def gate_of(state: ServerState) -> Gate:
    """The gate of a server."""
    gate: Gate | None = getattr(state, "gate", None)
    if gate is None:
        gate = state.gate = Gate(Limits.of(Settings()))  # type: ignore[attr-defined]  # a server of uvicorn's own
    return gate


def unread(transport: asyncio.Transport) -> int:
    """The bytes of answers that the client's machine has not got: ours, and those that the kernel has taken of us.

    The kernel takes megabytes at once and then nothing for a while: ours alone would tell nothing of a slow reader.
    Source: https://man7.org/linux/man-pages/man7/tcp.7.html (SIOCOUTQ)
    """
    return transport.get_write_buffer_size() + _told_by_kernel(transport, termios.TIOCOUTQ)


def unheard(transport: asyncio.Transport) -> int:
    """The bytes that have come and that the loop, busy as it may be, has not read yet: a request, perhaps."""
    return _told_by_kernel(transport, termios.FIONREAD)


def _told_by_kernel(transport: asyncio.Transport, question: int) -> int:
    told = array("i", [0])
    with contextlib.suppress(OSError, ValueError):  # another kernel, which does not tell, or a closed socket
        fcntl.ioctl(transport.get_extra_info("socket").fileno(), question, told)
    return told[0]


def _too_long(limits: Limits) -> HTTPException:
    return HTTPException(
        431,
        f"The address and the headers may have {limits.header_bytes} bytes together. Send long documents in a body, and"
        " fewer cookies.",
    )
