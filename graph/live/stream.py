"""One stream: an operation whose answers are told as server-sent events, or as parts of a body.

The response begins with the operation and ends with it. Answers wait in an outbox while the client reads, and whoever
runs the operation never waits for that. In silence, something is sent now and then that says nothing: so neither side
takes the connection for lost. Sources:
https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md (distinct mode),
https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from graph.execute.source import Source
from graph.http.forms import Form
from graph.http.responses import STREAMED
from graph.live.callers import Caller
from graph.live.ends import LEFT, TOO_SLOW, End, IdentityChanged
from graph.live.lines import SubscriptionRecord
from graph.live.outbox import Newest, Outbox
from graph.live.pace import EventPace
from graph.live.running import Runner
from graph.live.sockets import Sockets, Transport
from graph.live_queries import LiveQuery
from graph.settings import Settings
from graph.telemetry.record import OK, first_code
from graph.viewer import Viewer

Parts: TypeAlias = Callable[[Callable[[bytes], None]], Awaitable[None]]
"""Answers in parts, each of which is handed over as it comes."""


class Framing(NamedTuple):
    """How answers stand in the body."""

    transport: Transport
    content_type: bytes
    start: bytes
    before: bytes
    """What stands before each answer."""
    after: bytes
    silence: bytes
    """What says nothing; empty: there is no such thing."""
    end: bytes


_PART = b"\r\nContent-Type: application/json\r\n\r\n"
"""What stands before a part. Where it ends is sent with it: a client takes a part when it has read that."""

FRAMINGS = {
    Form.EVENTS: Framing(
        Transport.EVENTS,
        b"text/event-stream; charset=utf-8",
        b":\n\n",
        b"event: next\ndata: ",
        b"\n\n",
        b":\n\n",
        b"event: complete\ndata:\n\n",
    ),
    Form.PAYLOADS: Framing(
        Transport.PARTS,
        b'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0',
        b"--graphql",
        _PART + b'{"payload":',
        b"}\r\n--graphql",
        _PART + b"{}\r\n--graphql",
        b"--\r\n",
    ),
    Form.PARTS: Framing(Transport.PARTS, b'multipart/mixed; boundary="-"', b"---", _PART, b"\r\n---", b"", b"--\r\n"),
}

HEADERS = (
    (b"cache-control", b"no-store"),
    (b"vary", b"Accept"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-accel-buffering", b"no"),  # nginx and others would keep answers until there are more of them
)


class StreamResponse(Response):
    """The response of one operation, told answer by answer. Whoever has one calls it, once."""

    def __init__(
        self,
        form: Form,
        caller: Caller,
        runner: Runner,
        sockets: Sockets,
        settings: Settings,
        tell_of: Callable[[SubscriptionRecord], None],
    ) -> None:
        self._framing = FRAMINGS[form]
        self.transport = self._framing.transport
        self.status_code = 200
        self.background = None
        self.body = b""
        self.raw_headers = [*HEADERS, (b"content-type", self._framing.content_type)]
        self.caller: Caller | None = caller
        self._caller = caller
        self._runner = runner
        self._sockets = sockets
        self._heartbeat_s = settings.socket_heartbeat_s
        self._outbox = Outbox(settings.max_socket_bytes)
        self._newest = Newest(self._framed)
        self._pace = EventPace(settings.max_socket_events)
        self._tell_of = tell_of
        self._working: asyncio.Task[None] | None = None
        self._noted: SubscriptionRecord | None = None
        self.is_one_answer = False
        """Whether it is to be told of when it has ended, as answers are, and not when it begins."""
        self._end = LEFT
        self._has_ended = False

    def begin(self, found: Source | LiveQuery | ExecutionResult | Parts, noted: SubscriptionRecord | None) -> None:
        """Say what is to be told: what has several answers, the one answer of something else, or an answer in parts."""
        self._found = found
        self._noted = noted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell everything, as long as the client reads."""
        scope[STREAMED] = True
        self._sockets.operations[self.transport] += 1
        work = self._working = asyncio.create_task(self._work())
        listening = asyncio.create_task(self._listen(receive))
        try:
            # The client has left, as some servers say it; or the server stops, and its grace is over.
            with suppress(OSError, asyncio.CancelledError):
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                await self._write(send)
        finally:
            listening.cancel()
            self._stop(LEFT)
            await asyncio.gather(work, listening, return_exceptions=True)
            self._sockets.operations[self.transport] -= 1
            self._sockets.leave(self, self._end.code)

    def end(self, end: End) -> None:
        """Tell why there is no more, and complete. Twice does nothing."""
        if self._has_ended:
            return
        self._stop(end)
        errors = [] if end.error is None else [end.error.formatted]
        self._close(errors, forget=end is TOO_SLOW)

    def viewer_changed(self, _viewer: Viewer) -> None:
        """Stop: it began for somebody else."""
        if self._noted is None:  # an answer in parts is of one moment
            return
        error = IdentityChanged()
        self.end(End(LEFT.code, error.message, error))

    def _stop(self, end: End) -> None:
        if not self._has_ended:
            self._has_ended, self._end = True, end
            if self._working is not None:
                self._working.cancel()

    def _close(self, errors: Sequence[Any], *, forget: bool = False) -> None:
        """Tell these errors, if there are any, and that nothing follows."""
        last = self._framing.end
        if errors:
            last = self._framed(self._runner.errors(errors)) + last
        self._outbox.close(last, forget=forget)

    async def _listen(self, receive: Receive) -> None:
        """Stop when the client leaves."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stop(LEFT)
        self._outbox.close(forget=True)

    async def _write(self, send: Send) -> None:
        await send(_body(self._framing.start))
        while not self._outbox.is_done:
            message = await self._outbox.next(self._heartbeat_s)
            if message is not None:
                await send(_body(message))
                self._outbox.sent(message)
                # The loop tells of a lost connection in its next turn, and neither `send` nor `next` has to wait for
                # one: all that is there would be written to nobody, each time with a warning of asyncio's.
                await asyncio.sleep(0)
            elif self._framing.silence and not self._outbox.is_done:
                await send(_body(self._framing.silence))
        await send(_body(b"", more=False))

    async def _work(self) -> None:
        """Answer, and answer on, until there is nothing more to tell."""
        code = OK
        try:
            if self._has_ended:  # before anything was told
                return
            if isinstance(self._found, Source | LiveQuery):
                failure = await self._go_on(self._found)
                if failure is not None:
                    self._tell(failure)
                    code = first_code(failure.errors or ())
            elif isinstance(self._found, ExecutionResult):
                self._tell(self._found)
            else:
                await self._found(self._tell_payload)
            self._has_ended = True
            self._close(())
        finally:
            if isinstance(self._found, Source):
                await self._found.close()
            if self._noted is not None:
                error = self._end.error
                self._noted.end(code if error is None else error.code)
                self._tell_of(self._noted)

    async def _go_on(self, found: Source | LiveQuery) -> ExecutionResult | None:
        """Tell answer after answer; what has ended them, if anything did."""
        assert self._noted is not None  # begun with it
        if isinstance(found, LiveQuery):
            return await self._runner.follow(found, self._noted, self._pace, self._tell_newest)
        return await self._runner.deliver(found, self._caller, self._noted, self._pace, self._tell)

    def _tell(self, result: ExecutionResult) -> None:
        if self._has_ended:
            return
        payload, _ = self._runner.payload(result, self._caller)
        self._tell_payload(payload)

    def _tell_payload(self, payload: bytes) -> None:
        if self._noted is not None:
            self._noted.bytes += len(payload)
        self._sockets.events += 1
        self._sockets.bytes += len(payload)
        if not self._outbox.put(self._framed(payload)):
            self.end(TOO_SLOW)

    def _tell_newest(self, payload: bytes) -> bool:
        """Let the newest answer wait; whether it takes the place of one that was not sent."""
        if self._outbox.put_newest(self._newest, payload):
            return True
        self._sockets.events += 1
        self._sockets.bytes += len(payload)
        return False

    def _framed(self, payload: bytes) -> bytes:
        return b"%b%b%b" % (self._framing.before, payload, self._framing.after)


def _body(part: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": part, "more_body": more}
