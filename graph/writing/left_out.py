"""Variables that were left out where their absence would widen a change, or take a guard away.

GraphQL drops a field whose variable has no value: `ifVersion: $version` is then as if nobody had written it. Arguments
as they stand in the document enter, an error for each such variable leaves. Where leaving a field out does no more than
leave a value as it is, nothing is said. Source: https://spec.graphql.org/September2025/#sec-Input-Objects
"""

from collections.abc import Container, Iterator

from graphql import ArgumentNode, FieldNode, ListValueNode, ObjectValueNode, ValueNode, VariableNode

from graph.writing.errors import InvalidInput, Place
from graph.writing.inputs import Input, guards_of


def left_out(node: FieldNode, model: type[Input], given: Container[str], place: Place) -> list[InvalidInput]:
    """An error for each variable without a value in a guard of an input; `given` are the variables that have one."""
    guards = guards_of(model)
    written = [] if not guards else [it for it in node.arguments or () if it.name.value == place[-1]]
    return [
        InvalidInput(f"`${name}` has no value, so {guards[str(at[len(place)])]}; send one, or do not write this.", at)
        for argument in written
        for at, name in _absent(argument, guards, given, place)
    ]


def _absent(
    argument: ArgumentNode, guards: Container[str], given: Container[str], place: Place
) -> Iterator[tuple[Place, str]]:
    if isinstance(argument.value, ObjectValueNode):
        for field in argument.value.fields:
            if field.name.value in guards:
                yield from _variables(field.value, given, (*place, field.name.value))


def _variables(value: ValueNode, given: Container[str], place: Place) -> Iterator[tuple[Place, str]]:
    """The variables without a value inside of a value, with their places."""
    if isinstance(value, VariableNode):
        if value.name.value not in given:
            yield place, value.name.value
    elif isinstance(value, ObjectValueNode):
        for field in value.fields:
            yield from _variables(field.value, given, (*place, field.name.value))
    elif isinstance(value, ListValueNode):
        for index, inner in enumerate(value.values):
            yield from _variables(inner, given, (*place, index))
