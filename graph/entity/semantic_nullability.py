"""A schema for clients that ask with `onError: NULL`: what is null on errors alone says so with `@semanticNonNull`.

A schema in its own language enters, another leaves: there a field whose type is `String!` is a `String
@semanticNonNull`, for under `NULL` a client may meet a null there, beside an error with its path, and without an error
never. A field that may be null anyway stays as it is: a look-up that finds nothing, an empty column, a value that a
policy hides without an error. Nothing that is served changes.
Source: https://specs.apollo.dev/nullability/v0.4/#@semanticNonNull; docs/decisions/0028-error-behaviors.md.
"""

from typing import Any

from graphql import (
    ConstArgumentNode,
    ConstDirectiveNode,
    ConstListValueNode,
    FieldDefinitionNode,
    IntValueNode,
    ListTypeNode,
    NameNode,
    NonNullTypeNode,
    TypeNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

DIRECTIVE = '''
"""Null only where there is an error with this path. `levels`: 0 is the field itself, 1 the members of its list."""
directive @semanticNonNull(levels: [Int!]! = [0]) on FIELD_DEFINITION
'''

IDENTITY = "id"
"""Clients keep objects by it. Source: https://relay.dev/graphql/objectidentification.htm, where it is an `ID!`."""


def with_semantic_nullability(schema: str) -> str:
    """The schema with `@semanticNonNull` in the place of every `!` of a field."""
    return print_ast(visit(parse(DIRECTIVE + schema), _Loosening()))


class _Loosening(Visitor):
    """Takes non-null from fields, and says of each at which levels it was."""

    def enter_field_definition(self, node: FieldDefinitionNode, *_: Any) -> FieldDefinitionNode | None:
        """The field in its new form; None: it stays as it is."""
        levels = [level for level, strict in enumerate(_strictness(node.type)) if strict]
        if not levels or node.name.value == IDENTITY:
            return None
        return FieldDefinitionNode(
            description=node.description,
            name=node.name,
            arguments=node.arguments,
            type=_loose(node.type),
            directives=(*(node.directives or ()), _semantic_non_null(levels)),
        )


def _strictness(type_: TypeNode) -> list[bool]:
    """Whether the type may not be null, at each level of its lists."""
    inner = type_.type if isinstance(type_, NonNullTypeNode) else type_
    below = _strictness(inner.type) if isinstance(inner, ListTypeNode) else []
    return [inner is not type_, *below]


def _loose(type_: TypeNode) -> TypeNode:
    """The type, null allowed at each level."""
    inner = type_.type if isinstance(type_, NonNullTypeNode) else type_
    return ListTypeNode(type=_loose(inner.type)) if isinstance(inner, ListTypeNode) else inner


def _semantic_non_null(levels: list[int]) -> ConstDirectiveNode:
    listed = ConstListValueNode(values=tuple(IntValueNode(value=str(level)) for level in levels))
    arguments = () if levels == [0] else (ConstArgumentNode(name=NameNode(value="levels"), value=listed),)
    return ConstDirectiveNode(name=NameNode(value="semanticNonNull"), arguments=arguments)
