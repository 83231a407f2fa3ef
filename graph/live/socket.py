"""One WebSocket, by the protocol `graphql-transport-ws`: messages enter, operations run, their answers leave.

A task reads, a task writes, and each operation has one of its own. Nobody who has news waits for the client: messages
wait in the outbox, and a client that reads too slowly is closed. However a socket ends, each of its operations is
stopped and has done its `finally` before the socket is forgotten; a change that has begun is done to its end.
Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import Receive, Send
from strawberry.types import ExecutionResult

from graph.client import client_of
from graph.context import ContextFactory
from graph.endpoint import CLIENT_HAS_LEFT, CLIENT_LEFT
from graph.errors import ClientError, code_of
from graph.execute.source import Source
from graph.http.responses import OK as OK_STATUS
from graph.http.responses import formed_of
from graph.live import messages
from graph.live.callers import Caller, with_authorization
from graph.live.ends import (
    AGAIN,
    CROWDED,
    DRAINING,
    IDLE,
    LATE,
    LEFT,
    TOO_SLOW,
    UNACKNOWLEDGED,
    End,
    IdentityChanged,
    TooManyOperations,
    TooManySockets,
    end_of,
    invalid,
    taken,
)
from graph.live.lines import SubscriptionRecord
from graph.live.messages import Kind, Message, Unreadable
from graph.live.outbox import Newest, Outbox
from graph.live.pace import EventPace
from graph.live.running import Runner
from graph.live.sockets import Sockets, Transport
from graph.live_queries import LiveQuery
from graph.prepare.documents import OperationRequest
from graph.prepare.operation import CheckedOperation
from graph.request_id import ANSWERED, request_id_of
from graph.settings import Settings
from graph.telemetry.record import OK, RequestRecord, first_code
from graph.viewer import Viewer

LAST_WORDS_S = 1.0
"""How long a client has to take what was told before the end."""
AUTHORIZATION = "authorization"
MAX_NAME = 80
"""Characters of what a socket is called in logs, so that its operations have names of their own."""


class Socket:
    """A WebSocket that was accepted."""

    transport = Transport.WEBSOCKET

    def __init__(
        self,
        connection: HTTPConnection,
        send: Send,
        runner: Runner,
        sockets: Sockets,
        settings: Settings,
        tell_of: Callable[[SubscriptionRecord], None],
    ) -> None:
        self.caller: Caller | None = None
        self._connection = connection
        self._headers = dict(reversed(connection.scope["headers"]))
        self._name = request_id_of(self._headers)[:MAX_NAME]
        self._number = 0
        self._send = send
        self._runner = runner
        self._sockets = sockets
        self._settings = settings
        self._tell_of = tell_of
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(settings.max_socket_bytes)
        self._pace = EventPace(settings.max_socket_events)
        self._ended: asyncio.Future[End] = self._loop.create_future()
        self._init: asyncio.Task[None] | None = None
        self._operations: dict[str, _Operation] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def end_code(self) -> int:
        """The code with which it has ended, or would be if its connection was lost."""
        return self._ended.result().code if self._ended.done() else LEFT.code

    async def run(self, receive: Receive) -> None:
        """Serve until either side ends it, and tell the client why."""
        self._wait(self._settings.socket_init_s, LATE)
        reading = self._loop.create_task(self._read(receive))
        writing = self._loop.create_task(self._write())
        try:
            try:
                end = await asyncio.shield(self._ended)
            except asyncio.CancelledError:  # the server stops, and its grace is over
                end = DRAINING
                self.end(end)
            if end is not TOO_SLOW:
                self._outbox.close()
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(writing), LAST_WORDS_S)
            writing.cancel()
            with suppress(
                OSError, RuntimeError, TimeoutError
            ):  # the connection may be lost: nobody is there to be told
                async with asyncio.timeout(LAST_WORDS_S):
                    await self._send({"type": "websocket.close", "code": end.code, "reason": end.sent_reason})
        finally:
            self._wait(None)
            self._outbox.close(forget=True)
            tasks = {reading, writing, *self._tasks}
            for operation in list(self._operations.values()):
                operation.stop()
            for task in (reading, writing, self._init):
                if task is not None:
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def end(self, end: End) -> None:
        """Close it, and stop what is under way on it. Twice does nothing."""
        if not self._ended.done():
            self._ended.set_result(end)
            for operation in list(self._operations.values()):
                operation.code = None if end.error is None else code_of(end.error)
                operation.stop()

    def viewer_changed(self, _viewer: Viewer) -> None:
        """Stop the subscriptions that began for somebody else."""
        for operation in list(self._operations.values()):
            operation.fail(IdentityChanged())

    # Reading and writing

    async def _read(self, receive: Receive) -> None:
        """Take messages until the client leaves."""
        while not self._ended.done():
            received = await receive()
            if self._ended.done():
                return
            if received["type"] == "websocket.disconnect":
                self.end(LEFT)
                return
            try:
                self._take(messages.read(received.get("text")))
            except Unreadable as error:
                self.end(invalid(str(error)))

    async def _write(self) -> None:
        """Send what waits. Where the connection is lost, whoever reads hears of it."""
        with suppress(OSError, RuntimeError):  # as servers have it
            while not self._outbox.is_done:
                message = await self._outbox.next()
                if message is not None:
                    await self._send({"type": "websocket.send", "text": message.decode()})
                    self._outbox.sent(message)

    def tell(self, message: bytes) -> None:
        """Let a message wait for the client."""
        if not self._outbox.put(message):
            self._outbox.close(forget=True)
            self.end(TOO_SLOW)

    def tell_newest(self, newest: Newest, answer: bytes) -> bool:
        """Let the newest answer of a live query wait; whether it takes the place of one that was not sent."""
        if self._outbox.put_newest(newest, answer):
            return True
        self.note(answer)
        return False

    # Messages

    def _take(self, message: Message) -> None:
        if message.kind is Kind.PING:
            self.tell(messages.pong(message.payload))
        elif message.kind is Kind.INIT:
            self._begin(message.payload or {})
        elif message.kind is Kind.SUBSCRIBE:
            self._subscribe(message)
        elif message.kind is Kind.COMPLETE and message.id in self._operations:
            self._operations[message.id].stop()

    def _begin(self, payload: Any) -> None:
        """Find out who asks. `payload`: what the client calls `connectionParams`."""
        if self._init is not None:
            self.end(AGAIN)
            return
        self._wait(None)
        self._init = self._loop.create_task(self._identify(payload))
        self._tasks.add(self._init)

    async def _identify(self, payload: Any) -> None:
        sent = next((value for name, value in payload.items() if name.lower() == AUTHORIZATION), None)
        request = self._connection
        if sent is not None:
            if not isinstance(sent, str) or not sent.isascii():
                self.end(invalid("Invalid message: `authorization` has to be a text, as the header is."))
                return
            request = with_authorization(request, sent)
        caller = Caller(request, Viewer(), self._loop.time())
        try:
            caller.viewer = await self._runner.identify(caller)
            self._sockets.belongs_to(self, caller)
        except TooManySockets:
            self.end(CROWDED)
        except Exception as error:  # credentials, a database, or whoever knows who asks
            self.end(end_of(error))
        else:
            self.tell(messages.ACK)
            self._rest()

    def _subscribe(self, message: Message) -> None:
        caller, id_ = self.caller, message.id
        if caller is None:
            self.end(UNACKNOWLEDGED)
            return
        if id_ in self._operations:
            self.end(taken(id_))
            return
        asked = messages.operation_in(message.payload)
        if len(self._operations) >= self._settings.max_socket_operations:
            self.refuse(id_, TooManyOperations(self._settings.max_socket_operations))
            return
        self._wait(None)
        self._number += 1
        operation = self._operations[id_] = _Operation(self, id_, asked, caller, f"{self._name}.{self._number}")
        self._sockets.operations[self.transport] += 1
        task = operation.begin(self._loop)
        self._tasks.add(task)
        task.add_done_callback(partial(self._done, operation))

    def refuse(self, id_: str, error: ClientError) -> None:
        """Say that an operation is not begun."""
        self.tell(messages.error(id_, [error.formatted]))

    def _done(self, operation: "_Operation", task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._sockets.operations[self.transport] -= 1
        self.forget(operation)

    def forget(self, operation: "_Operation") -> None:
        """Let the id of an operation be used again. Twice does nothing."""
        if self._operations.get(operation.id) is operation:
            del self._operations[operation.id]
            if not self._operations:
                self._rest()

    def _rest(self) -> None:
        """Nothing is under way: wait for something, for a while."""
        self._wait(self._settings.socket_idle_s, IDLE)

    def _wait(self, seconds: float | None, otherwise: End = LATE) -> None:
        """Wait so long for the client and no longer; None: for as long as it likes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds is not None and not self._ended.done():
            self._timer = self._loop.call_later(seconds, self.end, otherwise)

    # What operations need

    def record(self, name: str) -> RequestRecord:
        """The record of an operation."""
        record = self._runner.endpoint.listeners.begin()
        record.headers = {**self._headers, b"x-request-id": name.encode()}
        record.client = client_of(self._headers)
        return record

    def note(self, payload: bytes) -> None:
        """Count an answer."""
        self._sockets.events += 1
        self._sockets.bytes += len(payload)

    @property
    def runner(self) -> Runner:
        """What runs its operations."""
        return self._runner

    @property
    def pace(self) -> EventPace:
        """How fast events of all its subscriptions come."""
        return self._pace

    def ended(self, record: SubscriptionRecord) -> None:
        """A subscription has ended."""
        self._tell_of(record)


class _Operation:
    """One operation of a socket, in a task of its own."""

    def __init__(self, socket: Socket, id_: str, asked: OperationRequest, caller: Caller, name: str) -> None:
        self.id = id_
        self.code: str | None = None
        """Why it is stopped; None where its client wants it."""
        self._socket = socket
        self._asked = asked
        self._caller = caller
        self._name = name
        self._task: asyncio.Task[None] | None = None
        self._contexts: ContextFactory | None = None
        self._is_muted = False
        self._goes_on = False
        """Whether it is a subscription, or a live query, that has begun."""
        self._newest = Newest(partial(messages.next_, id_))
        self._viewer = caller.viewer
        """For whom it began."""

    def begin(self, loop: asyncio.AbstractEventLoop) -> "asyncio.Task[None]":
        """Run in a task of its own."""
        self._task = loop.create_task(self._run())
        return self._task

    def stop(self) -> None:
        """Tell nothing more, and run no longer than has to be."""
        self._is_muted = True
        self._newest.forget()
        self._socket.forget(self)
        if self._task is not None and (self._contexts is None or self._contexts.may_stop()):
            self._task.cancel()

    def fail(self, error: ClientError) -> None:
        """Stop what goes on because of this; other operations end soon by themselves."""
        if self._goes_on and not self._is_muted:
            self._socket.refuse(self.id, error)
            self.code = error.code
            self.stop()

    def _begun(self, contexts: ContextFactory) -> None:
        self._contexts, self._viewer = contexts, contexts.viewer

    async def _run(self) -> None:
        socket, runner = self._socket, self._socket.runner
        record = socket.record(self._name)
        ANSWERED.set(record)
        rates = runner.endpoint.rates
        meter = None if rates is None else rates.meter(self._caller.address)
        try:
            found = await runner.answer(self._asked, self._caller, record, meter, self._begun)
        except asyncio.CancelledError:
            record.code = CLIENT_HAS_LEFT
            self._told(record, CLIENT_LEFT)
            raise
        if isinstance(found, CheckedOperation):
            await runner.parts(found, self._asked, self._caller, record, self._tell_part)
            self._complete()
            self._told(record, OK_STATUS)
            return
        if isinstance(found, ExecutionResult):
            self._finish(found)
            self._told(record, OK_STATUS)
            return
        self._told(record, OK_STATUS)
        await self._go_on(found, record)

    def _told(self, record: RequestRecord, status: int) -> None:
        record.end(status)
        self._socket.runner.endpoint.listeners.tell(record)

    async def _go_on(self, found: Source | LiveQuery, record: RequestRecord) -> None:
        self._goes_on, self._contexts = True, None
        if self._viewer != self._caller.viewer:  # it was asked meanwhile who that is
            self.fail(IdentityChanged())
        noted = SubscriptionRecord(record, record.operations[-1], Transport.WEBSOCKET)
        code = OK
        try:
            if isinstance(found, LiveQuery):
                failure = await self._socket.runner.follow(found, noted, self._socket.pace, self._tell_newest)
            else:
                tell = partial(self._tell, noted)
                failure = await self._socket.runner.deliver(found, self._caller, noted, self._socket.pace, tell)
            if failure is None:
                self._complete()
            elif not self._is_muted:
                self._is_muted = True
                self._socket.tell(messages.error(self.id, formed_of(failure)["errors"]))
                self._socket.forget(self)
                code = first_code(failure.errors or ())
        finally:
            noted.end(self.code or code)
            self._socket.ended(noted)

    def _finish(self, result: ExecutionResult) -> None:
        """Tell the one answer of a query or a mutation, or why there is none."""
        if self._is_muted:
            return
        payload, was_run = self._socket.runner.payload(result, self._caller)
        if was_run:
            self._socket.note(payload)
            self._socket.tell(messages.next_(self.id, payload))
            self._complete()
        else:
            self._socket.tell(messages.error(self.id, formed_of(result)["errors"]))
            self._socket.forget(self)

    def _tell(self, noted: SubscriptionRecord, result: ExecutionResult) -> None:
        if self._is_muted:
            return
        payload, _ = self._socket.runner.payload(result, self._caller)
        noted.bytes += len(payload)
        self._tell_part(payload)

    def _tell_part(self, payload: bytes) -> None:
        if not self._is_muted:
            self._socket.note(payload)
            self._socket.tell(messages.next_(self.id, payload))

    def _tell_newest(self, answer: bytes) -> bool:
        return not self._is_muted and self._socket.tell_newest(self._newest, answer)

    def _complete(self) -> None:
        if not self._is_muted:
            self._is_muted = True
            self._socket.forget(self)
            self._socket.tell(messages.complete(self.id))
