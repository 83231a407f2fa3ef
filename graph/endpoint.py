"""GraphQL over HTTP: a request enters, JSON leaves; a browser gets GraphiQL.

The endpoint is an ASGI application of its own, so that the common request passes no more layers than it needs.
Source: https://graphql.github.io/graphql-over-http/draft/
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from graphql import GraphQLError, OperationType
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from db.engine import Engines
from db.session import Mode
from db.statements import Statements
from graph.abandonment import while_connected
from graph.context import RequestContext
from graph.execution.direct import NotAllowed
from graph.explorer import explorer_page
from graph.http import GRAPHQL_RESPONSE, JSON, GraphQLRequest, read_request, response_type, wants_page
from graph.masking import Overloaded, code_of, for_client
from graph.schema import Schema
from graph.settings import Settings

METHODS = ("GET", "HEAD", "POST")
READING = {OperationType.QUERY}
EVERYTHING = {OperationType.QUERY, OperationType.MUTATION}

CLIENT_LEFT = 499
"""Nobody reads it; the metrics count it. Source: https://nginx.org/en/docs/dev/development_guide.html#http_phases"""
RETRY_AFTER_S = 1

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

    def __init__(self, schema: Schema, engines: Engines, settings: Settings) -> None:
        self._schema = schema
        self._engines = engines
        self._settings = settings
        self._statements = Statements()

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
            media_type = response_type(request.headers.get("accept"))
            asked = await read_request(request, self._settings.max_body_bytes)
            result = await self._execute(request, asked)
        except HTTPException as refused:
            return refusal(refused, media_type)
        except ClientDisconnect:
            return Response(status_code=CLIENT_LEFT)
        return _answer(result, media_type)

    async def _execute(self, request: Request, asked: GraphQLRequest) -> ExecutionResult:
        context = RequestContext(self._engines, request=request, statements=self._statements)
        allowed = EVERYTHING if request.method == "POST" else READING
        work = self._schema.answer(*asked, context, allowed)
        try:
            return await while_connected(request, work, lambda: context.session.mode is not Mode.CURRENT)
        except NotAllowed as error:
            raise _wrong_address(error.kind) from None


def _wrong_address(kind: OperationType) -> HTTPException:
    if kind is OperationType.MUTATION:
        return HTTPException(405, "Send mutations with POST.", {"Allow": "POST"})
    return HTTPException(400, f"This address does not answer a {kind.name.lower()}.")


def _answer(result: ExecutionResult, media_type: str) -> Response:
    answer: dict[str, Any] = {}
    errors = for_client(result.errors or [])
    refused = result.data is None and bool(errors) and not any(error.path for error in errors)
    if not refused:
        answer["data"] = result.data
    if errors:
        answer["errors"] = [error.formatted for error in errors]
    if result.extensions:
        answer["extensions"] = result.extensions
    status = _status(errors, media_type, refused=refused) if result.data is None else 200
    return _response(answer, status, media_type, {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else None)


def _status(errors: Sequence[GraphQLError], media_type: str, *, refused: bool) -> int:
    """The status of an answer without data."""
    codes = [code_of(error) for error in errors]
    if Overloaded.code in codes:
        return 503
    if not refused:
        return 200
    if "INTERNAL_SERVER_ERROR" in codes:
        return 500
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
    except TypeError:  # in a JSON document: a number beyond 64 bits, half of a surrogate pair, or deep nesting
        body = json.dumps(answer, default=datetime.isoformat).encode()
    return _Answer(body, status, media_type, headers)
