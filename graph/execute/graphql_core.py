"""graphql-core's executor, with whole operations run level by level.

Strawberry gets it as its execution context. What asks for parts of an answer later (`@defer`, `@stream`), for
middleware around each field, or for a signal that stops it, goes graphql-core's own way; mapped fields answer there by
`graph.execute.walk`. Nowhere else is a class of graphql-core's execution extended.
Source: https://strawberry.rocks/docs/types/schema#execution_context_class; docs/decisions/0010-level-by-level.md.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from graphql import GraphQLObjectType, GraphQLOutputType, get_nullable_type, is_object_type
from graphql.error import located_error
from graphql.execution.collect_fields import DeferUsage, FieldDetailsList, GroupedFieldSet
from graphql.execution.executor import Executor, invalid_return_type_error
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.execute.reference import RowReference
from graph.execute.scheduler import Scheduler
from graph.execute.size import AnswerSize
from graph.execute.walk import read_row
from graph.execute.work import Work
from graph.prepare.error_behavior import ErrorBehavior
from graph.prepare.plan import Plan

if TYPE_CHECKING:
    _Base = Executor[Any]
else:
    _Base = object


class LevelByLevel(_Base):
    """Runs operations breadth-first; a mixin for graphql-core's executors."""

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Sequence[DeferUsage],
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Run the operation level by level if that can be done."""
        plan = Plan(self.schema, self.operation, self.fragments)
        if plan.incremental or self.abort_signal is not None or self._has_hooks():
            return super().execute_collected_root_fields(
                root_type, root_value, grouped_field_set, serially, new_defer_usages
            )
        work = Work(
            plan,
            plan.root(root_type, self.variable_values, hide_suggestions=self.hide_suggestions),
            self.variable_values,
            self.context_value,
            lambda: self,
            self.is_awaitable,
            hide_suggestions=self.hide_suggestions,
            on_error=ErrorBehavior.PROPAGATE if self.error_propagation else ErrorBehavior.NULL,
            for_json=False,
            size=AnswerSize(sys.maxsize),  # bounded by the server, which does not come this way
        )
        scheduler = Scheduler(work, root_value, serially=serially)
        return self._finish(scheduler) if scheduler.start() else self._data(scheduler)

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: Any,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> AwaitableOrValue[Any]:
        """Complete a value of graphql-core's own walk, which knows no references to rows."""
        if isinstance(result, RowReference):
            expected = get_nullable_type(return_type)
            if is_object_type(expected) and expected.name != result.type_name:
                raise invalid_return_type_error(expected, result, field_details_list)
            reading = read_row(info, result)
            return self.complete_awaitable_value(return_type, field_details_list, info, path, reading, position_context)
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)

    async def _finish(self, scheduler: Scheduler) -> dict[str, Any]:
        await scheduler.finish()
        return self._data(scheduler)

    def _data(self, scheduler: Scheduler) -> dict[str, Any]:
        try:
            return scheduler.data()
        finally:
            self.collected_errors.errors.extend(scheduler.errors)
            scheduler.release()

    def _has_hooks(self) -> bool:
        """Whether somebody wants to be called for each field of each object."""
        wrapped = self.middleware_manager is not None and bool(self.middleware_manager.middlewares)
        return wrapped or type(self).execute_field is not Executor.execute_field


def heeding(on_error: ErrorBehavior, executor: Executor[Any]) -> Executor[Any]:
    """The executor, which from now on handles errors in this way. graphql-core itself has no third one."""
    executor.error_propagation = on_error is ErrorBehavior.PROPAGATE
    if on_error is ErrorBehavior.HALT:
        executor.handle_field_error = _halt  # type: ignore[assignment,method-assign]  # this object's, and its copies'
    return executor


def _halt(raw_error: Exception, _type: GraphQLOutputType, details: FieldDetailsList, path: Path) -> NoReturn:
    """Raise an error that no position catches, so that it reaches the root and stops what is under way."""
    raise located_error(raw_error, [detail.node for detail in details], path.as_list())


def free(executor: Executor[Any]) -> None:
    """Let go of the helpers of resolvers, which lead back to their executor, and so to the whole response."""
    del executor.async_helpers


class LevelExecutor(LevelByLevel, StrawberryGraphQLCoreExecutionContext):
    """What Strawberry runs operations with."""
