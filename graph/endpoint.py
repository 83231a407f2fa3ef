"""GraphQL over HTTP: a request enters, JSON leaves; a browser gets GraphiQL.

The endpoint is an ASGI application of its own, so that the common request passes no more layers than it needs.
Source: https://http-spec.graphql.org/
"""

import sys
from collections.abc import Callable, Iterable, Sequence

from graphql import GraphQLError, OperationType
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.types import ExecutionResult

from db.relations import Visibility
from db.session.engines import Engines
from db.statements import StatementCache
from graph.client import client_of
from graph.context import ContextFactory, Cookie
from graph.disconnect import while_connected
from graph.doctor import access_to_doctor
from graph.documents import Documents
from graph.domain import Identification
from graph.entity import Schema
from graph.errors import AnswerTooLarge, ClientError, Unauthenticated
from graph.explorer import ExplorerPage
from graph.http import batches
from graph.http.batches import not_answered
from graph.http.requests import JSON, METHODS, Batch, Headers, headers_of, read_request, response_type, wants_page
from graph.http.responses import Answer, answer, batch_answer, refusal
from graph.prepare.documents import InvalidDocument, NotAllowed, OperationRequest
from graph.settings import Settings
from graph.viewer import Viewer

READING = {OperationType.QUERY}
EVERYTHING = {OperationType.QUERY, OperationType.MUTATION}

CLIENT_LEFT = 499
"""Nobody reads it; the metrics count it. Source: https://nginx.org/en/docs/dev/development_guide.html#http_phases"""


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
        is_operator: Callable[[Viewer], bool] = lambda _viewer: False,
        page: ExplorerPage | None = None,
    ) -> None:
        self._page = page
        self.documents = Documents(schema.preparer, engines, settings)
        self._operations = schema.operations
        self._engines = engines
        self._settings = settings
        self._identify = identify
        self._visibility = visibility
        self._services = services
        self._compress_from_bytes = settings.compress_from_bytes or sys.maxsize
        self._may_diagnose = access_to_doctor(settings.doctor, is_operator)
        self._budget = budgets(settings, is_operator)
        self._statements = StatementCache()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """Answer one request."""
        edition = self._settings.http_edition
        if self._page is not None and wants_page(request):
            return self._page.response()
        media_type = JSON
        try:
            headers = headers_of(request)
            media_type = response_type(headers.get(b"accept", b"").decode("latin-1"))
            return await self._answer(request, headers, media_type)
        except HTTPException as refused:
            return refusal(refused, media_type, edition)
        except ClientDisconnect:
            return Response(status_code=CLIENT_LEFT)
        except Exception as error:  # whatever it is, the answer has the form of GraphQL's errors
            return _with_cookies(answer(_failed(error), media_type, edition), request, _wrong_cookies(error))

    async def _answer(self, request: Request, headers: Headers, media_type: str) -> Response:
        settings = self._settings
        if request.method not in METHODS:
            raise HTTPException(405, "Use a method of `Allow`.", {"Allow": ", ".join(METHODS)})
        asked = await read_request(request, headers, settings.max_body_bytes, settings.max_batch)
        viewer = await self._identify(request)
        contexts = ContextFactory(
            self._engines,
            request=request,
            viewer=viewer,
            visible=self._visibility(viewer),
            statements=self._statements,
            services=self._services,
            client=client_of(headers),
            may_diagnose=self._may_diagnose,
            budget=self._budget(viewer),
        )
        if isinstance(asked, list):
            batch = await self.documents.find_each(asked, request, viewer)
            batched = batch_answer(await self._execute_batch(request, batch, contexts), media_type)
            response = self._bounded(batched, media_type, contexts.budget)
        else:
            asked = await self.documents.find(asked, request, viewer)
            result = await self._execute(request, asked, contexts)
            whole = answer(result, media_type, settings.http_edition)
            response = self._bounded(whole, media_type, contexts.budget)
            self.documents.let_be_kept(response, result, asked, request, viewer)
        # Secrets are in answers to mutations alone: none has a length that tells what is in it (0026, on BREACH).
        if len(response.body) >= self._compress_from_bytes and not contexts.changes:
            await response.compress(headers.get(b"accept-encoding", b""))
        return _with_cookies(response, request, contexts.cookies) if contexts.cookies else response

    def _bounded(self, response: Answer, media_type: str, budget: float) -> Answer:
        """An answer that is no larger than it may be: errors, extensions and rare characters were not counted."""
        most = self._operations.preparer.limits_of(budget).max_answer_bytes
        if len(response.body) <= most:
            return response
        return answer(ExecutionResult(None, [AnswerTooLarge(most)]), media_type, self._settings.http_edition)

    async def _execute(self, request: Request, asked: OperationRequest, contexts: ContextFactory) -> ExecutionResult:
        allowed = EVERYTHING if request.method == "POST" else READING
        work = self._operations.answer(asked, contexts, allowed, for_json=True)
        try:
            return await while_connected(request, work, lambda: not contexts.changes)
        except NotAllowed as error:
            raise _wrong_address(error.kind) from None

    async def _execute_batch(self, request: Request, asked: Batch, contexts: ContextFactory) -> list[ExecutionResult]:
        priced = await batches.price(asked, self._operations.preparer, contexts.budget)
        work = batches.run(priced, self._operations, contexts)
        results = await while_connected(request, work, lambda: not priced.changes)
        contexts.changes = priced.changes
        return results


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


def budgets(settings: Settings, is_operator: Callable[[Viewer], bool]) -> Callable[[Viewer], float]:
    """A function that tells how many times the limits of an operation a viewer may ask for."""

    def budget(viewer: Viewer) -> float:
        if not viewer.is_known:
            return settings.anonymous_budget
        return settings.operator_budget if is_operator(viewer) else 1

    return budget


def _failed(error: Exception) -> ExecutionResult:
    if isinstance(error, InvalidDocument):
        return ExecutionResult(None, error.errors)
    shown = error if isinstance(error, ClientError) else GraphQLError(str(error), original_error=error)
    return ExecutionResult(None, [shown])


def _wrong_cookies(error: Exception) -> list[Cookie]:
    """What the browser is to forget, for its page cannot get rid of it."""
    wrong = error.cookie if isinstance(error, Unauthenticated) else None
    return [Cookie(wrong, "", max_age_s=0)] if wrong else []


def _with_cookies(response: Answer, request: Request, cookies: Iterable[Cookie]) -> Answer:
    """Let the browser keep or forget these; no script of a page reads them."""
    for name, value, max_age_s in cookies:
        secure = request.scope["scheme"] == "https"
        response.set_cookie(name, value, max_age_s, secure=secure, httponly=True, samesite="lax")
    return response


def _wrong_address(kind: OperationType) -> Exception:
    if kind is OperationType.MUTATION:
        return HTTPException(405, "Send mutations with POST.", {"Allow": "POST"})
    return not_answered(kind)
