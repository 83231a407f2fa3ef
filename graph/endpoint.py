"""GraphQL over HTTP: a request enters, JSON leaves; a browser gets GraphiQL.

The endpoint is an ASGI application of its own, so that the common request passes no more layers than it needs.
Source: https://graphql.github.io/graphql-over-http/draft/
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from graphql import GraphQLError, OperationType
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.types import ExecutionResult

from db import exact_json
from db.relations import Visibility
from db.session.engines import Engines
from db.statements import StatementCache
from graph.context import ContextFactory, Cookie
from graph.disconnect import while_connected
from graph.documents import Documents
from graph.domain import Identification
from graph.entity import Schema
from graph.errors import ClientError, CrossSite, Unauthenticated
from graph.explorer import explorer_page
from graph.http import GRAPHQL_RESPONSE, JSON, headers_of, read_request, response_type, wants_page
from graph.masking import Overloaded, code_of, for_client
from graph.prepare.documents import InvalidDocument, NotAllowed, OperationRequest
from graph.settings import Settings
from graph.viewer import Viewer

METHODS = ("GET", "HEAD", "POST")
READING = {OperationType.QUERY}
EVERYTHING = {OperationType.QUERY, OperationType.MUTATION}

CLIENT_LEFT = 499
"""Nobody reads it; the metrics count it. Source: https://nginx.org/en/docs/dev/development_guide.html#http_phases"""
RETRY_AFTER_S = 1

REFUSED = {Unauthenticated.code: 401, CrossSite.code: 403}
"""The statuses of requests that are refused for what they say of their sender."""
HEADERS_OF = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": str(RETRY_AFTER_S)}}

HEADERS = ((b"cache-control", b"no-store"), (b"vary", b"Accept"), (b"x-content-type-options", b"nosniff"))
"""An answer is for who asked, in the form asked for, and never a page."""


class _Answer(Response):
    """A response whose bytes are made already."""

    def __init__(self, body: bytes, status: int, media_type: str, headers: Mapping[str, str] | None = None) -> None:
        self.body = body
        self.status_code = status
        self.background = None
        self.raw_headers = [
            *HEADERS,
            (b"content-type", f"{media_type}; charset=utf-8".encode("latin-1")),
            (b"content-length", str(len(body)).encode("latin-1")),
            *((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()),
        ]


class GraphQLEndpoint:
    """Answers at `/graphql`."""

    def __init__(
        self,
        schema: Schema,
        engines: Engines,
        settings: Settings,
        identify: Identification,
        visibility: Callable[[Viewer], Visibility],
        services: Sequence[object] = (),
    ) -> None:
        self.documents = Documents(schema.preparer, engines, settings)
        self._operations = schema.operations
        self._engines = engines
        self._settings = settings
        self._identify = identify
        self._visibility = visibility
        self._services = services
        self._statements = StatementCache()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """Answer one request."""
        if request.method not in METHODS:
            return refusal(HTTPException(405, "Use a method of `Allow`.", {"Allow": ", ".join(METHODS)}))
        if self._settings.explorer and wants_page(request):
            return explorer_page()
        media_type = JSON
        try:
            headers = headers_of(request)
            media_type = response_type(headers.get(b"accept", b"").decode("latin-1"))
            asked = await read_request(request, headers, self._settings.max_body_bytes)
            viewer = await self._viewer(request)
            asked = await self.documents.find(asked, request, viewer)
            contexts = ContextFactory(
                self._engines,
                request=request,
                viewer=viewer,
                visible=self._visibility(viewer),
                statements=self._statements,
                services=self._services,
            )
            result = await self._execute(request, asked, contexts)
        except HTTPException as refused:
            return refusal(refused, media_type)
        except ClientDisconnect:
            return Response(status_code=CLIENT_LEFT)
        except Unidentified as refused:
            return _with_cookies(_answer(refused.result, media_type), request, refused.cookies)
        except InvalidDocument as refused:
            return _answer(ExecutionResult(None, refused.errors), media_type)
        response = self.documents.answer(_answer(result, media_type), result, asked, request, viewer)
        return _with_cookies(response, request, contexts.cookies) if contexts.cookies else response

    async def _viewer(self, request: Request) -> Viewer:
        try:
            return await self._identify(request)
        except Exception as error:  # whatever it is, the answer has the form of GraphQL's errors
            raise Unidentified(error) from error

    async def _execute(self, request: Request, asked: OperationRequest, contexts: ContextFactory) -> ExecutionResult:
        allowed = EVERYTHING if request.method == "POST" else READING
        work = self._operations.answer(asked, contexts, allowed, for_json=True)
        try:
            return await while_connected(request, work, lambda: not contexts.changes)
        except NotAllowed as error:
            raise _wrong_address(error.kind) from None


class EndpointFirst:
    """Leads to the endpoint past the router: nearly all requests go there."""

    def __init__(self, app: ASGIApp, path: str, endpoint: ASGIApp) -> None:
        self._app = app
        self._path = path
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        direct = scope["type"] == "http" and scope["path"] == self._path
        await (self._endpoint if direct else self._app)(scope, receive, send)


class Unidentified(Exception):
    """Who sent a request could not be told, or was not believed."""

    def __init__(self, error: Exception) -> None:
        shown = error if isinstance(error, ClientError) else GraphQLError(str(error), original_error=error)
        self.result = ExecutionResult(data=None, errors=[shown])
        wrong = error.cookie if isinstance(error, Unauthenticated) else None
        self.cookies = [Cookie(wrong, "", max_age_s=0)] if wrong else []


def _wrong_address(kind: OperationType) -> HTTPException:
    if kind is OperationType.MUTATION:
        return HTTPException(405, "Send mutations with POST.", {"Allow": "POST"})
    return HTTPException(400, f"This address does not answer a {kind.name.lower()}.")


def _answer(result: ExecutionResult, media_type: str) -> Response:
    answer: dict[str, Any] = {}
    errors = for_client(result.errors) if result.errors else []
    refused = result.data is None and bool(errors) and not any(error.path for error in errors)
    if not refused:
        answer["data"] = result.data
    if errors:
        answer["errors"] = [error.formatted for error in errors]
    if result.extensions:
        answer["extensions"] = result.extensions
    status = _status(errors, media_type, refused=refused) if result.data is None else 200
    return _response(answer, status, media_type, HEADERS_OF.get(status))


def _with_cookies(response: Response, request: Request, cookies: Iterable[Cookie]) -> Response:
    """Let the browser keep or forget these; no script of a page reads them."""
    for name, value, max_age_s in cookies:
        secure = request.scope["scheme"] == "https"
        response.set_cookie(name, value, max_age_s, secure=secure, httponly=True, samesite="lax")
    return response


def _status(errors: Sequence[GraphQLError], media_type: str, *, refused: bool) -> int:
    """The status of an answer without data."""
    codes = [code_of(error) for error in errors]
    if Overloaded.code in codes:
        return 503
    if not refused:
        return 200
    if "INTERNAL_SERVER_ERROR" in codes:
        return 500
    if codes[0] in REFUSED:
        return REFUSED[codes[0]]
    # "If the request is refused, the status is 4xx; application/json, for old clients, always says 200."
    return 400 if media_type == GRAPHQL_RESPONSE else 200


def refusal(refused: HTTPException, media_type: str = JSON) -> Response:
    """What HTTP itself refuses, in the form of GraphQL's errors."""
    error = {"message": refused.detail, "extensions": {"code": "BAD_REQUEST"}}
    return _response({"errors": [error]}, refused.status_code, media_type, refused.headers)


def _response(
    answer: Mapping[str, Any], status: int, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    try:
        body = orjson.dumps(answer)
    except TypeError:  # in a JSON document: a number that no double holds, half of a surrogate pair, or deep nesting
        body = exact_json.dumps(answer, default=datetime.isoformat).encode()
    return _Answer(body, status, media_type, headers)
