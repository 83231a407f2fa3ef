"""What every element of a schema has beside its type: a description, a deprecation, directives that are applied to it.

Elements of graphql-core enter; texts and directives leave, equal where they mean the same. Nothing is compared.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from graphql import (
    ConstDirectiveNode,
    GraphQLArgument,
    GraphQLDirective,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLNamedType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    Node,
    StringValueNode,
    is_list_type,
    is_non_null_type,
    print_ast,
)
from graphql.type import GraphQLType

Value: TypeAlias = GraphQLArgument | GraphQLInputField
Element: TypeAlias = GraphQLSchema | GraphQLNamedType | GraphQLField | Value | GraphQLEnumValue | GraphQLDirective

SEMANTIC_NON_NULL = "semanticNonNull"
READ_ELSEWHERE = {"deprecated", "specifiedBy", "oneOf", SEMANTIC_NON_NULL}
"""Directives with kinds of changes of their own."""


def deprecation_of(element: Element) -> str | None:
    """The reason of a deprecation; of a type or a directive by its text, for introspection has none of them."""
    if isinstance(element, GraphQLField | GraphQLArgument | GraphQLInputField | GraphQLEnumValue):
        return element.deprecation_reason
    for directive in _directives(element, "deprecated"):
        reasons = (argument.value for argument in directive.arguments or () if argument.name.value == "reason")
        return next((reason.value for reason in reasons if isinstance(reason, StringValueNode)), "")
    return None


def applied_directives(element: Element) -> Sequence[tuple[str, str]]:
    """Name and text of each directive that is applied to an element, arguments in the order of their names."""
    return [
        (node.name.value, _text(node)) for node in _all_directives(element) if node.name.value not in READ_ELSEWHERE
    ]


def semantic_levels(field: GraphQLField) -> frozenset[int]:
    """The levels of a field's type that are null only with an error; level 0 is outermost.

    Source: https://specs.apollo.dev/nullability/v0.4/#@semanticNonNull
    """
    return frozenset(level for node in _directives(field, SEMANTIC_NON_NULL) for level in _levels(node))


def semantic_text(levels: frozenset[int]) -> str:
    """The directive with these levels."""
    return "@semanticNonNull" + ("" if levels == {0} else f"(levels: {sorted(levels)})")


def non_nulls(type_: GraphQLType) -> Sequence[bool]:
    """Whether each level of a type is non-null, from the outermost list to what it holds."""
    levels = []
    while True:
        levels.append(is_non_null_type(type_))
        if is_non_null_type(type_):
            type_ = type_.of_type
        if not is_list_type(type_):
            return levels
        type_ = type_.of_type


def shape(type_: GraphQLType) -> str:
    """A type without what it says of nulls."""
    return str(type_).replace("!", "")


def node_of(element: Element) -> Node | None:
    """The definition of an element in its text."""
    return next(_nodes(element), None)


def _nodes(element: Element) -> Iterator[Node]:
    if element.ast_node is not None:
        yield element.ast_node
    yield from getattr(element, "extension_ast_nodes", ())  # of types and of the schema


def _all_directives(element: Element) -> Iterator[ConstDirectiveNode]:
    for node in _nodes(element):
        yield from getattr(node, "directives", None) or ()


def _directives(element: Element, name: str) -> Iterator[ConstDirectiveNode]:
    return (node for node in _all_directives(element) if node.name.value == name)


def _text(node: ConstDirectiveNode) -> str:
    arguments = sorted(map(print_ast, node.arguments or ()))
    return f"@{node.name.value}" + (f"({', '.join(arguments)})" if arguments else "")


def _levels(node: ConstDirectiveNode) -> Iterator[int]:
    given = next((argument.value for argument in node.arguments or () if argument.name.value == "levels"), None)
    if not isinstance(given, ListValueNode):
        yield 0
        return
    yield from (int(level.value) for level in given.values if isinstance(level, IntValueNode))
