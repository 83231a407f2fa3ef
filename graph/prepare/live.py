"""`@live`: a query whose answer is told again when it has changed.

A document enters; mistakes leave while it is validated, and of an operation, whether it is live and how often it may be
run. How it is run and told is not known here: see `graph.live_queries`.
"""

from enum import Enum
from typing import Any, Final, TypeAlias

from graphql import (
    DirectiveLocation,
    GraphQLArgument,
    GraphQLDirective,
    GraphQLError,
    GraphQLInt,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    ValidationContext,
    ValidationRule,
    get_directive_values,
)
from graphql.execution.values import VariableValues

THROTTLE = "throttleMs"

LIVE = GraphQLDirective(
    "live",
    [DirectiveLocation.QUERY],
    {
        THROTTLE: GraphQLArgument(
            GraphQLInt,
            description="The least milliseconds between two runs, within bounds of the server; left out, as it likes.",
        )
    },
    description=(
        "The whole answer is told at once, and again whenever it is another one, over a WebSocket, as server-sent"
        " events, or as parts of a body."
    ),
)


class LiveKind(Enum):
    """A kind of operation beside those of GraphQL."""

    QUERY = "live query"


LIVE_QUERY: Final = LiveKind.QUERY
"""Beside kinds of operations, it says that queries with `@live` are answered, too."""

AnyKind: TypeAlias = OperationType | LiveKind

MISPLACED = (
    "`@live` stands on a query, as in `query @live { … }`: a subscription tells what happens without it, and a mutation"
    " is done once. Leave it out."
)


def is_live(schema: GraphQLSchema, operation: OperationDefinitionNode) -> bool:
    """Whether an operation is a live query."""
    named = any(directive.name.value == LIVE.name for directive in operation.directives or ())
    return named and operation.operation is OperationType.QUERY and has_live(schema)


def has_live(schema: GraphQLSchema) -> bool:
    """Whether queries may be live."""
    return schema.get_directive(LIVE.name) is LIVE


def throttle_ms(operation: OperationDefinitionNode, variables: VariableValues) -> int | None:
    """How many milliseconds a live query wants between two runs at least; None where it does not say."""
    found = (get_directive_values(LIVE, operation, variables) or {}).get(THROTTLE)
    return found if isinstance(found, int) else None


class LiveRule(ValidationRule):
    """`@live` stands on queries alone. That it is known, and how often it may stand, others look at."""

    context: ValidationContext

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Name the cure where it stands on another operation."""
        if node.operation is OperationType.QUERY or not has_live(self.context.schema):
            return
        for directive in node.directives or ():
            if directive.name.value == LIVE.name:
                self.report_error(GraphQLError(MISPLACED, directive))
