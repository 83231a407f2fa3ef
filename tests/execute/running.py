"""One operation, run as the server runs it, without HTTP."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError
from strawberry.types import ExecutionResult

from db.session.engines import Engines
from graph.context import ContextFactory, RequestContext
from graph.entity import Schema
from graph.errors import code_of


class Recording(ContextFactory):
    """Keeps the context of the last operation."""

    made: RequestContext

    def make(self, *arguments: Any, **named: Any) -> RequestContext:
        self.made = super().make(*arguments, **named)
        return self.made


async def run(
    schema: Schema, engines: Engines, query: str, variables: Mapping[str, Any] | None = None, **more: Any
) -> ExecutionResult:
    """What an operation answers, errors as they were raised."""
    context = ContextFactory(engines)
    return await schema.execute(query, variable_values=dict(variables or {}), context_value=context, **more)


async def data_of(
    schema: Schema, engines: Engines, query: str, variables: Mapping[str, Any] | None = None, **more: Any
) -> Any:
    """The data that an operation answers; it must have no errors."""
    result = await run(schema, engines, query, variables, **more)
    assert result.errors is None, result.errors
    return result.data


def only_error(result: ExecutionResult) -> GraphQLError:
    """The one error that there must be."""
    assert result.errors is not None
    (error,) = result.errors
    return error


def codes(result: ExecutionResult) -> set[str | None]:
    """The codes of the errors."""
    return {code_of(error) for error in result.errors or ()}
