"""Operations of sockets and streams, run as requests are: admitted, priced, identified, and under a deadline.

What a client asks for enters with its caller; an answer leaves, or the source of a subscription, whose events are then
answered one by one. Every event takes a place before the database and a session of its own, and leaves both at its end.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar

from graphql import OperationType
from strawberry.types import ExecutionResult

from db.session.operation import OperationDeadline
from db.session.positions import NOT_KNOWN
from graph.admission import Place, Turn
from graph.context import ContextFactory
from graph.endpoint import EVERYTHING, GraphQLEndpoint, counted, failed
from graph.errors import AnswerTooLarge, ClientError, Overloaded, RateLimited
from graph.execute.extensions import ExtendedOperations
from graph.execute.source import ENDED, Source
from graph.http.responses import formed_of, json_bytes, part_of
from graph.live.callers import Caller
from graph.live.lines import SubscriptionRecord
from graph.live.pace import EventPace
from graph.live_queries import Answered, LiveQueries, LiveQuery, RowReads
from graph.prepare.documents import InvalidDocument, OperationRequest
from graph.prepare.fields import Weight
from graph.prepare.operation import CheckedOperation
from graph.prepare.points import points_of
from graph.prepare.weight import NOTHING, Claim
from graph.rates.operations import Meter
from graph.request_id import ANSWERED
from graph.telemetry.record import OperationRecord, RequestRecord, first_code
from graph.viewer import Viewer

T = TypeVar("T")

LOOK_UP = Claim(needs_database=True, reads=False, weight=Weight.LOOK_UP, price=0)
"""The claim of what a source looks up itself."""

Tell = Callable[[ExecutionResult], None]

PASSING = frozenset({"DEADLINE_EXCEEDED", "OVERLOADED", "UNAVAILABLE"})
"""Codes of errors that pass by themselves."""


class Runner:
    """Runs operations of callers, whichever way these are told."""

    def __init__(self, endpoint: GraphQLEndpoint, timeout_s: float, live_queries: LiveQueries) -> None:
        self.endpoint = endpoint
        self.live_queries = live_queries
        self._timeout_s = timeout_s

    async def identify(self, caller: Caller) -> Viewer:
        """Who a caller is by now. Raises as an identification does, and `Overloaded`."""
        async with self._place(caller, NOTHING):  # whoever has credentials needs a statement, and has a place for it
            return await within(self._timeout_s, self.endpoint.identify(caller.request))

    async def answer(
        self,
        asked: OperationRequest,
        caller: Caller,
        record: RequestRecord,
        meter: Meter | None,
        begun: Callable[[ContextFactory], None],
    ) -> ExecutionResult | Source | LiveQuery | CheckedOperation:
        """The answer to a query or a mutation, what has several answers, or a query that is answered in `parts`.

        `begun` gets what the operation runs in, as soon as there is such a thing. Nothing is raised but cancellation.
        """
        try:
            answering = self._answer(asked, caller, record, meter, begun)
            return await within(self._timeout_s, answering if meter is None else counted(answering, meter))
        except Exception as error:  # whatever it is: the answer has the form of GraphQL's
            result = failed(error)
            formed_of(result)  # so that its errors are as the client sees them
            record.code = first_code(result.errors or ())
            return result

    async def _answer(
        self,
        asked: OperationRequest,
        caller: Caller,
        record: RequestRecord,
        meter: Meter | None,
        begun: Callable[[ContextFactory], None],
    ) -> ExecutionResult | Source | LiveQuery | CheckedOperation:
        endpoint = self.endpoint
        asked, claim = endpoint.admission.claimed(asked)
        turn = await endpoint.admission.turn(caller.request, claim.bulk) if claim.bulk else None
        try:
            if turn is not None:
                asked, claim = endpoint.admission.claimed(asked, has_turn=True)
            async with endpoint.admitted(
                ContextFactory, caller.request, record, claim, meter, known=caller.viewer
            ) as contexts:
                begun(contexts)
                asked = await endpoint.documents.find(asked, caller.request, contexts.viewer)
                preparer = endpoint.operations.preparer
                if preparer.is_incremental(asked) and not preparer.is_live(asked):
                    return await self.counted(asked, contexts)
                return await self._run(asked, caller, contexts, record)
        finally:
            if turn is not None:
                turn.leave()

    async def counted(self, asked: OperationRequest, contexts: ContextFactory) -> CheckedOperation:
        """A query that is answered in parts, within its limits. Raises `InvalidDocument` and `RateLimited`."""
        checked = self.endpoint.operations.preparer.checked(asked, EVERYTHING, contexts.budget)
        if contexts.count is not None:
            await contexts.count(points_of(checked.cost))
        return checked

    async def _run(
        self, asked: OperationRequest, caller: Caller, contexts: ContextFactory, record: RequestRecord
    ) -> ExecutionResult | Source | LiveQuery:
        noted, preparer = record.operation(asked), self.endpoint.operations.preparer
        found: ExecutionResult | Source | LiveQuery
        try:
            if preparer.kind_of(asked) is OperationType.SUBSCRIPTION or preparer.is_live(asked):
                found = await self.begin(asked, caller, contexts, record, noted)
            else:
                found = await self.endpoint.operations.answer(asked, contexts, EVERYTHING, noted, for_json=True)
            return noted.came_to(found) if isinstance(found, ExecutionResult) else found
        finally:
            noted.end()

    async def begin(
        self,
        asked: OperationRequest,
        caller: Caller,
        contexts: ContextFactory,
        record: RequestRecord,
        noted: OperationRecord,
    ) -> Source | LiveQuery | ExecutionResult:
        """Begin what has several answers. Raises `RateLimited` and what a resolver of a source raises."""
        if self.endpoint.operations.preparer.is_live(asked):
            return await self._begin_live(asked, caller, contexts, record, noted)
        return await self._subscribe(asked, caller, contexts, noted)

    async def _subscribe(
        self, asked: OperationRequest, caller: Caller, contexts: ContextFactory, noted: OperationRecord
    ) -> Source | ExecutionResult:
        contexts.after = NOT_KNOWN  # a replica may be behind what has just happened
        contexts.place_for_source = lambda: self._place(caller, LOOK_UP)
        return await self.endpoint.operations.subscribe(asked, contexts, noted)

    async def _begin_live(
        self,
        asked: OperationRequest,
        caller: Caller,
        contexts: ContextFactory,
        record: RequestRecord,
        noted: OperationRecord,
    ) -> LiveQuery | ExecutionResult:
        operations, viewer = self.endpoint.operations, contexts.viewer
        try:
            checked = await operations.begin_live(asked, contexts, noted)

            async def run(reads: RowReads) -> Answered:
                return await self._answer_live(checked, asked, caller, viewer, record, reads)

            is_alone = isinstance(operations, ExtendedOperations)  # which may look at anything
            return self.live_queries.prepared(asked, checked, contexts, run, is_alone=is_alone)
        except InvalidDocument as invalid:
            return ExecutionResult(None, invalid.errors)
        except RateLimited:
            raise
        except ClientError as refused:
            return ExecutionResult(None, [refused])

    async def _answer_live(
        self,
        checked: CheckedOperation,
        asked: OperationRequest,
        caller: Caller,
        viewer: Viewer,
        record: RequestRecord,
        reads: RowReads,
    ) -> Answered:
        """Answer a live query, now: on the primary, for a replica may not show yet what has just changed."""
        ANSWERED.set(record)
        noted = OperationRecord(asked)
        try:
            claim = checked.claim._replace(reads=False)
            async with self._turn(caller, claim), self._place(caller, claim, patience_s=self._timeout_s) as place:
                contexts = self.endpoint.contexts(ContextFactory, caller.request, viewer, place, record)
                contexts.after, contexts.reads = NOT_KNOWN, reads
                answering = self.endpoint.operations.again(checked, asked, contexts, noted, for_json=True)
                result = await within(self._timeout_s, answering)
        except Exception as error:  # of one run: the next may well succeed
            result = failed(error)
        finally:
            noted.end()
        payload, _ = self.payload(result, caller)
        return Answered(payload, not result.errors, first_code(result.errors or ()) in PASSING)

    async def follow(
        self, query: LiveQuery, record: SubscriptionRecord, pace: EventPace, tell: Callable[[bytes], bool]
    ) -> ExecutionResult | None:
        """Tell each answer of a live query that is another one than the last, until it ends; why it has ended.

        `tell`: whether an answer takes the place of one that was not sent. The query is entered, and left at the end.
        """
        counts = self.live_queries.counts
        query.enter()
        try:
            while True:
                try:
                    await query.next()
                except Exception as error:
                    return failed(error)
                await pace.turn()
                payload = query.take()
                if payload is None:  # the answer is again what it was
                    continue
                if tell(payload):
                    counts.superseded += 1
                else:
                    counts.answers += 1
                    record.tell(len(payload))
        finally:
            query.leave()

    async def deliver(
        self, source: Source, caller: Caller, record: SubscriptionRecord, pace: EventPace, tell: Tell
    ) -> ExecutionResult | None:
        """Answer each event of a subscription until there are no more; what ended them before, if anything did.

        The source is closed at the end, whatever that is.
        """
        try:
            while True:
                try:
                    event = await source.next()
                except Exception as error:  # of a resolver: it yields nothing any more
                    return failed(error)
                if event is ENDED:
                    return None
                await pace.turn()
                tell(await self._event(source, event, caller, record))
        finally:
            await source.close()

    async def _event(self, source: Source, event: Any, caller: Caller, record: SubscriptionRecord) -> ExecutionResult:
        noted = OperationRecord(source.request)
        try:
            async with self._place(caller, source.checked.claim, patience_s=self._timeout_s) as place:
                contexts = self.endpoint.contexts(ContextFactory, caller.request, caller.viewer, place, record.request)
                contexts.after = NOT_KNOWN
                answering = self.endpoint.operations.event(source, event, contexts, noted, for_json=True)
                return await within(self._timeout_s, answering)
        except Exception as error:  # of one event: the next may well be answered
            return failed(error)
        finally:
            noted.end()
            record.add(noted)

    @asynccontextmanager
    async def _turn(self, caller: Caller, claim: Claim) -> AsyncIterator[None]:
        """The turn of what keeps the server busy, where that is so. Raises `Overloaded`."""
        turn: Turn | None = None
        if claim.bulk:
            turn = await self.endpoint.admission.turn(caller.request, claim.bulk)
        try:
            yield
        finally:
            if turn is not None:
                turn.leave()

    @asynccontextmanager
    async def _place(self, caller: Caller, claim: Claim, *, patience_s: float = 0) -> AsyncIterator[Place]:
        """A place before a database. Raises `Overloaded` where there is none for so long, and for a queue's time."""
        place = await self._take_place(caller, claim, patience_s)
        try:
            yield place
        finally:
            place.leave()

    async def _take_place(self, caller: Caller, claim: Claim, patience_s: float) -> Place:
        loop = asyncio.get_running_loop()
        until = loop.time() + patience_s
        while True:
            place = self.endpoint.admission.place(caller.request, claim)
            if place.is_taken:
                return place
            try:
                await place.wait()
            except Overloaded as error:
                if loop.time() + error.retry_after_s > until:
                    raise
                await asyncio.sleep(error.retry_after_s)  # an event waits rather than be lost
            else:
                return place

    async def parts(
        self,
        checked: CheckedOperation,
        asked: OperationRequest,
        caller: Caller,
        record: RequestRecord,
        tell: Callable[[bytes], None],
    ) -> None:
        """Answer a query in parts, each of which is told as it comes. Nothing is raised but cancellation."""
        noted = record.operation(asked)
        try:
            await within(self._timeout_s, self._parts(checked, asked, caller, record, noted, tell))
        except Exception as error:  # whatever it is: what came before stays
            result = failed(error)
            tell(json_bytes({**formed_of(result), "hasNext": False}))
            noted.came_to(result)
        finally:
            noted.end()

    async def _parts(
        self,
        checked: CheckedOperation,
        asked: OperationRequest,
        caller: Caller,
        record: RequestRecord,
        noted: OperationRecord,
        tell: Callable[[bytes], None],
    ) -> None:
        most = left = self.endpoint.most_bytes(caller.viewer)
        async with self._place(caller, checked.claim) as place:
            contexts = self.endpoint.contexts(ContextFactory, caller.request, caller.viewer, place, record)
            async with aclosing(self.endpoint.operations.parts(checked, asked, contexts, noted)) as parts:
                async for part in parts:
                    body = json_bytes(part_of(part))
                    left -= len(body)
                    if left < 0:
                        raise AnswerTooLarge(most)
                    tell(body)

    def errors(self, errors: Sequence[Any]) -> bytes:
        """An answer that consists of errors, as JSON."""
        return json_bytes({"errors": errors})

    def payload(self, result: ExecutionResult, caller: Caller) -> tuple[bytes, bool]:
        """An answer as JSON, no larger than one may be; and whether anything was run for it."""
        formed = formed_of(result)
        body = json_bytes(formed)
        most = self.endpoint.most_bytes(caller.viewer)
        if len(body) > most:
            formed = formed_of(ExecutionResult(None, [AnswerTooLarge(most)]))
            body = json_bytes(formed)
        return body, "data" in formed


async def within(seconds: float, work: Coroutine[Any, Any, T] | Awaitable[T]) -> T:
    """Do the work, as an operation that may take so long. Raises `DeadlineExceeded`."""
    deadline = OperationDeadline(seconds, seconds)
    try:
        return await work
    except asyncio.CancelledError:
        if deadline.stop():
            raise deadline.exceeded() from None
        raise
    finally:
        deadline.end()
