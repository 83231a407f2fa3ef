"""Entities: GraphQL types that map models, with their attributes and relations.

Declarations enter, entities leave. Names are looked up late, so that modules may refer to one another in circles.
Each declarative base has a registry of its own: two schemas in one process never share an entity. Nothing here makes
a GraphQL type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import ColumnElement, inspect
from sqlalchemy.orm import Mapper
from sqlalchemy.orm import registry as MapperRegistry  # noqa: N812 - it is a class with a small name
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.lazy_type import LazyType
from strawberry.utils.str_converters import to_camel_case

from db.relations import Link, Row, primary_key
from graph.errors import NoKeyOfRows, UnknownEntity
from graph.prepare.fields import is_shared, resolved

T = TypeVar("T")


class Connection(Generic[T]):
    """The annotation of a to-many field: `tags: Connection[Tag]`.

    Clients see a Relay connection; of a `Row`, a list with `limit` and `offset`.
    """


class Deferred(LazyType[Any, Any]):
    """A reference to a type that is made when the schema is built."""

    def __init__(self, name: str, make: Callable[[], Any]) -> None:
        super().__init__(name, __name__)
        object.__setattr__(self, "_make", make)

    def resolve_type(self) -> Any:
        """The type. Strawberry asks more than once, so `make` returns the same type each time."""
        return object.__getattribute__(self, "_make")()

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


def optional(annotation: object) -> StrawberryOptional:
    """The annotation, or null.

    Strawberry's own form of `annotation | None`. Strawberry copies the annotation of a field three times and resolves
    every copy: unions of Python took a third of the time in which a type is made (5 fields: 546 µs, now 310 µs).
    """
    found = resolved(annotation)
    return _optional(found) if is_shared(found) else StrawberryOptional(found)


def list_of(annotation: object) -> StrawberryList:
    """A list of the annotation, in Strawberry's own form, as `optional` has it."""
    found = resolved(annotation)
    return _list(found) if is_shared(found) else StrawberryList(found)


_optional = cache(StrawberryOptional)
_list = cache(StrawberryList)


@dataclass(frozen=True, eq=False)
class Attribute:
    """A field with a value of its own: a column or a hybrid."""

    name: str
    graphql_name: str
    type: Any
    """The Python type of its values, without None."""
    nullable: bool
    description: str
    is_column: bool
    """A column, rather than a hybrid: rows can be grouped by it."""

    def expression(self, row: Row) -> ColumnElement[Any]:
        """The attribute of a model's alias, as SQL."""
        return getattr(row, self.name)  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class Relation:
    """A field that leads to other entities."""

    name: str
    graphql_name: str
    link: Link
    target: Callable[[], Entity]
    nullable: bool
    description: str


@dataclass(frozen=True, eq=False)
class Entity:
    """A GraphQL type that maps a model."""

    name: str
    plural: str
    cls: type[Any]
    model: type[Any]
    mapper: Mapper[Any]
    natural_keys: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    """Columns and hybrids by their GraphQL names."""
    relations: Mapping[str, Relation] = field(default_factory=dict)
    """To-one and to-many fields by their GraphQL names."""

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The attributes that make the primary key, in order; none where nothing tells rows apart."""
        return primary_key(self.mapper)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The attributes that are columns, in the model's order."""
        return tuple(self.mapper.column_attrs.keys())

    @cached_property
    def _told_names(self) -> Mapping[str, str]:
        columns = {attribute.name: attribute.graphql_name for attribute in self.attributes.values()}
        return columns | {relation.name: relation.graphql_name for relation in self.relations.values()}

    def shown(self, attribute: str) -> str:
        """What an attribute is called in the schema, whether the entity shows it or an input alone."""
        return self._told_names.get(attribute) or to_camel_case(attribute)

    @property
    def one(self) -> str:
        """The entity in a sentence: `order line`."""
        return "".join(f" {char.lower()}" if char.isupper() else char for char in self.name).strip()

    @property
    def a_one(self) -> str:
        """The entity in a sentence, with its article: `an order line`."""
        return f"{'an' if self.one[0] in 'aeio' else 'a'} {self.one}"  # most nouns in u sound like user

    @property
    def many(self) -> str:
        """Several of them in a sentence: `order lines`."""
        return "".join(f" {char.lower()}" if char.isupper() else char for char in self.plural).strip()

    def instance(self, columns: tuple[str, ...], row: Any) -> Any:
        """A row as an object of the type, so that resolvers find its columns as attributes of `self`."""
        made = object.__new__(self.cls)
        made.__dict__.update(zip(columns, row, strict=False))  # a row may carry a cursor and a key behind its columns
        return made


_ENTITIES: WeakKeyDictionary[MapperRegistry, dict[str, Entity]] = WeakKeyDictionary()


_BY_MAPPER: WeakKeyDictionary[Mapper[Any], Entity] = WeakKeyDictionary()


def register(entity: Entity) -> None:
    """Make an entity known by its name and, if the model has no entity yet, by its model."""
    _ENTITIES.setdefault(entity.mapper.registry, {})[entity.name] = entity
    _BY_MAPPER.setdefault(entity.mapper, entity)


def is_entity(name: str, registry: MapperRegistry) -> bool:
    """Whether an entity of this name is declared."""
    return name in _ENTITIES.get(registry, {})


def entity_named(name: str, registry: MapperRegistry) -> Entity:
    """The entity of this name. Raises `UnknownEntity`."""
    known = _ENTITIES.get(registry, {})
    if name not in known:
        raise UnknownEntity(name, known)
    return known[name]


def entities_named(name: str) -> Iterator[Entity]:
    """The entities of this name, whatever their declarative base."""
    return (known[name] for known in _ENTITIES.values() if name in known)


def entity_of_model(mapper: Mapper[Any]) -> Entity:
    """The entity that shows the rows of a mapper. Raises `UnknownEntity`."""
    found = _BY_MAPPER.get(mapper)
    if found is None:
        raise UnknownEntity(mapper.class_.__name__, _ENTITIES.get(mapper.registry, {}))
    return found


def shown_in(annotation: object) -> str | None:
    """A field that shows values of a type, as `Post.title`; None while there is none."""
    every = (entity for known in _ENTITIES.values() for entity in known.values())
    return next(
        (f"{entity.name}.{a.name}" for entity in every for a in entity.attributes.values() if a.type == annotation),
        None,
    )


_OF_VIEWERS: WeakSet[Entity] = WeakSet()


def tell_viewers(entity: Entity) -> None:
    """Make known that viewers are rows of an entity, and their ids its keys."""
    _OF_VIEWERS.add(entity)


def is_of_viewers(entity: Entity) -> bool:
    """Whether viewers are rows of an entity."""
    return entity in _OF_VIEWERS


def key_of(row: Any) -> tuple[Any, ...]:
    """The primary key of a mapped row, in the order of its columns."""
    return tuple(inspect(row).mapper.primary_key_from_instance(row))


def entity_of(cls: type[Any]) -> Entity:
    """The entity of a type that was declared with `@entity`. Raises `UnknownEntity`."""
    found = cls.__dict__.get("__entity__")
    if not isinstance(found, Entity):
        raise UnknownEntity(cls.__name__, ())
    return found


def keyed_entity_of(cls: type[Any]) -> Entity:
    """The entity of a type whose rows are found by a key. Raises `UnknownEntity`, and `NoKeyOfRows` for a `Row`."""
    found = entity_of(cls)
    if not found.key:
        raise NoKeyOfRows(found.name)
    return found
