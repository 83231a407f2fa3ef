"""Arguments of fields, worked out once where variables allow it.

Source: https://spec.graphql.org/September2025/#sec-Coercing-Field-Arguments
"""

from collections.abc import Container, Iterator, Mapping
from typing import Any, NamedTuple

from graphql import FieldNode, GraphQLArgument, GraphQLField, GraphQLNonNull, Node, Undefined, VariableNode
from graphql.execution.values import VariableValues, get_argument_values

from graph.prepare.late import holds_late

NO_VARIABLES = VariableValues({}, {})


class Arguments(NamedTuple):
    """Arguments that are fixed, and those that are nothing but a variable, by their names and the variable's."""

    fixed: dict[str, Any]
    variable: tuple[tuple[str, str], ...]
    is_late: bool = False
    """Whether something that is fixed is known at the run alone: see `graph.prepare.late`."""

    @classmethod
    def of(cls, definition: GraphQLField, node: FieldNode) -> "Arguments | None":
        """The arguments of a field; None where a variable is part of a value, or may be refused by its place."""
        variable: dict[str, str] = {}
        for argument in node.arguments or ():
            name = argument.name.value
            declared = definition.args.get(name)
            if isinstance(argument.value, VariableNode):
                if declared is None or not _takes_anything(declared, name):
                    return None
                variable[name] = argument.value.name.value
            elif any(variables_in(argument.value)):
                return None
        others = {name: declared for name, declared in definition.args.items() if name not in variable}
        fixed = get_argument_values(GraphQLField(definition.type, others), node, NO_VARIABLES)
        return cls(fixed, tuple(variable.items()), holds_late(fixed))

    def vary_only_in(self, names: Container[str]) -> bool:
        """Whether all other arguments are the same in every run."""
        return not self.is_late and all(name in names for name, _ in self.variable)

    def values(self, coerced: Mapping[str, Any]) -> dict[str, Any]:
        """The values with these variables; an argument whose variable was not given is left out."""
        if not self.variable:
            return self.fixed
        given = {name: coerced[variable] for name, variable in self.variable if variable in coerced}
        return {**self.fixed, **given}


def _takes_anything(definition: GraphQLArgument, name: str) -> bool:
    """Whether an argument may be null or left out, and then stays so."""
    return (
        not isinstance(definition.type, GraphQLNonNull)
        and definition.default is None
        and definition.default_value is Undefined
        and definition.out_name in (None, name)
    )


def variables_in(value: Node) -> Iterator[str]:
    """The names of the variables in a value, however deep."""
    left: list[Node] = [value]
    while left:
        value = left.pop()
        if isinstance(value, VariableNode):
            yield value.name.value
        left += getattr(value, "values", None) or [field.value for field in getattr(value, "fields", None) or ()]
