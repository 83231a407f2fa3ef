"""How many values introspection answers with: counted over the schema itself, before anything is answered.

Selections below `__schema` or `__type` enter, a number leaves. The lists hold no rows, but a short document can ask for
each of them many times over, under different names, and of the types with the longest ones. Nothing is answered here.
Source: https://spec.graphql.org/September2025/#sec-Schema-Introspection
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_introspection_query,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_object_type,
    parse,
)

SCHEMA, TYPE = "__schema", "__type"

WHOLE_SCHEMAS = 3
"""How often one operation may ask for as much as tools do, who ask for the whole schema: of 300 types, 20,000 values.
graphql-core makes 200,000 to 400,000 of them in a second."""


@dataclass(eq=False)
class Elements:
    """Parts of the schema that a field answers with, each with the number of times."""

    counted: Mapping[int, tuple[Any, int]]
    number: int
    """All of them, those that come again too."""
    below: dict[str, "Elements"] = field(default_factory=dict)
    """By the name of a field, its elements of all of these together: worked out once, whatever its aliases."""


class _Info(NamedTuple):
    """All that the resolvers of introspection read of their `info`."""

    schema: GraphQLSchema


class Introspection:
    """Counts for one operation; deprecated elements count, whether or not they are asked for.

    Counting takes no more steps than the answer would have values, and ends where `most` of them are passed.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        includes: Callable[[SelectionNode], bool],
        most: int,
    ) -> None:
        self._info = _Info(schema)
        self._fragments = fragments
        self._includes = includes
        self._left = most
        self._known: dict[tuple[Elements, int], int] = {}

    def values(self, root: str, name: object, selections: SelectionSetNode) -> int:
        """The values below `__schema`, or below `__type` with this name."""
        schema = self._info.schema
        found = schema if root == SCHEMA else schema.type_map.get(name) if isinstance(name, str) else None
        type_ = schema.type_map["__Schema" if root == SCHEMA else "__Type"]
        assert is_object_type(type_)
        return self._below(_elements([(found, 1)]), type_, selections)

    def _below(self, parents: Elements, type_: GraphQLObjectType, selections: SelectionSetNode) -> int:
        if not parents.number or self._left < 0:
            return 0
        key = parents, id(selections)
        if key not in self._known:
            self._known[key] = sum(
                self._selection(parents, type_, selection)
                for selection in selections.selections
                if self._includes(selection)
            )
        return self._known[key]

    def _selection(self, parents: Elements, type_: GraphQLObjectType, selection: SelectionNode) -> int:
        if isinstance(selection, FieldNode):
            definition = self._info.schema.get_field(type_, selection.name.value)
            return self._field(parents, definition, selection) if definition else 0
        if isinstance(selection, InlineFragmentNode):
            return self._below(parents, type_, selection.selection_set)
        fragment = self._fragments.get(selection.name.value) if isinstance(selection, FragmentSpreadNode) else None
        return self._below(parents, type_, fragment.selection_set) if fragment else 0

    def _field(self, parents: Elements, definition: GraphQLField, node: FieldNode) -> int:
        is_list, named = is_list_type(get_nullable_type(definition.type)), get_named_type(definition.type)
        own = parents.number
        if not is_list and node.selection_set is None:
            self._left -= own
            return own
        elements = self._elements_of(parents, node.name.value, definition, is_list=is_list)
        own += elements.number if is_list else 0
        self._left -= own
        if node.selection_set is None or not is_object_type(named):
            return own
        return own + self._below(elements, named, node.selection_set)

    def _elements_of(self, parents: Elements, name: str, definition: GraphQLField, *, is_list: bool) -> Elements:
        if name not in parents.below:
            given = {"includeDeprecated": True} if "includeDeprecated" in definition.args else {}
            resolve = definition.resolve
            assert resolve is not None, "graphql-core resolves each field of introspection by a function"
            resolved = [(resolve(element, self._info, **given), times) for element, times in parents.counted.values()]
            parents.below[name] = _elements(_one_by_one(resolved) if is_list else resolved)
        return parents.below[name]


def most_introspected(schema: GraphQLSchema) -> int:
    """The most values that introspection may answer one operation with: a large schema may be asked for as a whole."""
    document = parse(
        get_introspection_query(
            specified_by_url=True,
            directive_is_repeatable=True,
            schema_description=True,
            input_value_deprecation=True,
            one_of=True,
        )
    )
    operation, *fragments = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    known = {node.name.value: node for node in fragments if isinstance(node, FragmentDefinitionNode)}
    (field_node,) = operation.selection_set.selections
    assert isinstance(field_node, FieldNode)
    assert field_node.selection_set is not None
    counting = Introspection(schema, known, lambda _node: True, sys.maxsize)
    return WHOLE_SCHEMAS * (1 + counting.values(SCHEMA, None, field_node.selection_set))


def _one_by_one(lists: Iterable[tuple[Any, int]]) -> Iterable[tuple[Any, int]]:
    return ((element, times) for elements, times in lists for element in elements or ())


def _elements(found: Iterable[tuple[Any, int]]) -> Elements:
    """Elements, equal ones together. Fields and arguments come as pairs of a name and a definition, made anew."""
    counted: dict[int, tuple[Any, int]] = {}
    for element, times in found:
        if element is not None:
            key = id(element[1] if isinstance(element, tuple) else element)
            counted[key] = element, times + (counted[key][1] if key in counted else 0)
    return Elements(counted, sum(times for _, times in counted.values()))
