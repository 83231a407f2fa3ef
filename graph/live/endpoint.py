"""Where WebSockets are opened, and where requests become streams.

A handshake enters; a socket is served, or refused in a sentence. A request whose client takes several answers enters
with its operation; a response leaves that tells them, or nothing where one answer is enough.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

from graphql import OperationType
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from graph.auth.cross_site import origin_of
from graph.context import ContextFactory
from graph.endpoint import GraphQLEndpoint
from graph.execute.source import Source
from graph.http.forms import Accepted
from graph.http.responses import refusal
from graph.live.callers import Caller
from graph.live.ends import LEFT, WRONG_PROTOCOL
from graph.live.lines import SubscriptionListener, SubscriptionRecord
from graph.live.messages import LEGACY, SUBPROTOCOL
from graph.live.running import Runner
from graph.live.socket import Socket
from graph.live.sockets import Refusal, Sockets
from graph.live.stream import StreamResponse
from graph.live_queries import LiveQueries, LiveQuery
from graph.prepare.documents import OperationRequest
from graph.setting_types import ANY_ORIGIN
from graph.settings import Settings
from graph.telemetry.record import RequestRecord

FOREIGN = HTTPException(
    403,
    "Pages of this origin may not open a WebSocket here. On your own server, TRELLIS_CORS_ORIGINS names the origins of"
    " others that may.",
)

NO_SUCH_FORM = HTTPException(406, "Accept text/event-stream, or multipart/mixed;subscriptionSpec=1.0.")


class Live:
    """The WebSockets and streams of one server."""

    def __init__(
        self,
        endpoint: GraphQLEndpoint,
        settings: Settings,
        is_draining: Callable[[], bool],
        live_queries: LiveQueries,
    ) -> None:
        self._settings = settings
        self._origins = frozenset(settings.cors_origins)
        self._runner = Runner(endpoint, settings.operation_timeout_s, live_queries)
        self.sockets = Sockets(settings, self._runner.identify, is_draining)
        self.listeners: list[SubscriptionListener] = []
        """Whoever hears of each subscription when it has ended."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open a WebSocket and serve it, as ASGI has it."""
        connection = HTTPConnection(scope)
        offered = scope.get("subprotocols", ())
        try:
            self._check_origin(connection)
            socket = Socket(connection, send, self._runner, self.sockets, self._settings, self._tell)
            self.sockets.enter(socket, None if connection.client is None else connection.client.host)
        except HTTPException as refused:
            await refusal(refused)(scope, receive, send)
            return
        try:
            await receive()  # `websocket.connect`
            if SUBPROTOCOL in offered:
                await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
                await socket.run(receive)
            else:
                socket.end(WRONG_PROTOCOL)
                # A browser that is given none of those that it offers takes the connection for broken, without a code.
                await send({"type": "websocket.accept", "subprotocol": LEGACY if LEGACY in offered else None})
                await socket.run(receive)
        finally:
            self.sockets.leave(socket, socket.end_code)

    async def respond(
        self,
        accepted: Accepted,
        asked: OperationRequest,
        request: Request,
        contexts: ContextFactory,
        record: RequestRecord,
    ) -> Response | None:
        """The response to an operation of a client that takes several answers; None where it is answered as others are.

        Raises `HTTPException` and `TooManySockets` where no more may be open, and what the operation raises.
        """
        preparer, form = self._runner.endpoint.operations.preparer, accepted.form
        goes_on = preparer.kind_of(asked) is OperationType.SUBSCRIPTION or preparer.is_live(asked)
        comes_later = accepted.later is not None and not goes_on and preparer.is_incremental(asked)
        if not goes_on and accepted.later is not None and (comes_later or accepted.parts_only):
            form = accepted.later
        if request.scope["method"] == "HEAD" or not (goes_on or comes_later or accepted.parts_only):
            return None
        if form is None:
            if accepted.parts_only:
                raise NO_SUCH_FORM
            return None
        caller = Caller(request, contexts.viewer, asyncio.get_running_loop().time())
        response = StreamResponse(form, caller, self._runner, self.sockets, self._settings, self._tell)
        self.sockets.enter(response, caller.address)
        try:
            self.sockets.belongs_to(response, caller)
            if goes_on:
                found = await self._begin(asked, caller, contexts, record)
                response.begin(found, SubscriptionRecord(record, record.operations[-1], response.transport))
            elif comes_later:
                checked = await self._runner.counted(asked, contexts)
                response.begin(partial(self._runner.parts, checked, asked, caller, record), None)
                response.is_one_answer = True
            else:
                response.begin(await self._runner.endpoint.execute(request, asked, contexts, record), None)
        except BaseException:
            self.sockets.leave(response, LEFT.code)
            raise
        return response

    async def _begin(
        self, asked: OperationRequest, caller: Caller, contexts: ContextFactory, record: RequestRecord
    ) -> Source | LiveQuery | ExecutionResult:
        noted = record.operation(asked)
        try:
            found = await self._runner.begin(asked, caller, contexts, record, noted)
            return noted.came_to(found) if isinstance(found, ExecutionResult) else found
        finally:
            noted.end()

    def running(self) -> AbstractAsyncContextManager[None]:
        """Look after sockets and streams as long as the block lasts."""
        return self.sockets.running()

    def drain(self) -> None:
        """End all sockets and streams, over a while."""
        self.sockets.drain()

    def _tell(self, record: SubscriptionRecord) -> None:
        self._runner.endpoint.listeners.flush()  # its start is told first
        for listener in self.listeners:
            listener(record)

    def _check_origin(self, connection: HTTPConnection) -> None:
        """Refuse pages of other origins than answers are for: a browser asks nobody before it opens a WebSocket."""
        origin = connection.headers.get("origin")
        if origin is None or ANY_ORIGIN in self._origins or origin.lower() in self._origins:
            return
        if origin.lower() != origin_of(connection):
            self.sockets.refused[Refusal.ORIGIN] += 1
            raise FOREIGN
