"""Which columns a selection needs.

Field nodes of the document enter, attribute names leave: those of the selected fields, and of nothing else.
Fragments, aliases, `@skip` and `@include` are followed as the specification says
(https://spec.graphql.org/September2025/#sec-Field-Collection). Who walks the document is unknown here.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol, cast

from graphql import (
    ArgumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
    get_named_type,
    is_abstract_type,
    value_from_ast_untyped,
)

from graph.prepare.fields import PlannedField, planned

_CONDITIONS = {"include": True, "skip": False}


class Document(Protocol):
    """What must be known of the operation; graphql-core's `GraphQLResolveInfo` is one."""

    @property
    def schema(self) -> GraphQLSchema:
        """The schema that the operation is run against."""

    @property
    def fragments(self) -> Mapping[str, FragmentDefinitionNode]:
        """The document's fragments by name."""

    @property
    def variable_values(self) -> Mapping[str, Any]:
        """The operation's variables, coerced."""


Info = GraphQLResolveInfo[Any]


def document_of(info: Info) -> Document:
    """The operation that a resolver belongs to."""
    return cast(Document, info)  # Strawberry gives resolvers the plain dict of coerced variables


def object_type_of(info: Info) -> GraphQLObjectType:
    """The object type that a resolver's field leads to, through lists and non-null."""
    return leads_to(info.parent_type, info.field_name)


def leads_to(parent: GraphQLObjectType, field: str) -> GraphQLObjectType:
    """The object type that a field leads to, through lists and non-null."""
    return cast(GraphQLObjectType, get_named_type(parent.fields[field].type))


class Selected(NamedTuple):
    """One field of a selection, with every node that asks for it (under whatever alias)."""

    field: PlannedField | None
    nodes: list[FieldNode]


def selected_fields(
    document: Document, parent: GraphQLObjectType, nodes: Iterable[FieldNode]
) -> Mapping[str, Selected]:
    """The fields selected below some nodes, by the name of the field."""
    fields: dict[str, Selected] = {}
    for node in _field_nodes(document, parent, nodes):
        name = node.name.value
        if name not in fields:
            definition = parent.fields.get(name)
            fields[name] = Selected(planned(definition) if definition else None, [])
        fields[name].nodes.append(node)
    return fields


def columns(document: Document, parent: GraphQLObjectType, nodes: Iterable[FieldNode]) -> tuple[str, ...]:
    """The attributes that the fields selected below some nodes need, sorted, so that equal needs are equal."""
    needs = {
        attribute
        for field, _ in selected_fields(document, parent, nodes).values()
        if field is not None
        for attribute in field.needs
    }
    return tuple(sorted(needs))


def included(document: Document, node: SelectionNode) -> bool:
    """Whether `@skip` and `@include` leave the node in."""
    return not any(
        (name := directive.name.value) in _CONDITIONS
        and bool(argument_values(document, directive.arguments).get("if")) is not _CONDITIONS[name]
        for directive in node.directives or ()
    )


def argument_values(document: Document, arguments: Iterable[ArgumentNode] | None) -> dict[str, Any]:
    """The values of arguments as they are written, variables filled in; they are not coerced to their types."""
    variables = dict(document.variable_values)
    return {argument.name.value: value_from_ast_untyped(argument.value, variables) for argument in arguments or ()}


def _field_nodes(document: Document, parent: GraphQLObjectType, nodes: Iterable[FieldNode]) -> Iterator[FieldNode]:
    visited: set[str] = set()
    for node in nodes:
        if node.selection_set:
            yield from _flatten(document, parent, node.selection_set.selections, visited)


def _flatten(
    document: Document, parent: GraphQLObjectType, selections: Iterable[SelectionNode], visited: set[str]
) -> Iterator[FieldNode]:
    for selection in selections:
        if not included(document, selection):
            continue
        if isinstance(selection, FieldNode):
            yield selection
        elif isinstance(selection, InlineFragmentNode):
            if _applies(document.schema, parent, selection):
                yield from _flatten(document, parent, selection.selection_set.selections, visited)
        elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in visited:
            visited.add(selection.name.value)
            fragment = document.fragments.get(selection.name.value)
            if fragment is not None and _applies(document.schema, parent, fragment):
                yield from _flatten(document, parent, fragment.selection_set.selections, visited)


def _applies(
    schema: GraphQLSchema, parent: GraphQLObjectType, fragment: InlineFragmentNode | FragmentDefinitionNode
) -> bool:
    if fragment.type_condition is None:
        return True
    condition = schema.get_type(fragment.type_condition.name.value)
    return condition is parent or (is_abstract_type(condition) and schema.is_sub_type(condition, parent))
