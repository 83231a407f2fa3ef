"""Coordinates as the specification's own words give them: graphql-core's `TypeInfo` walks, and nothing is kept."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    type_from_ast,
    visit,
)


def coordinates(schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> set[str]:
    """What a document of one operation, whose fragments are all spread, uses with these variables."""
    info = TypeInfo(schema)
    collector = _Collector(info)
    visit(document, TypeInfoVisitor(info, collector))
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            for definition in operation.variable_definitions or ():
                type_ = get_named_type(type_from_ast(schema, definition.type))
                _value(type_, variables.get(definition.variable.name.value), collector.found)
    return {coordinate for coordinate in collector.found if "__" not in coordinate}


class _Collector(Visitor):
    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._info = info
        self._directive = ""

    def enter_field(self, node: Any, *_: Any) -> None:
        parent = self._info.get_parent_type()
        assert parent is not None
        self.found.add(f"{parent.name}.{node.name.value}")

    def enter_named_type(self, node: Any, *_: Any) -> None:
        self.found.add(node.name.value)

    def enter_directive(self, node: Any, *_: Any) -> None:
        self._directive = f"@{node.name.value}"
        self.found.add(self._directive)

    def leave_directive(self, *_: Any) -> None:
        self._directive = ""

    def enter_argument(self, node: Any, *_: Any) -> None:
        parent, field = self._info.get_parent_type(), self._info.get_field_def()
        if self._directive:
            self.found.add(f"{self._directive}({node.name.value}:)")
        else:
            assert parent is not None
            assert field is not None
            names = {id(known): name for name, known in getattr(parent, "fields", {}).items()}
            self.found.add(f"{parent.name}.{names.get(id(field), '__meta')}({node.name.value}:)")

    def enter_object_value(self, *_: Any) -> None:
        type_ = get_named_type(self._info.get_input_type())
        if isinstance(type_, GraphQLInputObjectType):
            self.found.add(type_.name)

    def enter_object_field(self, node: Any, *_: Any) -> None:
        type_ = get_named_type(self._info.get_parent_input_type())  # one value may stand in the place of a list
        if isinstance(type_, GraphQLInputObjectType):
            self.found.add(f"{type_.name}.{node.name.value}")

    def enter_enum_value(self, node: Any, *_: Any) -> None:
        type_ = get_named_type(self._info.get_input_type())
        if isinstance(type_, GraphQLEnumType):
            self.found.add(f"{type_.name}.{node.value}")


def _value(type_: Any, value: Any, found: set[str]) -> None:
    if isinstance(value, list):
        for inner in value:
            _value(type_, inner, found)
    elif isinstance(type_, GraphQLEnumType) and value is not None:
        found.add(f"{type_.name}.{value}")
    elif isinstance(type_, GraphQLInputObjectType) and value is not None:
        found.add(type_.name)
        for name, inner in value.items():
            found.add(f"{type_.name}.{name}")
            _value(get_named_type(type_.fields[name].type), inner, found)
