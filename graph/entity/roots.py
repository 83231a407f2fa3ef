"""What every entity has at the root: a list, a look-up, aggregates; and `node` and `nodes` for all of them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import strawberry

from db.relations import Source, root, total_order
from db.statements import Key
from graph.entity.aggregates import AggregateField
from graph.entity.connections import ConnectionField
from graph.entity.fields import begin_rows, object_type, selected_columns
from graph.entity.filters import filter_type, restricted
from graph.entity.ids import Node, decode_id, key_in, typed_key
from graph.entity.registry import Attribute, Deferred, Entity, entity_of, list_of, optional
from graph.entity.row_reference import RowReference
from graph.entity.scalars import check_text
from graph.errors import DeclarationError, InvalidFilter, InvalidId, InvalidLookUp, InvalidPage
from graph.execute.level import Batch
from graph.execute.scheduler import slot_of
from graph.loading.level_loader import LevelLoader
from graph.loading.loaders import ListQuery, Loaders
from graph.prepare.fields import CostRule, PlannedField, argument
from graph.prepare.plan import FieldPlan
from graph.prepare.selection import Info

MAX_NODES = 100


def query_type(*entities: type[Any], extra: Iterable[PlannedField] = ()) -> type[Any]:
    """The query type over these entities, with extra fields of your own.

    Each entity gives its list (`posts`), its look-up (`post`) and its aggregates (`postsAggregate`).
    """
    declared = [entity_of(cls) for cls in entities]
    reachable = _reachable(declared)
    fields: list[PlannedField] = [_NodeField(reachable), _NodesField(reachable)]
    for entity in declared:
        fields += [_list_field(entity), _LookUpField(entity), _aggregate_field(entity)]
    fields += extra
    _refuse_equal_names(fields)
    return object_type("Query", "Everything that can be read.", *fields)


def _reachable(entities: Iterable[Entity]) -> list[Entity]:
    """The entities and all that their relations lead to: whatever gives out an id can be found by it."""
    found: dict[str, Entity] = {}
    left = list(entities)
    while left:
        entity = left.pop()
        if entity.name not in found:
            found[entity.name] = entity
            left += [relation.target() for relation in entity.relations.values()]
    return list(found.values())


def _refuse_equal_names(fields: Iterable[PlannedField]) -> None:
    names = Counter(field.graphql_name for field in fields)
    for name, times in names.items():
        if times > 1:
            raise DeclarationError(
                f"{times} fields at the root are called {name!r}; rename the class, or say @entity(…, plural=…)."
            )


def _everything(entity: Entity) -> ListQuery:
    return ListQuery(entity.mapper, lambda: root(entity.model), entity)


def _list_field(entity: Entity) -> ConnectionField:
    listing = _everything(entity)
    return ConnectionField(entity.plural, f"All {entity.many}, in pages.", lambda: entity, lambda _arguments: listing)


def search_field(cls: type[Any], hits: Callable[[str], Source], description: str) -> ConnectionField:
    """A list that answers to `text` in an order of its own, the best hits first.

    `hits` takes the text and gives the rows that fit, with their natural order.
    """
    entity = entity_of(cls)

    def listing(arguments: Mapping[str, Any]) -> ListQuery:
        text = arguments["text"]
        try:
            check_text(text)
        except ValueError as error:
            raise InvalidFilter("text", f"{error}.") from None
        return ListQuery(entity.mapper, lambda: hits(text), (entity, hits, text), form=None)

    return ConnectionField(
        "search",
        description,
        lambda: entity,
        listing,
        order=lambda source: total_order(entity.mapper, source.row, source.order),
        arguments=(argument("text", str, "What is looked for, in plain words."),),
    )


def _aggregate_field(entity: Entity) -> AggregateField:
    def listing(_source: Any, arguments: Mapping[str, Any], loaders: Loaders) -> tuple[ListQuery, tuple[()]]:
        return restricted(_everything(entity), entity, arguments.get("where"), loaders), ()

    where = Deferred("filter of an aggregate", lambda: filter_type(entity))
    return AggregateField(
        f"{entity.plural}_aggregate",
        f"Counts and sums over all {entity.many}.",
        lambda: entity,
        listing,
        (argument("where", optional(where), "Only rows that fit."),),
    )


class _LookUpField(PlannedField):
    """One row by its id or by a natural key."""

    cost = CostRule.ROW

    def __init__(self, entity: Entity) -> None:
        keys = [_natural_key(entity, name) for name in entity.natural_keys]
        named = " or ".join(["`id`", *(f"`{key.graphql_name}`" for key in keys)])
        super().__init__(
            f"{entity.name[0].lower()}{entity.name[1:]}",
            optional(entity.cls),
            f"One {entity.one} by its {named}; null if there is none." + (" Give exactly one of them." if keys else ""),
            (
                argument("id", optional(strawberry.ID), f"The id of the {entity.one}."),
                *(argument(key.graphql_name, optional(key.type), key.description) for key in keys),
            ),
        )
        self._entity = entity
        self._keys = {key.graphql_name: key for key in keys}
        self.begin = self._begin
        self.planned_resolver = self._resolve

    def _begin(self, batch: Batch, field: FieldPlan) -> None:
        key, loader = self._found_by(batch.run.arguments(field), batch.run.context.loaders)
        begin_rows(batch, field, self._entity, [key], loader)

    async def _resolve(self, _source: Any, info: Info, **arguments: Any) -> Any:
        chosen = selected_columns(info)
        key, loader = self._found_by(arguments, info.context.loaders)
        row = await loader(chosen).load(key)
        return None if row is None else self._entity.instance(chosen, row)

    def _found_by(
        self, arguments: Mapping[str, Any], loaders: Loaders
    ) -> tuple[Key, Callable[[tuple[str, ...]], LevelLoader[Any]]]:
        """A key, and from columns the loader that finds its row."""
        given = {name: value for name, value in arguments.items() if value is not None}
        if len(given) != 1:
            known = ", ".join(["id", *self._keys])
            raise InvalidLookUp(f"`{self.graphql_name}` takes exactly one of: {known}.")
        entity = self._entity
        ((name, value),) = given.items()
        if name == "id":
            return key_in(value, entity), lambda columns: loaders.by_key(entity.mapper, entity.key, columns)
        # Equality is the database's affair (e-mail addresses ignore case), so the row is not found by comparing here.
        listing = restricted(_everything(entity), entity, {name: {"eq": value}}, loaders)
        return (), lambda columns: loaders.first(listing, columns)


def _natural_key(entity: Entity, name: str) -> Attribute:
    for attribute in entity.attributes.values():
        if attribute.name == name:
            return attribute
    raise DeclarationError(f"{entity.name} has {name!r} among its keys, but no such field; declare it.")


def viewer_field(cls: type[Any], description: str) -> PlannedField:
    """`viewer`: the row of the entity that has the viewer's number for its key; null for nobody."""
    return _ViewerField(entity_of(cls), description)


class _ViewerField(PlannedField):
    cost = CostRule.ROW

    def __init__(self, entity: Entity, description: str) -> None:
        super().__init__("viewer", optional(entity.cls), description)
        self.planned_resolver = lambda _source, info, **_: _viewers_row(entity, info)


def _viewers_row(entity: Entity, info: Info) -> RowReference | None:
    number = info.context.viewer.id
    return None if number is None else RowReference(entity, (number,))


class _NodeField(PlannedField):
    """Any row by its id."""

    cost = CostRule.ROW

    def __init__(self, entities: Sequence[Entity]) -> None:
        super().__init__(
            "node",
            optional(Node),
            "Anything by its id; null if there is none.",
            (argument("id", strawberry.ID, "The id of the object."),),
        )
        self._entities = {entity.name: entity for entity in entities}
        self.begin = self._begin
        self.planned_resolver = self._resolve

    def _begin(self, batch: Batch, field: FieldPlan) -> None:
        found = self.request(batch.run.arguments(field)["id"])
        for answer in batch.answers:
            batch.run.put(slot_of(answer, field), None, found)

    async def _resolve(self, _source: Any, info: Info, **arguments: Any) -> Any:
        return await self.request(arguments["id"]).load(info)

    def request(self, text: str) -> RowReference:
        """A request for the row of an id. Raises `InvalidId`."""
        given = decode_id(text)
        entity = self._entities.get(given.type_name)
        if entity is None:
            raise InvalidId(text)
        return RowReference(entity, typed_key(text, given, entity))


class _NodesField(_NodeField):
    """Many rows by their ids."""

    cost = CostRule.LIST

    def __init__(self, entities: Sequence[Entity]) -> None:
        super().__init__(entities)
        PlannedField.__init__(
            self,
            "nodes",
            list_of(optional(Node)),
            f"Many things by their ids, in the order of the ids; null where there is none. At most {MAX_NODES}.",
            (argument("ids", list[strawberry.ID], "The ids of the objects."),),
        )
        self.sizes = ("ids",)
        self.begin = self._begin
        self.planned_resolver = self._resolve

    def statements(self, arguments: Mapping[str, Any]) -> int:
        """One for each type that is named."""
        return min(self.limit(arguments, MAX_NODES), len(self._entities))

    def limit(self, arguments: Mapping[str, Any], max_page: int) -> int:
        """As many as there are ids."""
        asked = arguments.get("ids")
        return len(asked) if isinstance(asked, list) else 1

    def _begin(self, batch: Batch, field: FieldPlan) -> None:
        found = self._requests(batch.run.arguments(field))
        for answer in batch.answers:
            batch.run.put(slot_of(answer, field), None, found)

    async def _resolve(self, _source: Any, info: Info, **arguments: Any) -> Any:
        return await asyncio.gather(*(request.load(info) for request in self._requests(arguments)))

    def _requests(self, arguments: Mapping[str, Any]) -> list[RowReference]:
        ids = arguments["ids"]
        if len(ids) > MAX_NODES:
            raise InvalidPage(f"{len(ids)} ids are too many; send at most {MAX_NODES}.")
        return [self.request(text) for text in ids]
