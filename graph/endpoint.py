"""GraphQL over HTTP: a request enters, JSON leaves; a browser gets GraphiQL.

The endpoint is an ASGI application of its own, so that the common request passes no more layers than it needs.
Source: https://http-spec.graphql.org/
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

from graphql import GraphQLError, OperationType
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from db.kept import Cache, Figures
from db.relations import Visibility
from db.session.engines import Engines
from db.statements import StatementCache
from graph.admission import Admission, Place
from graph.client import client_of
from graph.context import ContextFactory, Cookie
from graph.disconnect import RequestWatch
from graph.doctor import access_to_doctor
from graph.documents import Documents
from graph.domain import Identification, has_authorization
from graph.entity import Schema
from graph.errors import AnswerTooLarge, ClientError, Stopped, Unauthenticated
from graph.explorer import ExplorerPage
from graph.http import batches
from graph.http.batches import not_answered
from graph.http.forms import Accepted, accepted
from graph.http.multipart import UploadRules
from graph.http.negotiation import MAX_HEADER_BYTES, told
from graph.http.requests import JSON, METHODS, Batch, Headers, headers_of, read_request, wants_page
from graph.http.responses import OK, Answer, answer, batch_answer, code_of_refusal, refusal
from graph.own_writes import OwnWrites
from graph.prepare.documents import InvalidDocument, NotAllowed, OperationRequest
from graph.prepare.live import AnyKind
from graph.prepare.points import LEAST, points_of
from graph.prepare.weight import Claim
from graph.rates.operations import Meter, RateLimits
from graph.request_id import ANSWERED
from graph.response_cache import ResponseCache, Run, longest_age_s, response_cache
from graph.settings import HTTPEdition, Settings
from graph.telemetry.record import MISS, Listeners, RequestRecord, first_code
from graph.viewer import Viewer

T = TypeVar("T")
C = TypeVar("C", bound=ContextFactory)

READING = (OperationType.QUERY,)
EVERYTHING = (*READING, OperationType.MUTATION)
"""Tuples: a set asks a member for its hash, which an enumeration makes by two calls."""

NOTHING_WRONG = ExecutionResult({}, None)
"""What an earlier answer came to: only such are kept."""

CLIENT_HAS_LEFT = "CLIENT_HAS_LEFT"
CLIENT_LEFT = 499
"""Nobody reads it; the metrics count it. Source: https://nginx.org/en/docs/dev/development_guide.html#http_phases"""


class Streaming(Protocol):
    """Answers operations that have several answers."""

    async def __call__(
        self,
        accepted: Accepted,
        asked: OperationRequest,
        request: Request,
        contexts: ContextFactory,
        record: RequestRecord,
    ) -> Response | None:
        """The response; None for an operation that has one answer, whose client takes it so."""


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
        rates: RateLimits | None = None,
        has_credentials: Callable[[HTTPConnection], bool] = has_authorization,
        *,
        identify_first: Callable[[HTTPConnection], bool] | None = None,
        uploads: UploadRules | None = None,
    ) -> None:
        """`identify_first`: of which requests the sender is found out without a database, before a place is taken.

        `uploads`: which files may come along with requests; None: none.
        """
        self._uploads = uploads
        self._page = page
        self.documents = Documents(schema.preparer, engines, settings)
        self.admission = Admission(engines, settings, self.documents, schema.preparer, has_credentials)
        self.operations = schema.operations
        self.answers = response_cache(schema, engines, settings)
        """Earlier answers; None where none is kept, nor told for how long it is good."""
        kept_s = longest_age_s(schema, settings)
        has_past = bool(engines.replicas) or kept_s > 0
        self._own_writes = OwnWrites(engines, settings, self.admission, kept_s) if has_past else None
        self._keeps_answers = kept_s > 0
        self._engines = engines
        self._settings = settings
        self.identify = identify
        self.identify_first = identify_first
        self._visibility = visibility
        self._services = services
        self._compress_from_bytes = settings.compress_from_bytes or sys.maxsize
        self._may_diagnose = access_to_doctor(settings.doctor, is_operator)
        self._budget = budgets(settings, is_operator)
        least = min(1, settings.anonymous_budget, settings.operator_budget)
        self._always_allowed = schema.operations.preparer.limits_of(least).max_answer_bytes
        """Bytes of an answer that anybody may have."""
        self._statements = StatementCache(max_cache_bytes=settings.max_cache_bytes)
        self.rates = rates if rates is not None and rates.wanted else None
        self.listeners = Listeners()
        """Whoever hears of each request when it was answered."""
        self.streaming: Streaming | None = None
        """Answers operations that have several answers; None: nobody does."""

    def caches(self) -> Mapping[str, Figures]:
        """How full the caches are, by name."""
        return {
            **self.operations.preparer.figures,
            "added_documents": self.documents.added.figures,
            **self._statements.figures,
            Cache.SQL: self._engines.sql.figures,
            **({} if self.answers is None else self.answers.caches()),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it, and tell of it."""
        request = Request(scope, receive)
        if self._page is not None and scope["method"] != "POST" and wants_page(request):
            await self._page.response()(scope, receive, send)
            return
        record = self.listeners.begin()
        ANSWERED.set(record)
        meter = self.meter(request)
        response = await self._respond(request, record, meter)
        if meter is not None:
            response.headers.update(meter.headers)
        if isinstance(response, Answer) or getattr(response, "is_one_answer", True):
            await response(scope, receive, send)
            record.end(response.status_code)
            self.listeners.tell(record)
        else:  # of a subscription, the start is told: it may last for days
            record.end(response.status_code)
            self.listeners.tell(record)
            await response(scope, receive, send)
        ANSWERED.set(None)  # the context of a task may live on, and the answer with it

    def meter(self, request: HTTPConnection) -> Meter | None:
        """What counts the points of a request, and tells what is left; None where nobody is limited."""
        if self.rates is None:
            return None
        return self.rates.meter(request.client.host if request.client else None)

    async def _respond(self, request: Request, record: RequestRecord, meter: Meter | None) -> Response:
        """Answer one request; with a meter, its points are counted first."""
        media_type = JSON
        try:
            record.headers = headers = headers_of(request)
            record.client = client_of(headers)
            taken = accepted(headers.get(b"accept", b"")[:MAX_HEADER_BYTES])
            media_type = taken.media_type
            watch = RequestWatch(request, self._settings.operation_timeout_s)
            return await watch.over(counted(self._answer(request, headers, taken, watch, record, meter), meter))
        except (asyncio.CancelledError, Exception) as error:  # whatever it is: the answer has the form of GraphQL's
            return unanswered(error, request, media_type, self._settings.http_edition, record)

    async def _answer(
        self,
        request: Request,
        headers: Headers,
        taken: Accepted,
        watch: RequestWatch,
        record: RequestRecord,
        meter: Meter | None,
    ) -> Response:
        """Read a request, take its place, find out who has sent it, and answer it."""
        settings, first, own_writes = self._settings, self.identify_first, self._own_writes
        if request.scope["method"] not in METHODS:
            raise HTTPException(405, "Use a method of `Allow`.", {"Allow": ", ".join(METHODS)})
        asked = await read_request(request, headers, settings.max_body_bytes, settings.max_batch, self._uploads)
        watch.body_read()
        known = await self.identify(request) if first is not None and first(request) else None
        asked, claim = self.admission.claimed(asked)
        turn = await self.admission.turn(request, claim.bulk) if claim.bulk else None
        place: Place | None = None
        contexts: ContextFactory | None = None
        try:  # here and not by `admitted`, for coroutines more would be entered at each wait
            if turn is not None:
                asked, claim = self.admission.claimed(asked, has_turn=True)
            place = self.admission.place(request, claim)
            if not place.is_taken:
                await place.wait()
            viewer = await self.identify(request) if known is None else known
            contexts = self.contexts(ContextFactory, request, viewer, place, record, meter)
            watch.may_stop = contexts.may_stop
            if own_writes is not None:
                await own_writes.begin(request, headers, contexts, place, reads=claim.reads)
            if isinstance(asked, list):
                response: Response = await self._answer_batch(asked, request, contexts, record, taken.media_type)
            else:
                response = await self._answer_one(asked, request, taken, contexts, record)
            if own_writes is not None and contexts.changes:
                response.headers.update(await own_writes.end(request, contexts))
        finally:
            if contexts is not None:
                self._outdate(contexts)
            if place is not None:
                place.leave()
            if turn is not None:
                turn.leave()
        # Secrets are in answers to mutations alone: none has a length that tells what is in it (0026, on BREACH).
        if isinstance(response, Answer) and len(response.body) >= self._compress_from_bytes and not contexts.changes:
            await response.compress(told(headers, b"accept-encoding"))
        return _with_cookies(response, request, contexts.cookies) if contexts.cookies else response

    async def _answer_batch(
        self, asked: Batch, request: Request, contexts: ContextFactory, record: RequestRecord, media_type: str
    ) -> Answer:
        """Answer several operations in one request; they share its limits."""
        batch = await self.documents.find_each(asked, request, contexts.viewer)
        priced = await batches.price(batch, self.operations.preparer, contexts.budget)
        if contexts.count is not None:
            await contexts.count(priced.points)
            contexts.count = None  # for all of them together
        results = await batches.run(priced, self.operations, contexts, record)
        return self._bounded(batch_answer(results, media_type), media_type, contexts.budget)

    async def _answer_one(
        self,
        asked: OperationRequest,
        request: Request,
        taken: Accepted,
        contexts: ContextFactory,
        record: RequestRecord,
    ) -> Response:
        """Answer one operation: as a stream where its client takes it so; else by an earlier answer, or anew."""
        asked = await self.documents.find(asked, request, contexts.viewer)
        if self.streaming is not None and (taken.form is not None or taken.later is not None):
            streamed = await self.streaming(taken, asked, request, contexts, record)
            if streamed is not None:
                return streamed
        run = None if self.answers is None else self.answers.begin(asked, contexts)
        if self.answers is None or run is None:
            freshness = None
            result = await self.execute(request, asked, contexts, record)
            whole = answer(result, taken.media_type, self._settings.http_edition)
            response = self._bounded(whole, taken.media_type, contexts.budget)
        else:
            response, result = await self._find_or_execute(
                self.answers, run, request, contexts, record, taken.media_type
            )
            freshness = run.freshness
        self.documents.let_be_kept(response, result, asked, request, contexts.viewer, freshness)
        return response

    @asynccontextmanager
    async def admitted(
        self,
        kind: type[C],
        request: HTTPConnection,
        record: RequestRecord,
        claim: Claim,
        meter: Meter | None,
        known: Viewer | None = None,
    ) -> AsyncIterator[C]:
        """What makes the contexts of whoever sent a request, in a place at the gate of its database, for the block.

        For other addresses than the API's own, and other ways to it, whose requests are as those in all that keeps
        somebody out. `known`: who has sent it, where that was asked a moment ago.
        """
        if known is None and self.identify_first is not None and self.identify_first(request):
            known = await self.identify(request)
        place = self.admission.place(request, claim)
        try:
            if not place.is_taken:
                await place.wait()
            viewer = await self.identify(request) if known is None else known
            contexts = self.contexts(kind, request, viewer, place, record, meter)
            if self._own_writes is not None:
                await self._own_writes.begin(request, headers_of(request), contexts, place, reads=claim.reads)
            try:
                yield contexts
                if self._own_writes is not None and contexts.changes:
                    await self._own_writes.end(request, contexts)
            finally:
                self._outdate(contexts)
        finally:
            place.leave()

    def _outdate(self, contexts: ContextFactory) -> None:
        """Let earlier answers be outdated by what a request has changed, or may have."""
        if self.answers is not None and contexts.changes:
            self.answers.committed(contexts)

    def contexts(
        self,
        kind: type[C],
        request: HTTPConnection,
        viewer: Viewer,
        place: Place,
        record: RequestRecord,
        meter: Meter | None = None,
    ) -> C:
        """What makes the context of each operation of a request; with a meter, their points are counted."""
        record.viewer = viewer
        made = kind(
            self._engines,
            request=request,
            viewer=viewer,
            visible=self._visibility(viewer),
            statements=self._statements,
            services=self._services,
            client=record.client,
            may_diagnose=self._may_diagnose,
            place=place,
            budget=self._budget(viewer),
            record=record,
        )
        made.notes_changes = self._keeps_answers
        if meter is not None:
            meter.belongs_to(viewer)
            made.count = meter.count
        return made

    def most_bytes(self, viewer: Viewer) -> int:
        """The most bytes that one answer to a viewer may have."""
        return self.operations.preparer.limits_of(self._budget(viewer)).max_answer_bytes

    def _bounded(self, response: Answer, media_type: str, budget: float) -> Answer:
        """An answer that is no larger than it may be: errors, extensions and rare characters were not counted."""
        if len(response.body) <= self._always_allowed:
            return response
        most = self.operations.preparer.limits_of(budget).max_answer_bytes
        if len(response.body) <= most:
            return response
        return answer(ExecutionResult(None, [AnswerTooLarge(most)]), media_type, self._settings.http_edition)

    async def execute(
        self, request: Request, asked: OperationRequest, contexts: ContextFactory, record: RequestRecord
    ) -> ExecutionResult:
        """Answer an operation, and note it. Raises `HTTPException` for one that this method may not ask for."""
        allowed = EVERYTHING if request.scope["method"] == "POST" else READING
        noted = record.operation(asked)
        try:  # here and not in a method, as above
            return noted.came_to(await self.operations.answer(asked, contexts, allowed, noted, for_json=True))
        except NotAllowed as error:
            raise _wrong_address(error.kind) from None
        finally:
            noted.end()

    async def _find_or_execute(
        self,
        answers: ResponseCache,
        run: Run,
        request: Request,
        contexts: ContextFactory,
        record: RequestRecord,
        media_type: str,
    ) -> tuple[Answer, ExecutionResult]:
        """The answer to a query whose answer may be kept: an earlier one that is as good, or a new one."""
        found = await answers.find(run, contexts)
        if found is None:
            result = await self.execute(request, run.asked, contexts, record)
            record.operations[-1].cache = MISS
            whole = answer(result, media_type, self._settings.http_edition)
            response = self._bounded(whole, media_type, contexts.budget)
            if response is whole:
                await answers.keep(run, result, whole.body, contexts)
        else:
            result = NOTHING_WRONG
            response = Answer(found.body, OK, media_type)
            await self._note_found(run, contexts, record)
        if not result.errors:
            response.headers.update(answers.headers(run))
        return response, result

    async def _note_found(self, run: Run, contexts: ContextFactory, record: RequestRecord) -> None:
        """Note, and count, a query that an earlier answer has answered. Raises `RateLimited`."""
        checked = run.checked
        noted = record.operation(run.asked)
        noted.found(checked)
        try:
            if contexts.count is not None:
                await contexts.count(points_of(checked.cost))
            self.operations.usage.ran(contexts.client, checked.operation, run.asked.variables, 0.0, False)
        finally:
            noted.end()


def unanswered(
    error: asyncio.CancelledError | Exception,
    request: Request,
    media_type: str,
    edition: HTTPEdition,
    record: RequestRecord,
) -> Response:
    """The answer to a request that came to none, because of an error, of which its record is told."""
    if isinstance(error, HTTPException):
        record.code = code_of_refusal(error)
        return refusal(error, media_type, edition)
    if isinstance(error, ClientDisconnect):
        record.code = CLIENT_HAS_LEFT
        return Response(status_code=CLIENT_LEFT)
    result = failed(error)
    response = _with_cookies(answer(result, media_type, edition), request, _wrong_cookies(error))
    record.code = first_code(result.errors or ())
    return response


def counted(answering: Coroutine[Any, Any, T], meter: Meter | None) -> Coroutine[Any, Any, T]:
    """Answer a request whose points are counted, if there is a meter.

    Raises `RateLimited` in the place of an answer that came to no operation, where even that was too much.
    """
    return answering if meter is None else _settled(answering, meter)


async def _settled(answering: Coroutine[Any, Any, T], meter: Meter) -> T:
    try:
        return await answering
    finally:
        await meter.settle(LEAST)


def budgets(settings: Settings, is_operator: Callable[[Viewer], bool]) -> Callable[[Viewer], float]:
    """A function that tells how many times the limits of an operation a viewer may ask for."""
    if settings.anonymous_budget == settings.operator_budget == 1:
        return lambda _viewer: 1

    def budget(viewer: Viewer) -> float:
        if not viewer.is_known:
            return settings.anonymous_budget
        return settings.operator_budget if is_operator(viewer) else 1

    return budget


def failed(error: asyncio.CancelledError | Exception) -> ExecutionResult:
    """What a request came to that was not answered because of an error."""
    if isinstance(error, asyncio.CancelledError):
        # Nobody but the server itself cancels a request: it drains, and its grace is over (0035).
        return ExecutionResult(None, [Stopped()])
    if isinstance(error, InvalidDocument):
        return ExecutionResult(None, error.errors)
    shown = error if isinstance(error, ClientError) else GraphQLError(str(error), original_error=error)
    return ExecutionResult(None, [shown])


def _wrong_cookies(error: asyncio.CancelledError | Exception) -> list[Cookie]:
    """What the browser is to forget, for its page cannot get rid of it."""
    wrong = error.cookie if isinstance(error, Unauthenticated) else None
    return [Cookie(wrong, "", max_age_s=0)] if wrong else []


def _with_cookies(response: Response, request: Request, cookies: Iterable[Cookie]) -> Response:
    """Let the browser keep or forget these; no script of a page reads them."""
    for name, value, max_age_s in cookies:
        secure = request.scope["scheme"] == "https"
        response.set_cookie(name, value, max_age_s, secure=secure, httponly=True, samesite="lax")
    return response


def _wrong_address(kind: AnyKind) -> Exception:
    if kind is OperationType.MUTATION:
        return HTTPException(405, "Send mutations with POST.", {"Allow": "POST"})
    return not_answered(kind)
