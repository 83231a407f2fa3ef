"""A Strawberry schema whose mapped fields are planned, and whose documents are prepared once and priced."""

from collections.abc import Iterable
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.exceptions import DuplicatedTypeName
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from graph.entity.scalars import SCALARS
from graph.errors import EqualNames
from graph.execution.executor import LevelExecutor
from graph.execution.extension import Operations
from graph.execution.field import use_planned_resolvers
from graph.execution.prepare import Limits, Preparer
from graph.settings import Settings


class Schema(strawberry.Schema):
    """What a Trellis server answers to. `query` comes from `query_type`; `types` are those that no field names."""

    def __init__(self, query: type[Any], settings: Settings, types: Iterable[type[Any]] = ()) -> None:
        try:
            super().__init__(
                query=query,
                types=types,
                execution_context_class=LevelExecutor,
                config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=not settings.introspection),
                extensions=[lambda: Operations(self.preparer)],
            )
        except DuplicatedTypeName as error:
            raise EqualNames(error.message) from None
        use_planned_resolvers(self._schema)
        limits = Limits(
            settings.max_tokens,
            settings.max_statements,
            settings.max_rows,
            settings.max_values,
            introspection=settings.introspection,
        )
        self.preparer = Preparer(self._schema, limits, settings.prepared_operations)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log nothing here: `graph.masking` logs what is our own fault, and clients' mistakes are theirs."""
