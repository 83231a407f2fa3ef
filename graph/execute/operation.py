"""An operation from its text to its answer, when nothing stands in between.

The same as through Strawberry's `Schema.execute`, without what that does for extensions on every request: the prepared
operation is looked up, checked, and handed to the executor. A schema with extensions of its own goes Strawberry's way,
where `graph.execute.extension` does the same work.
"""

from collections.abc import Container
from typing import Any

from graphql import (
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    default_field_resolver,
    default_type_resolver,
    get_operation_ast,
)
from strawberry.execution import optimized_is_awaitable
from strawberry.types import ExecutionResult

from db.session import Mode
from graph.context import RequestContext
from graph.execute.graphql_core import LevelExecutor
from graph.prepare.documents import CheckedOperation, InvalidDocument, Preparer, no_such_operation
from graph.prepare.limits import Limits
from graph.prepare.plan import NO_VARIABLES


class NotAllowed(Exception):
    """An operation of this kind is not answered here."""

    def __init__(self, kind: OperationType) -> None:
        self.kind = kind
        super().__init__(f"A {kind.value} is not answered here.")


class Direct:
    """Answers the operations of one schema."""

    def __init__(self, schema: GraphQLSchema, preparer: Preparer) -> None:
        self._schema = schema
        self._preparer = preparer

    async def answer(
        self,
        query: str,
        variables: dict[str, Any] | None,
        name: str | None,
        extensions: dict[str, Any] | None,
        context: RequestContext,
        allowed: Container[OperationType],
    ) -> ExecutionResult:
        """ResponseTree one operation, to be written by orjson. Raises `NotAllowed` for one of another kind."""
        try:
            priced = self._priced(query, variables, name, allowed)
        except InvalidDocument as refused:
            return ExecutionResult(None, refused.errors)
        try:
            begin(context, priced, self._preparer.limits)
            data, errors = await self._executor(priced, extensions, context).answer(priced.operation.plan)
        finally:
            await context.close()
        return ExecutionResult(data, errors or None, cost_asked(extensions, priced, self._preparer.limits))

    def _priced(
        self, query: str, variables: dict[str, Any] | None, name: str | None, allowed: Container[OperationType]
    ) -> CheckedOperation:
        try:
            prepared = self._preparer.prepare(query)
        except InvalidDocument as refused:
            if refused.document is not None:
                _check_kind(get_operation_ast(refused.document, name), allowed)
            raise
        operation = self._preparer.operation(prepared, name)
        _check_kind(operation.node, allowed)
        return self._preparer.check(operation, variables)

    def _executor(
        self, priced: CheckedOperation, extensions: dict[str, Any] | None, context: RequestContext
    ) -> LevelExecutor:
        operation = priced.operation
        if operation.plan.incremental:
            return self._new(priced, extensions, context)
        if operation.executor is None:
            operation.executor = self._new(priced, None, None).fork(None, NO_VARIABLES)  # no values of this request
        made: LevelExecutor = operation.executor.fork(context, priced.variables)
        made.operation_extensions = extensions
        return made

    def _new(
        self, priced: CheckedOperation, extensions: dict[str, Any] | None, context: RequestContext | None
    ) -> LevelExecutor:
        operation = priced.operation
        executor = LevelExecutor(
            self._schema,
            operation.fragments,
            operation.details,
            None,
            context,
            operation.node,
            priced.variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=optimized_is_awaitable,
            hide_suggestions=not self._preparer.limits.introspection,
            operation_extensions=extensions,
        )
        executor.written = True
        return executor


def begin(context: RequestContext, priced: CheckedOperation, limits: Limits) -> None:
    """Tell the context what the operation needs: how its session begins, its plan, its limits."""
    context.open(_mode(priced))
    context.plan = priced.operation.plan
    context.max_page = limits.max_page


def cost_asked(extensions: dict[str, Any] | None, priced: CheckedOperation | None, limits: Limits) -> dict[str, Any]:
    """`extensions.cost`, for those who ask for it."""
    if priced is None or not (extensions and extensions.get("cost")):
        return {}
    price = priced.price
    return {
        "cost": {
            "statements": price.statements,
            "rows": price.rows,
            "values": price.values,
            "maxStatements": limits.max_statements,
            "maxRows": limits.max_rows,
            "maxValues": limits.max_values,
        }
    }


def _check_kind(operation: OperationDefinitionNode | None, allowed: Container[OperationType]) -> None:
    if operation is None:
        raise InvalidDocument([no_such_operation()])
    if operation.operation not in allowed:
        raise NotAllowed(operation.operation)


def _mode(priced: CheckedOperation) -> Mode:
    if priced.operation.node.operation is OperationType.MUTATION:
        return Mode.CURRENT
    return Mode.SINGLE if priced.price.statements <= 1 else Mode.SNAPSHOT
