"""Coordinates: the parts of the schema that an operation uses.

An operation of a valid document enters, the coordinates that it names leave; they are collected once. Variables are
walked at each run, and only those of enumerations and input objects. Nothing is counted here.

A coordinate stands in the set of an operation when the operation would be invalid without that part of the schema:
fields (of the interface where they are asked of one), arguments, values of enumerations, input fields, directives with
their arguments, and the types that are named, behind `on`, by variables, or by an input object that is given. What
`@skip` leaves out counts, for it is validated; other operations of the document and introspection do not.
Source: https://spec.graphql.org/September2025/#sec-Schema-Coordinates
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import (
    ArgumentNode,
    DirectiveNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    NamedTypeNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeNode,
    get_named_type,
)

from graph.deprecations import reasons_of
from graph.prepare.input_shapes import InputShape, InputShapes

INTROSPECTION = "__"
"""What the names of introspection begin with."""


class DeprecatedUse(NamedTuple):
    """A place in a document that uses something deprecated."""

    coordinate: str
    line: int
    column: int


class OperationCoordinates:
    """What one operation uses. It holds nothing of the document, and may outlive it."""

    __slots__ = ("deprecated", "fixed", "operation", "variables")

    def __init__(
        self, fixed: frozenset[str], variables: Sequence[tuple[str, InputShape]], deprecated: Sequence[DeprecatedUse]
    ) -> None:
        self.fixed = fixed
        """What the document itself uses."""
        self.variables = variables
        """The variables whose values use more."""
        self.deprecated = deprecated
        """What is deprecated of the document's own uses, in its order."""
        self.operation: Callable[[], Any] = _forgotten
        """The prepared operation, while somebody keeps it."""

    def in_variables(self, given: Mapping[str, Any] | None) -> set[str]:
        """What the values of variables use."""
        found: set[str] = set()
        if given:
            for name, shape in self.variables:
                shape.collect(given.get(name), found)
        return found


class SchemaCoordinates:
    """Collects what operations use of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._shapes = InputShapes()
        self.reasons = reasons_of(schema)
        """Why parts of the schema are deprecated, by coordinate: found here, and not while a first request waits."""

    def of(
        self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> OperationCoordinates:
        """What an operation of a valid document uses."""
        walk = _Walk(self._schema, fragments, self.reasons)
        walk.operation(operation)
        return OperationCoordinates(frozenset(walk.found), list(self._variables(operation)), walk.deprecated)

    def _variables(self, operation: OperationDefinitionNode) -> Iterator[tuple[str, InputShape]]:
        for definition in operation.variable_definitions or ():
            shape = self._shapes.of(self._schema.get_type(_named(definition.type).name.value))
            if shape is not None:
                yield definition.variable.name.value, shape


def _forgotten() -> None:
    """The operation of coordinates that are kept with none."""


class _Walk:
    """One walk through an operation and the fragments that it spreads, each read once."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], reasons: Mapping[str, str]
    ) -> None:
        self.found: set[str] = set()
        self.deprecated: list[DeprecatedUse] = []
        self._schema = schema
        self._fragments = fragments
        self._reasons = reasons
        self._left: list[tuple[GraphQLNamedType | None, SelectionSetNode]] = []
        self._spread: set[str] = set()

    def operation(self, node: OperationDefinitionNode) -> None:
        """Find what the operation uses."""
        for definition in node.variable_definitions or ():
            type_ = self._name(_named(definition.type))
            if definition.default_value is not None:
                self._value(type_, definition.default_value)
            self._directives(definition.directives)
        self._directives(node.directives)
        self._left.append((self._schema.get_root_type(node.operation), node.selection_set))
        while self._left:
            self._selections(*self._left.pop())

    def _selections(self, parent: GraphQLNamedType | None, selections: SelectionSetNode) -> None:
        for selection in selections.selections:
            self._directives(selection.directives)
            if isinstance(selection, FieldNode):
                self._field(parent, selection)
            elif isinstance(selection, FragmentSpreadNode):
                self._fragment(selection.name.value)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                self._left.append((self._name(condition) if condition else parent, selection.selection_set))

    def _field(self, parent: GraphQLNamedType | None, node: FieldNode) -> None:
        definition = self._schema.get_field(parent, node.name.value) if parent else None  # type: ignore[arg-type]  # it has fields
        if parent is None or definition is None:
            return
        coordinate = f"{parent.name}.{node.name.value}"
        self._use(coordinate, node)
        self._arguments(coordinate, definition.args, node.arguments)
        if node.selection_set:
            self._left.append((get_named_type(definition.type), node.selection_set))

    def _fragment(self, name: str) -> None:
        fragment = self._fragments.get(name)
        if fragment is None or name in self._spread:
            return
        self._spread.add(name)
        self._directives(fragment.directives)
        self._left.append((self._name(fragment.type_condition), fragment.selection_set))

    def _directives(self, nodes: Iterable[DirectiveNode] | None) -> None:
        for node in nodes or ():
            definition = self._schema.get_directive(node.name.value)
            if definition is not None:
                coordinate = f"@{definition.name}"
                self._use(coordinate, node)
                self._arguments(coordinate, definition.args, node.arguments)

    def _arguments(
        self, owner: str, definitions: Mapping[str, GraphQLArgument], nodes: Iterable[ArgumentNode] | None
    ) -> None:
        for node in nodes or ():
            definition = definitions.get(node.name.value)
            if definition is not None:
                self._use(f"{owner}({node.name.value}:)", node)
                self._value(get_named_type(definition.type), node.value)

    def _value(self, type_: GraphQLNamedType | None, node: Node) -> None:
        if isinstance(node, ListValueNode) and isinstance(type_, GraphQLInputObjectType | GraphQLEnumType):
            for inner in node.values:
                self._value(type_, inner)
        elif isinstance(node, ObjectValueNode) and isinstance(type_, GraphQLInputObjectType):
            self._use(type_.name, node)
            for field in node.fields:
                definition = type_.fields.get(field.name.value)
                if definition is not None:
                    self._use(f"{type_.name}.{field.name.value}", field)
                    self._value(get_named_type(definition.type), field.value)
        elif isinstance(node, EnumValueNode) and isinstance(type_, GraphQLEnumType):
            self._use(f"{type_.name}.{node.value}", node)

    def _name(self, node: NamedTypeNode) -> GraphQLNamedType | None:
        self._use(node.name.value, node)
        return self._schema.get_type(node.name.value)

    def _use(self, coordinate: str, node: Node) -> None:
        if coordinate.startswith(INTROSPECTION) or f".{INTROSPECTION}" in coordinate:
            return
        coordinate = sys.intern(coordinate)  # thousands of kept operations name the same
        self.found.add(coordinate)
        if coordinate in self._reasons and node.loc is not None:
            token = node.loc.start_token
            self.deprecated.append(DeprecatedUse(coordinate, token.line, token.column))


def _named(node: TypeNode) -> NamedTypeNode:
    while not isinstance(node, NamedTypeNode):
        node = node.type  # type: ignore[attr-defined]  # lists and non-null types hold another
    return node
