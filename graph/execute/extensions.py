"""The same way into an operation, with Strawberry's extensions called on it.

The hooks are Strawberry's (https://strawberry.rocks/docs/guides/custom-extensions): around the operation, its parsing,
its validation, its execution and each field. A schema without extensions pays nothing for them.
"""

from collections.abc import Container, Iterator
from itertools import chain
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSchema, MiddlewareManager, OperationType
from strawberry.extensions import SchemaExtension
from strawberry.extensions.runner import SchemaExtensionsRunner
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType as StrawberryOperationType

from graph.context import ContextFactory, RequestContext
from graph.doctor import Examination
from graph.errors import RateLimited
from graph.execute.operation import Operations, believed
from graph.prepare.documents import InvalidDocument, NotAllowed, OperationRequest, Preparer
from graph.prepare.operation import CheckedOperation
from graph.prepare.points import points_of
from graph.telemetry.record import OperationRecord


class ExtendedOperations(Operations):
    """Answers the operations of a schema that has extensions."""

    def __init__(self, schema: GraphQLSchema, preparer: Preparer, strawberry_schema: strawberry.Schema) -> None:
        super().__init__(schema, preparer)
        self._strawberry_schema = strawberry_schema

    async def answer(
        self,
        request: OperationRequest,
        contexts: ContextFactory,
        allowed: Container[OperationType],
        record: OperationRecord | None = None,
        *,
        for_json: bool = False,
    ) -> ExecutionResult:
        """Answer one operation. Before it is prepared, extensions see the factory in the place of its context.

        Raises as that of operations without extensions.
        """
        extended = _Extended(self._strawberry_schema, request, contexts)
        examination: Examination | None = None
        try:
            examination = Examination.asked(request.extensions, contexts) if request.extensions else None
            async with extended.runner.operation():
                result = await self._answer(
                    extended, request, contexts, allowed, examination, record, for_json=for_json
                )
        except (NotAllowed, RateLimited):
            raise
        except Exception as error:  # whatever an extension raises
            result = ExecutionResult(None, [error if isinstance(error, GraphQLError) else _as_graphql(error)])
        told: dict[str, Any] = {}
        if extended.checked is not None:
            told = await self.extensions_asked(request, extended.checked, examination, result.data)
        result.extensions = told | await extended.runner.get_extensions_results(extended.seen)
        extended.seen.result = result
        return result

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
        """Answer an operation that has begun; each answer has extensions of its own, whose hooks are called."""
        extended = _Extended(self._strawberry_schema, request, contexts)
        seen, runner, extended.checked = extended.seen, extended.runner, checked
        seen.graphql_document = self.preparer.document(request).document
        try:
            async with runner.operation():
                attempts = self.attempts(checked, contexts, record)
                result = await self._executed(extended, checked, attempts, request, for_json=for_json, event=event)
        except Exception as error:  # whatever an extension raises
            result = ExecutionResult(None, [error if isinstance(error, GraphQLError) else _as_graphql(error)])
        result.extensions = await runner.get_extensions_results(seen)
        return result

    async def _answer(
        self,
        extended: "_Extended",
        request: OperationRequest,
        contexts: ContextFactory,
        allowed: Container[OperationType],
        examination: Examination | None,
        record: OperationRecord | None,
        *,
        for_json: bool,
    ) -> ExecutionResult:
        seen, runner = extended.seen, extended.runner
        async with runner.parsing():
            try:
                seen.graphql_document = self.preparer.document(request).document
            except InvalidDocument as invalid:
                seen.graphql_document = invalid.document
        async with runner.validation():
            try:
                checked = extended.checked = self.preparer.checked(request, allowed, contexts.budget)
            except InvalidDocument as invalid:
                seen.pre_execution_errors = invalid.errors
                return ExecutionResult(None, invalid.errors)
        if contexts.count is not None:
            await contexts.count(points_of(checked.cost))
        attempts = self.attempts(checked, contexts, record, examination)
        return await self._executed(extended, checked, attempts, request, for_json=for_json)

    async def _executed(
        self,
        extended: "_Extended",
        checked: CheckedOperation,
        attempts: Iterator[RequestContext],
        request: OperationRequest,
        *,
        for_json: bool,
        event: Any = None,
    ) -> ExecutionResult:
        """What a run comes to, or the one after it; extensions see the context before it begins."""
        seen, first = extended.seen, next(attempts)
        seen.context = first
        try:
            async with extended.runner.executing():
                for context in chain([first], attempts):
                    seen.context = context
                    again = await self.run(
                        checked, context, request, extended.middleware, for_json=for_json, event=event
                    )
                    data, errors = believed(again, context)
                result = seen.result = ExecutionResult(data, errors or None)
        finally:
            await seen.context.close()  # an extension that raises before the run may have read something
        return result


class _Extended:
    """One operation, as its extensions see it. Each operation has extensions of its own."""

    def __init__(self, schema: strawberry.Schema, request: OperationRequest, contexts: ContextFactory) -> None:
        self.seen = ExecutionContext(
            query=request.query,
            schema=schema,
            allowed_operations=list(StrawberryOperationType),
            context=contexts,
            variables=dict(request.variables or {}),
            provided_operation_name=request.operation_name,
            operation_extensions=dict(request.extensions or {}),
        )
        extensions = schema.get_extensions()
        for extension in extensions:
            extension.execution_context = self.seen
        self.runner: SchemaExtensionsRunner = schema.create_extensions_runner(self.seen, extensions)
        self.checked: CheckedOperation | None = None
        """The operation, once it is prepared."""
        resolving: list[Any] = [one for one in extensions if type(one).resolve is not SchemaExtension.resolve]
        self.middleware = MiddlewareManager(*resolving) if resolving else None
        """What is called for each field of each object."""


def _as_graphql(error: Exception) -> GraphQLError:
    return GraphQLError(str(error), original_error=error)
