"""Documents as they are kept: one operation with its fragments, without the values that clients wrote into it.

A prepared operation enters, its text and the hash of that leave; two operations that differ in nothing but values are
one. Values may be people's data, so no number and no text of a document is ever written down.
Source: https://github.com/graphql-hive/platform/tree/main/packages/libraries/core (`normalizeOperation`)
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from graphql import (
    DocumentNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    IntValueNode,
    OperationDefinitionNode,
    StringValueNode,
    Visitor,
    print_ast,
    visit,
)

from graph.prepare.coordinates import OperationCoordinates
from graph.prepare.operation import PreparedOperation
from graph.prepare.plan import selections_of
from graph.usage.batch import OperationText

MAX_TOKENS = 3_000
"""Of a document that is kept; a longer one takes more than 10 ms to write out."""


def text_of(operation: PreparedOperation, used: OperationCoordinates) -> OperationText | None:
    """The operation as it is kept; None for one that is too long."""
    node = operation.node
    if node.loc is None or _tokens(operation) > MAX_TOKENS:
        return None
    fragments = _spread(node, operation.fragments)
    try:
        text = print_ast(DocumentNode(definitions=tuple(visit(part, _WithoutValues()) for part in (node, *fragments))))
    except RecursionError:  # it nests too deeply
        return None
    name = node.name.value if node.name else ""
    return OperationText(sha256(text.encode()).hexdigest(), name, text, "\n".join(sorted(_kept(used))))


def _kept(used: OperationCoordinates) -> Iterator[str]:
    """What the document uses; of types only those whose values come in variables."""
    yield from (coordinate for coordinate in used.fixed if "." in coordinate or coordinate.startswith("@"))
    yield from {shape.coordinate for _, shape in used.variables}


def _tokens(operation: PreparedOperation) -> int:
    """About how many tokens an operation has, by its characters and those of its fragments."""
    places = (operation.node.loc, *(fragment.loc for fragment in operation.fragments.values()))
    return sum(place.end - place.start for place in places if place) // 4


def _spread(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> list[FragmentDefinitionNode]:
    names = {one.name.value for one in selections_of(operation, fragments) if isinstance(one, FragmentSpreadNode)}
    return [fragments[name] for name in sorted(names)]


class _WithoutValues(Visitor):
    def enter_int_value(self, _node: IntValueNode, *_: Any) -> IntValueNode:
        return IntValueNode(value="0")

    def enter_float_value(self, _node: FloatValueNode, *_: Any) -> FloatValueNode:
        return FloatValueNode(value="0")

    def enter_string_value(self, _node: StringValueNode, *_: Any) -> StringValueNode:
        return StringValueNode(value="", block=False)
