"""The schema of a subgraph as text: keys, shared types and look-ups are marked in it.

A schema in its own language enters; the same leaves with the directives of Apollo Federation 2 and of composite
schemas, and without the fields that gateways add by themselves.
"""

from collections.abc import Iterable
from typing import Any

from graphql import (
    ConstArgumentNode,
    ConstDirectiveNode,
    FieldDefinitionNode,
    NameNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    StringValueNode,
    UnionTypeDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)
from graphql.language import REMOVE

from graph.entity.registry import Entity
from graph.federation.fields import Keyed
from graph.federation.representations import keys_of

LINK = """
extend schema @link(
  url: "https://specs.apollo.dev/federation/v2.3"
  import: ["@key", "@shareable", "@inaccessible"]
)

\"\"\"A field that finds one row by a key. Source: https://graphql.github.io/composite-schemas-spec/draft/#sec--lookup\"\"\"
directive @lookup on FIELD_DEFINITION
"""
"""Version 2.3 is old enough for every gateway, and has all that is used."""

OF_GATEWAYS = frozenset({"_Any", "_Entity", "_Service", "_entities", "_service"})
"""What every subgraph has, and no text of it."""

OF_ANY_ENTITY = frozenset({"node", "nodes"})

PAGE_INFO = "PageInfo"
OF_RELAY = frozenset({"hasNextPage", "hasPreviousPage", "startCursor", "endCursor"})
"""The fields of `PageInfo` that subgraphs of others have as well. Source: https://relay.dev/graphql/connections.htm"""

SHARED = frozenset({PAGE_INFO, "OffsetPageInfo"})
ERRORS = "UserError"
"""Schemas of Trellis have two types of pages and one of each error, which mean the same in all of them."""


class Marking(Visitor):
    """Adds directives to types and fields, and takes away what every subgraph has.

    Without `with_node`, `node` and `nodes` are left out, too: one subgraph of a composition alone can answer them.
    """

    def __init__(self, query: str, entities: Iterable[Entity], look_ups: Iterable[Keyed], *, with_node: bool) -> None:
        super().__init__()
        self._keys = {entity.name: list(keys_of(entity)) for entity in entities}
        self._look_ups = {str(look_up.field.graphql_name): look_up for look_up in look_ups}
        self._left_out = OF_GATEWAYS if with_node else OF_GATEWAYS | OF_ANY_ENTITY
        self._query = query

    def marked(self, schema: str) -> str:
        """The text of a subgraph, made of that of its schema."""
        return f"{print_ast(visit(parse(schema), self))}\n{LINK}"

    def enter_scalar_type_definition(self, node: ScalarTypeDefinitionNode, *_: Any) -> Any:
        """No scalar of gateways."""
        return self._unless_left_out(node)

    def enter_union_type_definition(self, node: UnionTypeDefinitionNode, *_: Any) -> Any:
        """No union of gateways."""
        return self._unless_left_out(node)

    def enter_object_type_definition(self, node: ObjectTypeDefinitionNode, *_: Any) -> Any:
        """An object type with its keys, or shared, or with its look-ups."""
        name = node.name.value
        if name == self._query:
            return _with(node, fields=tuple(self._root_field(field) for field in self._shown(node)))
        if name in self._keys:
            return _marked(node, (_directive("key", fields=key) for key in self._keys[name]))
        if name == PAGE_INFO:
            node = _with(node, fields=tuple(map(_of_others, node.fields or ())))
        if name in SHARED or any(interface.name.value == ERRORS for interface in node.interfaces or ()):
            return _marked(node, [_directive("shareable")])
        return self._unless_left_out(node)

    def _shown(self, node: ObjectTypeDefinitionNode) -> Iterable[FieldDefinitionNode]:
        return (field for field in node.fields or () if field.name.value not in self._left_out)

    def _root_field(self, node: FieldDefinitionNode) -> FieldDefinitionNode:
        look_up = self._look_ups.get(node.name.value)
        return node if look_up is None else _marked(node, _of_look_up(look_up))

    def _unless_left_out(self, node: Any) -> Any:
        return REMOVE if node.name.value in OF_GATEWAYS else None


def _of_others(field: FieldDefinitionNode) -> FieldDefinitionNode:
    """A field of `PageInfo`; one that no other subgraph can answer is not shown by the gateway."""
    return field if field.name.value in OF_RELAY else _marked(field, [_directive("inaccessible")])


def _of_look_up(look_up: Keyed) -> Iterable[ConstDirectiveNode]:
    yield _directive("lookup")
    if look_up.is_added:
        yield _directive("inaccessible")


def _directive(name: str, **arguments: str) -> ConstDirectiveNode:
    given = tuple(
        ConstArgumentNode(name=NameNode(value=key), value=StringValueNode(value=value))
        for key, value in arguments.items()
    )
    return ConstDirectiveNode(name=NameNode(value=name), arguments=given)


def _marked(node: Any, directives: Iterable[ConstDirectiveNode]) -> Any:
    return _with(node, directives=(*(node.directives or ()), *directives))


def _with(node: Any, **changed: Any) -> Any:
    """A copy of a node with other parts."""
    return type(node)(**{key: getattr(node, key) for key in node.keys if key != "loc"} | changed)
