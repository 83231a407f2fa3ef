"""A Strawberry schema whose mapped fields are planned, and whose documents are prepared once and priced."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

import strawberry
from graphql import GraphQLError, OperationType
from strawberry.exceptions import DuplicatedTypeName, MissingQueryError
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType as StrawberryOperationType

from graph.context import RequestContext
from graph.entity.types import TYPES
from graph.errors import EqualNames
from graph.execute.extension import Operations
from graph.execute.graphql_core import LevelExecutor
from graph.execute.operation import Direct, NotAllowed
from graph.prepare.documents import Preparer, no_such_operation
from graph.prepare.fields import use_planned_resolvers
from graph.prepare.limits import Limits
from graph.settings import Settings


class Schema(strawberry.Schema):
    """What a Trellis server answers to. `query` comes from `query_type`; `types` are those that no field names."""

    def __init__(
        self,
        query: type[Any],
        settings: Settings,
        types: Iterable[type[Any]] = (),
        mutation: type[Any] | None = None,
        extensions: Iterable[type[SchemaExtension] | Callable[[], SchemaExtension]] = (),
    ) -> None:
        added = list(extensions)
        try:
            super().__init__(
                query=query,
                mutation=mutation,
                types=types,
                execution_context_class=LevelExecutor,
                config=StrawberryConfig(
                    scalar_map=TYPES.definitions(), disable_field_suggestions=not settings.introspection
                ),
                extensions=[lambda: Operations(self.preparer), *added],
            )
        except DuplicatedTypeName as error:
            raise EqualNames(error.message) from None
        use_planned_resolvers(self._schema)
        limits = Limits(
            settings.max_tokens,
            settings.max_statements,
            settings.max_rows,
            settings.max_values,
            settings.max_page,
            introspection=settings.introspection,
        )
        self.preparer = Preparer(self._schema, limits, settings.prepared_operations)
        self._direct = None if added else Direct(self._schema, self.preparer)

    async def answer(
        self,
        query: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        operation_extensions: dict[str, Any] | None,
        context: RequestContext,
        allowed: Collection[OperationType],
    ) -> ExecutionResult:
        """Answer one operation the shortest way that its extensions allow; moments in the data may be `datetime`s.

        Raises `NotAllowed` for an operation of a kind that is not among those allowed.
        """
        if self._direct is not None:
            return await self._direct.answer(query, variables, operation_name, operation_extensions, context, allowed)
        try:
            return await self.execute(
                query,
                variable_values=variables,
                operation_name=operation_name,
                operation_extensions=operation_extensions,
                context_value=context,
                allowed_operation_types=[StrawberryOperationType(kind.value) for kind in allowed],
            )
        except (CannotGetOperationTypeError, MissingQueryError):
            return ExecutionResult(None, [no_such_operation()])
        except InvalidOperationTypeError as refused:
            raise NotAllowed(OperationType(refused.operation_type.value)) from None

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log nothing here: `graph.masking` logs what is our own fault, and clients' mistakes are theirs."""
