"""Shapes: which coordinates the values of variables use.

A type enters, the shape of its values leaves, made once for each type of a schema. Values are read as they came in
JSON, and nothing of them is kept.
"""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLNamedType, get_named_type


class InputShape:
    """The coordinates of the values of an input object or of an enumeration."""

    __slots__ = ("coordinate", "fields", "values")

    def __init__(self, coordinate: str, values: Mapping[str, str]) -> None:
        self.coordinate = coordinate
        self.values = values
        """By the names of the enumeration's values."""
        self.fields: dict[str, tuple[str, InputShape | None]] = {}
        """By name: the field's coordinate, and the shape of its value if that has coordinates, too."""

    def collect(self, value: Any, found: set[str]) -> None:
        """Add the coordinates of a variable's value, as it came in JSON. What does not fit the type has none."""
        if type(value) is dict:
            if self.fields:
                found.add(self.coordinate)
            for name, inner in value.items():
                known = self.fields.get(name)
                if known is not None:
                    found.add(known[0])
                    if known[1] is not None:
                        known[1].collect(inner, found)
        elif type(value) is list:
            for inner in value:
                self.collect(inner, found)
        elif type(value) is str and value in self.values:
            found.add(self.values[value])


class InputShapes:
    """The shapes of the types of one schema, each made when a variable first has it."""

    def __init__(self) -> None:
        self._known: dict[str, InputShape] = {}

    def of(self, type_: GraphQLNamedType | None) -> InputShape | None:
        """The shape of a type; None for one whose values have no coordinates."""
        if isinstance(type_, GraphQLEnumType):
            return InputShape(type_.name, {name: f"{type_.name}.{name}" for name in type_.values})
        return self._of_object(type_) if isinstance(type_, GraphQLInputObjectType) else None

    def _of_object(self, type_: GraphQLInputObjectType) -> InputShape:
        """The shape of a type and of all below it, one after the other: types may be nested in a long row."""
        left = [] if type_.name in self._known else [type_]
        while left:
            shape, fields = self._begun(left[-1]), left.pop().fields
            for name, field in fields.items():
                below = get_named_type(field.type)
                if isinstance(below, GraphQLInputObjectType) and below.name not in self._known:
                    left.append(below)
                inner = self._begun(below) if isinstance(below, GraphQLInputObjectType) else self.of(below)
                shape.fields[name] = f"{shape.coordinate}.{name}", inner
        return self._known[type_.name]

    def _begun(self, type_: GraphQLInputObjectType) -> InputShape:
        return self._known.setdefault(type_.name, InputShape(type_.name, {}))
