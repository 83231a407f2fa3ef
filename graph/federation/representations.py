"""Representations: what a gateway knows of a row, its type and one of its keys.

JSON of a gateway enters, a reference to a row leaves, or an error that says what is wrong with that one representation.
Nothing is read here.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from graphql import GraphQLError, GraphQLLeafType, GraphQLObjectType, get_nullable_type

from db.fast import Values
from db.text_kinds import kind_of
from graph.entity.comparisons import check_comparable, is_whole_beyond_64_bits
from graph.entity.ids import key_in
from graph.entity.registry import Attribute, Entity
from graph.errors import ClientError, InvalidFilter
from graph.execute.reference import RowReference
from graph.loading.level_loader import LevelLoader
from graph.loading.loaders import Loaders

ID = "id"
TYPE_NAME = "__typename"


class InvalidRepresentation(ClientError):
    """A representation that stands for no row of this subgraph."""

    code = "INVALID_REPRESENTATION"


class NaturalReference(RowReference):
    """The row of a mapped type that has this value in a natural key, as far as the viewer may see it there."""

    def __init__(self, entity: Entity, attribute: Attribute, value: object) -> None:
        super().__init__(entity, (value,))
        self._entity = entity
        self._attribute = attribute

    def loader(self, loaders: Loaders, columns: tuple[str, ...]) -> LevelLoader[Values | None]:
        """The loader that reads such rows with these columns."""
        return loaders.by_attribute(self._entity.mapper, self._attribute.name, columns)


def keys_of(entity: Entity) -> Iterator[str]:
    """The names of the fields by which one row is found: its id, then its natural keys."""
    yield ID
    yield from (attribute.graphql_name for attribute in natural_keys(entity))


def natural_keys(entity: Entity) -> Iterator[Attribute]:
    """The attributes by which one row is found besides its id."""
    named = {attribute.name: attribute for attribute in entity.attributes.values()}
    yield from (named[name] for name in entity.natural_keys)


def reference_of(given: object, types: Iterable[GraphQLObjectType], entities: Mapping[str, Entity]) -> RowReference:
    """The row that a representation stands for. Raises `ClientError`."""
    if not isinstance(given, Mapping):
        raise InvalidRepresentation("A representation is an object with `__typename` and the fields of a key.")
    name = given.get(TYPE_NAME)
    entity = entities.get(name) if isinstance(name, str) else None
    if entity is None:
        known = ", ".join(sorted(entities))
        raise InvalidRepresentation(f"`{TYPE_NAME}` must name an entity of this subgraph; it has {known}.")
    key = next((key for key in keys_of(entity) if given.get(key) is not None), None)
    if key is None:
        known = ", ".join(f"`{key}`" for key in keys_of(entity))
        raise InvalidRepresentation(f"{entity.a_one.capitalize()} is found by one of {known}; send a value for it.")
    (type_,) = (type_ for type_ in types if type_.name == name)
    return reference_by(entity, key, _coerced(type_, key, given[key]))


def reference_by(entity: Entity, key: str, value: Any) -> RowReference:
    """The row of an entity by the coerced value of a key. Raises `ClientError`."""
    if key == ID:
        return RowReference(entity, key_in(value, entity))
    attribute = entity.attributes[key]
    try:
        check_comparable(key, value)
    except InvalidFilter as error:
        raise InvalidRepresentation(error.message) from None
    if is_whole_beyond_64_bits(value):
        raise InvalidRepresentation(f"{key}: {value} has more than 64 bits; no row has it.")
    return NaturalReference(entity, attribute, _canonical(entity, attribute, value))


def _coerced(type_: GraphQLObjectType, key: str, value: Any) -> Any:
    """The value of a key, read as its scalar or its enumeration reads it."""
    leaf = cast(GraphQLLeafType, get_nullable_type(type_.fields[key].type))
    try:
        return leaf.coerce_input_value(value)
    except GraphQLError as error:
        raise InvalidRepresentation(f"{type_.name}.{key}: {error.message}") from None


def _canonical(entity: Entity, attribute: Attribute, value: Any) -> Any:
    """A text in the form in which its column compares it: rows are told apart by their keys when they come back."""
    column = entity.mapper.columns.get(attribute.name)
    kind = None if column is None else kind_of(column)
    return kind.canonical(value) if kind is not None and isinstance(value, str) else value
