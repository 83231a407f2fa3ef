"""The executor: graphql-core's, with whole operations run level by level.

Strawberry gets it as its execution context. What asks for parts of an answer later (`@defer`, `@stream`), for
middleware around each field, or for a signal that stops it, goes graphql-core's own way.
Source: https://strawberry.rocks/docs/types/schema#execution_context_class; docs/decisions/0010-level-by-level.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from graphql import (
    GraphQLError,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfoHelpers,
    OperationType,
    get_nullable_type,
    is_object_type,
)
from graphql.execution.collect_fields import DeferUsage, FieldDetailsList, GroupedFieldSet
from graphql.execution.executor import CollectedErrors, Executor, invalid_return_type_error
from graphql.execution.values import VariableValues
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.execute.null_propagation import Propagation, propagate_nulls
from graph.execute.reference import Request
from graph.execute.scheduler import Run
from graph.prepare.plan import Plan

if TYPE_CHECKING:
    _Base = Executor[Any]
else:
    _Base = object


class LevelByLevel(_Base):
    """Runs operations breadth-first; a mixin for graphql-core's executors."""

    written = False
    """Whether the answer is only written as JSON: then a moment may stay a `datetime`, which orjson writes faster."""

    def fork(self, context: Any, variables: VariableValues) -> Self:
        """An executor for another run of the same operation, which shares what no run changes.

        To make one anew takes longer than to look a row up. It runs level by level only: nothing may come later.
        """
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        made.context_value = context
        made.variable_values = variables
        made.collected_errors = CollectedErrors()
        made.background_futures = set()
        made.async_helpers = GraphQLResolveInfoHelpers(gather=made.gather_async_work, track=made.track_async_work)
        return made

    def count_fields(self, number: int) -> None:
        """Told of each batch of fields, with the number of its objects."""

    def must_rise(self, type_: GraphQLOutputType) -> bool:
        """Whether an error in a place of this type empties what is around it."""
        return self.error_propagation and isinstance(type_, GraphQLNonNull)

    def plan(self) -> Plan:
        """The plan of the operation: the prepared one, or one for this time."""
        prepared = getattr(self.context_value, "plan", None)
        if isinstance(prepared, Plan) and prepared.operation is self.operation:
            return prepared
        return Plan(self.schema, self.operation, self.fragments)

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Sequence[DeferUsage],
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Run the operation level by level if that can be done."""
        plan = self.plan()
        if plan.incremental or self.abort_signal is not None or self._has_hooks():
            return super().execute_collected_root_fields(
                root_type, root_value, grouped_field_set, serially, new_defer_usages
            )
        selection = plan.root(root_type, self.variable_values, hide_suggestions=self.hide_suggestions)
        run = Run(self, plan, selection, root_value, serially=serially)
        if run.start():
            return self._finish(run)
        return self._outcome(run)

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: Any,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> AwaitableOrValue[Any]:
        """Complete a value of graphql-core's own walk, which knows no requests for rows."""
        if isinstance(result, Request):
            expected = get_nullable_type(return_type)
            if is_object_type(expected) and expected.name != result.type_name:
                raise invalid_return_type_error(expected, result, field_details_list)
            loading = result.load(info)
            return self.complete_awaitable_value(return_type, field_details_list, info, path, loading, position_context)
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)

    async def answer(self, plan: Plan) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """The data and the errors of a prepared operation."""
        if plan.incremental:
            result: Any = self.execute_operation()
            result = await result if self.is_awaitable(result) else result
            return result.data, result.errors or []
        kind = self.operation.operation
        root = self.schema.get_root_type(kind)
        assert root is not None  # the document is valid
        selection = plan.root(root, self.variable_values, hide_suggestions=self.hide_suggestions)
        run = Run(self, plan, selection, self.root_value, serially=kind is OperationType.MUTATION)
        try:
            if run.start():
                await run.finish()
            return self._outcome(run), self.collected_errors.errors
        except GraphQLError as fatal:
            return None, [*self.collected_errors.errors, fatal.with_traceback(None)]
        finally:
            # Each of these leads back to this executor, and that holds the whole answer.
            run.fatal = None
            self.collected_errors = CollectedErrors()
            del self.async_helpers

    def judged(self, run: Run) -> Propagation:
        """Report the failures of a run so far."""
        verdict = propagate_nulls(run, rising=self.error_propagation)
        self.collected_errors.errors.extend(verdict.errors)
        run.fatal = verdict.fatal
        return verdict

    async def _finish(self, run: Run) -> dict[str, Any]:
        await run.finish()
        return self._outcome(run)

    def _outcome(self, run: Run) -> dict[str, Any]:
        fatal = run.fatal
        if run.failures and fatal is None:
            fatal = self.judged(run).fatal
        run.release()
        if fatal is not None:
            raise fatal
        return run.answer

    def _has_hooks(self) -> bool:
        """Whether somebody wants to be called for each field of each object."""
        wrapped = self.middleware_manager is not None and bool(self.middleware_manager.middlewares)
        return wrapped or type(self).execute_field is not Executor.execute_field


class LevelExecutor(LevelByLevel, StrawberryGraphQLCoreExecutionContext):
    """What Strawberry runs operations with."""
