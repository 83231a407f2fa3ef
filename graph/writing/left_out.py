"""Variables that were left out where their absence would widen a change, or take a guard away.

GraphQL drops a field whose variable has no value: `ifVersion: $version` is then as if nobody had written it. Arguments
as they stand in the document enter, an error for each such variable leaves. Where leaving a field out does no more than
leave a value as it is, nothing is said. Source: https://spec.graphql.org/September2025/#sec-Input-Objects
"""

from collections.abc import Container, Iterator

from graphql import FieldNode, ListValueNode, ObjectValueNode, ValueNode, VariableNode

from graph.writing.errors import InvalidInput, Place
from graph.writing.inputs import Input, guards_of, inputs_in, is_guarded


def left_out(node: FieldNode, model: type[Input], given: Container[str], place: Place) -> list[InvalidInput]:
    """An error for each variable without a value in a guard of an input; `given` are the variables that have one."""
    written = [it for it in node.arguments or () if it.name.value == place[-1]] if is_guarded(model) else []
    return [error for argument in written for error in _absent(argument.value, model, given, place)]


def _absent(value: ValueNode, model: type[Input], given: Container[str], place: Place) -> Iterator[InvalidInput]:
    """The same for an input as it stands in the document, or for a list of some."""
    if isinstance(value, ListValueNode):
        for index, part in enumerate(value.values):
            yield from _absent(part, model, given, (*place, index))
    elif isinstance(value, ObjectValueNode):
        guards, inside = guards_of(model), inputs_in(model)
        for field in value.fields:
            name = field.name.value
            if name in guards:
                for at, variable in _variables(field.value, given, (*place, name)):
                    message = f"`${variable}` has no value, so {guards[name]}; send one, or do not write this."
                    yield InvalidInput(message, at)
            elif name in inside and is_guarded(inside[name]):
                yield from _absent(field.value, inside[name], given, (*place, name))


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
