"""The one way into an operation: it is prepared, then gets its context, then is run.

A request enters, with what is known of its sender; an `ExecutionResult` leaves. The HTTP endpoint and `Schema.execute`
come this way alike, so that tests run what a server runs.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Container, Iterator, Mapping
from contextlib import aclosing
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias, TypeGuard

from graphql import (
    GraphQLError,
    GraphQLSchema,
    MiddlewareManager,
    OperationType,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution import (
    ExecutionResult as CoreResult,
)
from graphql.execution import (
    Executor,
    ExperimentalIncrementalExecutionResults,
    InitialIncrementalExecutionResult,
    SubsequentIncrementalExecutionResult,
)
from strawberry.execution import optimized_is_awaitable
from strawberry.types import ExecutionResult

from db.session import Mode, OutdatedView
from graph.context import ContextFactory, RequestContext, SourceContext
from graph.doctor import Examination
from graph.errors import AnswerTooLarge, ClientError
from graph.execute.graphql_core import LevelExecutor, free, heeding
from graph.execute.prefetch import may_prefetch, prefetch
from graph.execute.scheduler import Scheduler
from graph.execute.size import AnswerSize, written_out
from graph.execute.source import Source, source_of
from graph.execute.usage import Usage
from graph.execute.work import Work
from graph.prepare.coordinates import SchemaCoordinates
from graph.prepare.documents import InvalidDocument, NotAllowed, OperationRequest, Preparer
from graph.prepare.error_behavior import ErrorBehavior
from graph.prepare.live import LIVE_QUERY
from graph.prepare.operation import CheckedOperation
from graph.prepare.points import points_of
from graph.prepare.weight import SOME_VALUES
from graph.telemetry.record import OperationRecord

SUBSCRIBING = (OperationType.SUBSCRIPTION,)
LIVING = (OperationType.QUERY, LIVE_QUERY)

TURN_S = 0.01
"""Seconds for which resolvers are called one after the other before other operations have their turn."""


def is_awaitable(value: object) -> TypeGuard[Awaitable[Any]]:
    """Whether a resolver's value is still to come. Most values are of a type that Strawberry knows to be none."""
    return optimized_is_awaitable(value)


Part: TypeAlias = CoreResult | InitialIncrementalExecutionResult | SubsequentIncrementalExecutionResult
"""One part of an answer, as graphql-core has it."""


class Outcome(NamedTuple):
    """What an operation came to."""

    data: dict[str, Any] | None
    errors: list[GraphQLError]


class Operations:
    """Answers the operations of one schema."""

    def __init__(self, schema: GraphQLSchema, preparer: Preparer) -> None:
        self.preparer = preparer
        self.executor_class: type[Executor[Any]] = LevelExecutor
        """Another one than `LevelExecutor` walks through every operation in its own way."""
        self.usage = Usage(SchemaCoordinates(schema))
        """What operations use, and who counts it."""
        self._schema = schema

    async def answer(
        self,
        request: OperationRequest,
        contexts: ContextFactory,
        allowed: Container[OperationType],
        record: OperationRecord | None = None,
        *,
        for_json: bool = False,
    ) -> ExecutionResult:
        """Answer one operation, and note in its record what it does.

        Raises `NotAllowed` for one of another kind, `RateLimited` for one too many.

        A query whose view was lost in the middle is run once more, in a new view; nothing of it has been told yet.
        With `for_json`, a datetime in the data may stay one: orjson writes it as the scalar does.
        """
        try:
            examination = Examination.asked(request.extensions, contexts) if request.extensions else None
            checked = self.preparer.checked(request, allowed, contexts.budget)
        except ClientError as refused:
            return ExecutionResult(None, [refused])
        except InvalidDocument as invalid:
            return ExecutionResult(None, invalid.errors)
        if contexts.count is not None:
            await contexts.count(points_of(checked.cost))
        for context in self.attempts(checked, contexts, record, examination):
            data, errors = believed(await self.run(checked, context, request, for_json=for_json), context)
        told = await self.extensions_asked(request, checked, examination, data) if request.extensions else {}
        return ExecutionResult(data, errors or None, told)

    async def subscribe(
        self, request: OperationRequest, contexts: ContextFactory, record: OperationRecord | None = None
    ) -> Source | ExecutionResult:
        """Begin a subscription: its source, whose events `event` answers; or the answer that says why there is none.

        Raises `NotAllowed` for an operation of another kind, `RateLimited` for one too many.
        """
        try:
            checked = self.preparer.checked(request, SUBSCRIBING, contexts.budget)
        except InvalidDocument as invalid:
            return ExecutionResult(None, invalid.errors)
        if record is not None:
            record.note(checked)
        if contexts.count is not None:
            await contexts.count(points_of(checked.cost))
        context = SourceContext(contexts)
        started = perf_counter()
        source = await source_of(self._executor(checked, context, request.extensions, None), checked, request, context)
        failed = not isinstance(source, Source)
        self.usage.ran(context.client, checked.operation, request.variables, perf_counter() - started, failed)
        return source if isinstance(source, Source) else ExecutionResult(None, source)

    async def begin_live(
        self, request: OperationRequest, contexts: ContextFactory, record: OperationRecord | None = None
    ) -> CheckedOperation:
        """Begin a live query, which `again` answers as often as it has to be; it counts as one operation.

        Raises `InvalidDocument`, `NotAllowed` for another operation, `RateLimited` for one too many.
        """
        checked = self.preparer.checked(request, LIVING, contexts.budget)
        if not checked.operation.is_live:
            raise NotAllowed(checked.operation.kind)
        if record is not None:
            record.note(checked)
        if contexts.count is not None:
            await contexts.count(points_of(checked.cost))
        self.usage.ran(contexts.client, checked.operation, request.variables, 0.0, False)
        return checked

    async def event(
        self,
        source: Source,
        event: Any,
        contexts: ContextFactory,
        record: OperationRecord | None = None,
        *,
        for_json: bool = False,
    ) -> ExecutionResult:
        """Answer one event of a subscription."""
        return await self.again(source.checked, source.request, contexts, record, for_json=for_json, event=event)

    async def again(
        self,
        checked: CheckedOperation,
        request: OperationRequest,
        contexts: ContextFactory,
        record: OperationRecord | None = None,
        *,
        for_json: bool = False,
        event: Any = None,
    ) -> ExecutionResult:
        """Answer an operation that has begun: a live query, or an `event` of a subscription.

        Each answer is an operation with a session, loaders and a view of its own.
        """
        for context in self.attempts(checked, contexts, record):
            again = await self.run(checked, context, request, for_json=for_json, event=event)
            data, errors = believed(again, context)
        return ExecutionResult(data, errors or None)

    def attempts(
        self,
        checked: CheckedOperation,
        contexts: ContextFactory,
        record: OperationRecord | None = None,
        examination: Examination | None = None,
    ) -> Iterator[RequestContext]:
        """The context of a run; and of one more, in another view, where the view was lost in the middle.

        Nothing of the first run has been told yet. A generator, for a coroutine more would be entered at each wait.
        """
        context = contexts.make(mode_of(checked), self.preparer.limits.bounds)
        _begin(checked, context, record, examination)
        yield context
        if context.session.is_broken:
            context = context.again()
            _begin(checked, context, record, examination)
            yield context

    async def parts(
        self,
        checked: CheckedOperation,
        request: OperationRequest,
        contexts: ContextFactory,
        record: OperationRecord | None = None,
    ) -> AsyncGenerator[Part, None]:
        """Answer a query in parts, as `@defer` and `@stream` ask for it, in graphql-core's own way.

        Mapped fields are begun for all objects that are asked in one tick, so that a level that comes later takes one
        statement for each relationship, too. All parts are of one view.
        """
        operation = checked.operation
        context = contexts.make(Mode.SNAPSHOT, self.preparer.limits.bounds)
        if record is not None:
            record.begin(checked, context.session)
        started, failed = perf_counter(), True
        try:
            on_error = request.on_error or operation.plan.on_error
            executor = heeding(on_error, self._executor(checked, context, request.extensions, None))
            result: Any = executor.execute_operation()
            result = await result if executor.is_awaitable(result) else result
            if isinstance(result, ExperimentalIncrementalExecutionResults):
                yield result.initial_result
                async with aclosing(result.subsequent_results) as later:
                    async for part in later:
                        yield part
            else:
                yield result
            failed = False
        finally:
            await context.close()
            self.usage.ran(context.client, operation, request.variables, perf_counter() - started, failed)

    async def extensions_asked(
        self,
        request: OperationRequest,
        checked: CheckedOperation,
        examination: Examination | None,
        data: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """What the answer says of the operation itself, to those who ask."""
        told = cost_asked(request.extensions, checked)
        told |= self.usage.deprecations_asked(request.extensions, checked.operation, request.variables)
        if examination is not None:
            told["doctor"] = await examination.report(checked, checked.limits, data)
        return told

    async def run(
        self,
        checked: CheckedOperation,
        context: RequestContext,
        request: OperationRequest,
        middleware: MiddlewareManager | None = None,
        *,
        for_json: bool = False,
        event: Any = None,
    ) -> Outcome:
        """Run a prepared operation in its context, level by level, unless something asks for graphql-core's walk.

        What may come later (`@defer`, `@stream`) comes with the rest; `parts` answers those who take it later. Of a
        subscription, one `event` is run. At the end the context is closed, and whoever counts has heard of the run;
        of a subscription, and of a live query, they have heard when it began.
        """
        operation = checked.operation
        on_error = request.on_error or operation.plan.on_error
        started, failed = perf_counter(), True

        def make_executor() -> Executor[Any]:
            return heeding(on_error, self._executor(checked, context, request.extensions, middleware, event))

        try:
            if middleware is not None or self.executor_class is not LevelExecutor:
                outcome = _bounded(await _walked(make_executor()), checked.limits.max_answer_bytes)
                failed = bool(outcome.errors)
                return outcome
            work = self._work(checked, context, on_error, make_executor, for_json=for_json)
            scheduler = Scheduler(work, event, serially=operation.kind is OperationType.MUTATION)
            try:  # here and not in a method, for a coroutine more would be entered at each wait
                if may_prefetch(checked, work) and (failed_early := await prefetch(checked, work)):
                    return Outcome(None, [GraphQLError("unread", original_error=failed_early)])
                if scheduler.start():
                    await scheduler.finish()
                data = scheduler.data()
                context.answered_bytes = work.size.bytes
                failed = bool(scheduler.errors)
                return Outcome(data, scheduler.errors)  # a name for it would be a cycle: its errors know this frame
            except GraphQLError as fatal:
                return Outcome(None, [*scheduler.errors, fatal.with_traceback(None)])
            finally:
                if work.made_executor is not None:
                    free(work.made_executor)
                scheduler.release()
        finally:
            await context.close()
            if checked.cost.values > SOME_VALUES:  # of smaller ones, the share that was read says nothing
                operation.note_rows(checked.cost, context.session.rows_read)
            if operation.kind is not OperationType.SUBSCRIPTION and not operation.is_live:
                self.usage.ran(context.client, operation, request.variables, perf_counter() - started, failed)

    def _work(
        self,
        checked: CheckedOperation,
        context: RequestContext,
        on_error: ErrorBehavior,
        make_executor: Callable[[], Executor[Any]],
        *,
        for_json: bool,
    ) -> Work:
        plan = checked.operation.plan
        root = checked.operation.root
        assert root is not None  # the document is valid
        hide_suggestions = not self.preparer.limits.introspection
        known = plan.roots.get(root) if plan.fixed else None
        return Work(
            plan,
            known or plan.root(root, checked.variables, hide_suggestions=hide_suggestions),
            checked.variables,
            context,
            make_executor,
            is_awaitable,
            hide_suggestions=hide_suggestions,
            on_error=on_error,
            for_json=for_json,
            size=AnswerSize(checked.limits.max_answer_bytes, context.answered_bytes, checked.cost.values),
            turn_s=TURN_S,
            traced=context.session.trace is not None,
        )

    def _executor(
        self,
        checked: CheckedOperation,
        context: RequestContext | SourceContext,
        extensions: Mapping[str, Any] | None,
        middleware: MiddlewareManager | None,
        root: Any = None,
    ) -> Executor[Any]:
        operation = checked.operation
        return self.executor_class(
            self._schema,
            operation.fragments,
            operation.details,
            root,
            context,
            operation.node,
            checked.variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            middleware_manager=middleware,
            is_awaitable=is_awaitable,
            hide_suggestions=not self.preparer.limits.introspection,
            operation_extensions=extensions,  # type: ignore[call-arg]  # Strawberry's executors take it
        )


def _begin(
    checked: CheckedOperation,
    context: RequestContext,
    record: OperationRecord | None,
    examination: Examination | None,
) -> None:
    """Let those who note what a run does know its session."""
    if examination is not None:
        examination.begin(context.session)
    if record is not None:
        record.begin(checked, context.session)


async def _walked(executor: Executor[Any]) -> Outcome:
    result: Any = executor.execute_operation()
    result = await result if executor.is_awaitable(result) else result
    return Outcome(result.data, result.errors or [])


def _bounded(outcome: Outcome, most_bytes: int) -> Outcome:
    """What graphql-core has made, unless that is too large: so it was bounded by its values alone, while it grew."""
    if outcome.data is not None and written_out(outcome.data) > most_bytes:
        return Outcome(None, [AnswerTooLarge(most_bytes)])
    return outcome


def believed(outcome: Outcome, context: RequestContext) -> Outcome:
    """What a second run came to, unless a table was rewritten in the middle of that, too."""
    if context.session.is_broken and not outcome.errors:
        return Outcome(None, [GraphQLError("outdated", original_error=OutdatedView())])
    return outcome


def cost_asked(extensions: Mapping[str, Any] | None, checked: CheckedOperation) -> dict[str, Any]:
    """`extensions.cost`, for those who ask for it."""
    if not (extensions and extensions.get("cost")):
        return {}
    cost, limits = checked.cost, checked.limits
    return {
        "cost": {
            "statements": cost.statements,
            "rows": cost.rows,
            "values": cost.values,
            "fields": checked.operation.fields,
            "work": cost.work,
            "points": points_of(cost),
            "maxStatements": limits.max_statements,
            "maxRows": limits.max_rows,
            "maxValues": limits.max_values,
            "maxFields": limits.max_fields,
            "maxWork": limits.max_work,
            "maxBytes": limits.max_answer_bytes,
        }
    }


def mode_of(checked: CheckedOperation) -> Mode:
    """How the session begins: one statement needs no view of its own, and a resolver may send more than one."""
    if checked.operation.kind is OperationType.MUTATION:
        return Mode.CURRENT
    return Mode.SINGLE if checked.cost.statements <= 1 and not checked.cost.reads_itself else Mode.SNAPSHOT
