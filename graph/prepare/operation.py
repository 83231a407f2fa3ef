"""One operation of a valid document, ready to be run again and again.

It keeps the plan, and the price for each combination of the few variables that a price hangs on: sizes of pages,
lengths of lists, conditions. Other variables never matter here.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    is_object_type,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues

from graph.prepare.cost import Cost, price
from graph.prepare.fields import planned
from graph.prepare.limits import Limits
from graph.prepare.plan import CONDITIONS, Plan, variables_in
from graph.prepare.variables import Variables

MAX_PRICES = 64
"""How many prices are kept of one operation."""


class PreparedOperation:
    """An operation with its plan."""

    def __init__(
        self,
        schema: GraphQLSchema,
        node: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        sizes: frozenset[str],
        limits: Limits,
    ) -> None:
        self.node = node
        self.fragments = dict(fragments)
        self.details = {name: FragmentDetails(fragment) for name, fragment in fragments.items()}
        self.plan = Plan(schema, node, self.details)
        self.executor: Any = None
        """What runs it, to be forked for each run, once there is one."""
        self.variables = Variables(schema, node, hide_suggestions=not limits.introspection)
        self._schema = schema
        self._max_page = limits.max_page
        self._sized = sorted(set(_sized_variables(node, fragments, sizes)))
        self._prices: dict[tuple[Any, ...], Cost] = {}

    def price(self, variables: VariableValues) -> Cost:
        """What it costs with these variables."""
        sizes = tuple(_size(variables.coerced.get(name, Undefined)) for name in self._sized)
        found = self._prices.get(sizes)
        if found is None:
            found = price(_Document(self, self._schema, variables.coerced, self._max_page), self.node)
            if len(self._prices) >= MAX_PRICES:
                self._prices.clear()
            self._prices[sizes] = found
        return found


class _Document:
    """The operation with its variables, as the price asks for them."""

    def __init__(
        self, operation: PreparedOperation, schema: GraphQLSchema, variables: Mapping[str, Any], max_page: int
    ) -> None:
        self.schema = schema
        self.fragments = operation.fragments
        self.variable_values = variables
        self.max_page = max_page


def size_arguments(schema: GraphQLSchema) -> frozenset[str]:
    """The names of the arguments that say how much is asked for."""
    return frozenset(
        name
        for type_ in schema.type_map.values()
        if is_object_type(type_)
        for field in type_.fields.values()
        if (definition := planned(field)) is not None
        for name in definition.sizes
    )


def _size(value: Any) -> Any:
    """What a price sees of a variable's value."""
    return ("length", len(value)) if isinstance(value, list) else value


def _sized_variables(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode], sizes: frozenset[str]
) -> Iterator[str]:
    left: list[SelectionSetNode] = [
        operation.selection_set,
        *(fragment.selection_set for fragment in fragments.values()),
    ]
    while left:
        for selection in left.pop().selections:
            for directive in selection.directives or ():
                if directive.name.value in CONDITIONS:
                    yield from _variables(directive.arguments or ())
            if isinstance(selection, FieldNode):
                yield from _variables(
                    argument for argument in selection.arguments or () if argument.name.value in sizes
                )
            if not isinstance(selection, FragmentSpreadNode):
                assert isinstance(selection, FieldNode | InlineFragmentNode)
                if selection.selection_set:
                    left.append(selection.selection_set)


def _variables(arguments: Iterable[ArgumentNode]) -> Iterator[str]:
    for argument in arguments:
        yield from variables_in(argument.value)
