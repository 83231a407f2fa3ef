"""`@semanticNonNull`: every `!` of a field becomes the directive at its level; nothing else changes."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    assert_valid_schema,
    build_schema,
    get_directive_values,
    is_introspection_type,
    lexicographic_sort_schema,
    print_schema,
)

from graph.entity import Schema
from graph.entity.semantic_nullability import with_semantic_nullability
from graph.settings import Settings
from tests.entity.market import Query

MARKET = Schema(Query, Settings.model_construct()).as_str()


@pytest.mark.parametrize(
    ("type_", "becomes"),
    [
        ("String", "String"),
        ("String!", "String @semanticNonNull"),
        ("[String]", "[String]"),
        ("[String!]", "[String] @semanticNonNull(levels: [1])"),
        ("[String]!", "[String] @semanticNonNull"),
        ("[String!]!", "[String] @semanticNonNull(levels: [0, 1])"),
        ("[[String!]]!", "[[String]] @semanticNonNull(levels: [0, 2])"),
    ],
)
def test_each_level_of_a_list_says_whether_it_is_null_on_errors_alone(type_: str, becomes: str) -> None:
    assert f"  field(needed: Int!): {becomes}\n" in with_semantic_nullability(
        f"type Query {{ field(needed: Int!): {type_} }}"
    )


def test_ids_stay_and_so_do_directives_and_inputs() -> None:
    text = with_semantic_nullability(
        'interface Node { id: ID! } type Query implements Node { id: ID! old: Int! @deprecated(reason: "No.") }'
        " input Wish { needed: [Int!]! }"
    )
    assert "  id: ID!\n" in text
    assert '  old: Int @deprecated(reason: "No.") @semanticNonNull\n' in text
    assert "  needed: [Int!]!\n" in text


def test_strictly_read_it_is_the_schema_that_is_served() -> None:
    loosened = build_schema(with_semantic_nullability(MARKET))
    assert_valid_schema(loosened)
    directive = loosened.get_directive("semanticNonNull")
    for field in _fields(loosened):
        assert directive is not None
        assert field.ast_node is not None
        found = get_directive_values(directive, field.ast_node)
        field.type = _strict(field.type, found["levels"]) if found else field.type
    loosened.directives = build_schema(MARKET).directives
    assert _text(loosened) == _text(build_schema(MARKET))


def _fields(schema: GraphQLSchema) -> Iterator[GraphQLField]:
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not is_introspection_type(type_):
            yield from type_.fields.values()


def _strict(type_: Any, levels: list[int]) -> Any:
    inner = type_
    if isinstance(type_, GraphQLList):
        inner = GraphQLList(_strict(type_.of_type, [level - 1 for level in levels]))
    return GraphQLNonNull(inner) if 0 in levels else inner


def _text(schema: GraphQLSchema) -> str:
    return print_schema(lexicographic_sort_schema(schema))
