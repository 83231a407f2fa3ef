"""The fields that a subgraph has besides its own: `_service`, `_entities`, and a look-up for each key.

Entities enter, planned fields leave. Rows are referred to, and read with all others of the level:
one statement for each type and each kind of key, however many representations there are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Annotated, Any, NewType

import strawberry
from graphql import GraphQLUnionType
from strawberry.types.scalar import ScalarDefinition

from graph.entity.fields import ValueField, object_type
from graph.entity.registry import Entity, list_of, optional
from graph.entity.roots import LookUpField
from graph.errors import ClientError
from graph.federation.representations import ID, keys_of, natural_keys, reference_by, reference_of
from graph.prepare.fields import CostRule, Level, LevelField, PlannedField, argument

MAX_REPRESENTATIONS = 10_000
"""In one field; a gateway asks for all rows of a list at once. What they cost is limited besides."""

Representation = NewType("Representation", object)
"""What a gateway knows of a row."""

ANY = strawberry.scalar(
    name="_Any",
    description="What a gateway knows of an entity: its type under `__typename`, and the fields of one of its keys.",
    serialize=lambda value: value,
    parse_value=lambda value: value,
)
SCALARS: Mapping[object, ScalarDefinition] = {Representation: ANY}

REPRESENTATIONS = "representations"


class TooManyRepresentations(ClientError):
    """A list of representations that is too long."""

    code = "TOO_COSTLY"

    def __init__(self, given: int) -> None:
        super().__init__(f"{given} representations are too many; send at most {MAX_REPRESENTATIONS} at once.")


@dataclass(frozen=True)
class Keyed:
    """A field that looks a row up by one key."""

    entity: Entity
    key: str
    """The name of the key's field, and of the argument."""
    field: PlannedField
    is_added: bool
    """Whether it is there for gateways alone."""


def look_ups(entities: Iterable[Entity], own: Mapping[str, LookUpField]) -> Iterator[Keyed]:
    """A look-up for each key: the schema's own where it takes that key alone, else one that gateways alone see."""
    for entity in entities:
        keys = list(keys_of(entity))
        if len(keys) == 1 and entity.name in own:
            yield Keyed(entity, ID, own[entity.name], is_added=False)
        else:
            yield from (Keyed(entity, key, _LookUpByField(entity, key), is_added=True) for key in keys)


class _LookUpByField(LevelField):
    """One row by the one key that it takes."""

    cost = CostRule.ROW

    def __init__(self, entity: Entity, key: str) -> None:
        types = {attribute.graphql_name: attribute.type for attribute in natural_keys(entity)}
        super().__init__(
            f"{entity.name[0].lower()}{entity.name[1:]}By{key[0].upper()}{key[1:]}",
            optional(entity.cls),
            f"One {entity.one} by its `{key}`, for gateways; null if there is none.",
            (argument(key, types.get(key, strawberry.ID), f"The `{key}` of the {entity.one}."),),
        )
        self._entity = entity
        self._key = key

    def begin(self, level: Level) -> None:
        """Refer to the row of the key."""
        level.complete([reference_by(self._entity, self._key, level.arguments[self._key])] * len(level.sources))


class EntitiesField(LevelField):
    """The rows of representations, in their order."""

    cost = CostRule.LIST
    sizes = (REPRESENTATIONS,)

    def __init__(self, entities: Sequence[Entity]) -> None:
        classes: Iterator[Any] = (entity.cls for entity in entities)
        union = strawberry.union("_Entity", description="Every type whose rows a gateway finds by a key.")
        super().__init__(
            "_entities",
            list_of(optional(Annotated[reduce(or_, classes), union])),
            "The rows of representations, in their order, for gateways; null where there is none.",
            (argument(REPRESENTATIONS, list_of(Representation), "Which rows, by type and key."),),
        )
        self.graphql_name = "_entities"
        self._entities = {entity.name: entity for entity in entities}
        self._keys = sum(len(list(keys_of(entity))) for entity in entities)

    def statements(self, arguments: Mapping[str, Any]) -> int:
        """One for each type and key that there can be."""
        return min(self.limit(arguments, MAX_REPRESENTATIONS), self._keys)

    def limit(self, arguments: Mapping[str, Any], max_page: int) -> int:
        """As many as there are representations."""
        given = arguments.get(REPRESENTATIONS)
        return len(given) if isinstance(given, list) else 1

    def begin(self, level: Level) -> None:
        """Refer to the row of each representation; what is wrong with one is an error in its place."""
        given = level.arguments[REPRESENTATIONS]
        if len(given) > MAX_REPRESENTATIONS:
            raise TooManyRepresentations(len(given))
        union = level.field.named_type
        assert isinstance(union, GraphQLUnionType)
        level.complete([[self._found(one, union) for one in given]] * len(level.sources))

    def _found(self, given: object, union: GraphQLUnionType) -> object:
        try:
            return reference_of(given, union.types, self._entities)
        except ClientError as error:
            return error


def service_field(text: Callable[[], str]) -> PlannedField:
    """`_service { sdl }`; `text` is asked for the schema when somebody wants it."""
    sdl = ValueField("sdl", str, "The schema of this subgraph, with what gateways must know.", lambda _: text())
    service = object_type("_Service", "What a gateway asks of the service as a whole.", sdl)
    field = ValueField("_service", service, "This subgraph, for gateways.", lambda _: object())
    field.graphql_name = "_service"
    return field
