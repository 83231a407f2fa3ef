"""What every entity has at the root: a list, a look-up, aggregates; and `node` and `nodes` for all of them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import strawberry
from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, UniqueConstraint

from db.fast import Values
from db.relations import Source, fitted, python_type, root, total_order
from db.statements import Key
from db.views import is_view
from graph.entity.aggregates import AggregateField
from graph.entity.connections import ConnectionField
from graph.entity.fields import begin_rows, object_type
from graph.entity.filters import filter_type, restricted, where_of
from graph.entity.ids import Node, decode_id, key_in, typed_key
from graph.entity.names import check_roots
from graph.entity.offset_lists import list_field
from graph.entity.registry import (
    Attribute,
    Deferred,
    Entity,
    entity_of,
    keyed_entity_of,
    list_of,
    optional,
    tell_viewers,
)
from graph.entity.scalars import check_text
from graph.errors import DeclarationError, InvalidFilter, InvalidId, InvalidLookUp, InvalidPage
from graph.execute.reference import RowReference
from graph.loading.level_loader import LevelLoader
from graph.loading.loaders import Loaders
from graph.loading.queries import ListQuery
from graph.prepare.fields import CostRule, Level, LevelField, PlannedField, Weight, argument
from graph.prepare.work import SCAN

MAX_NODES = 100


def query_type(*entities: type[Any], extra: Iterable[PlannedField] = ()) -> type[Any]:
    """The query type over these entities, with extra fields of your own.

    Each entity gives its list (`posts`), its look-up (`post`) and its aggregates (`postsAggregate`). Rows without a
    key are looked up by nothing.
    """
    declared = [entity_of(cls) for cls in entities]
    keyed = [entity for entity in _reachable(declared) if entity.key]
    found: list[tuple[PlannedField, str]] = []
    if keyed or not declared:  # a type has a field, though an application may have no noun yet
        found += [(_NodeField(keyed), "a field of every schema"), (_NodesField(keyed), "a field of every schema")]
    for entity in declared:
        found += _fields_over(entity)
    found += [(field, "a field of `extra`") for field in extra]
    check_roots((str(field.graphql_name), what) for field, what in found)
    made = object_type("Query", "Everything that can be read.", *(field for field, _ in found))
    made.own_features = frozenset(field.own_feature for field, _ in found if field.own_feature is not None)
    return made


def _fields_over(entity: Entity) -> Iterator[tuple[PlannedField, str]]:
    """The fields of one entity, and what each of them is."""
    yield _list_field(entity), f"the list of {entity.name}"
    if entity.key:
        yield LookUpField(entity), f"the look-up of {entity.name}"
    yield _aggregate_field(entity), f"the aggregates of {entity.name}"


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


def _everything(entity: Entity) -> ListQuery:
    return ListQuery(entity.mapper, lambda: root(entity.model), entity)


def _list_field(entity: Entity) -> ConnectionField:
    listing = _everything(entity)
    return list_field(
        entity.plural,
        f"All {entity.many}, in pages.",
        lambda: entity,
        lambda _arguments: listing,
        keyed=bool(entity.key),
        has_all_rows=not entity.mapper.single and not is_view(entity.mapper.local_table),  # else there is more to read
    )


def search_field(
    cls: type[Any], hits: Callable[[str], Source], description: str, *, work: Callable[[str], int] = lambda _text: SCAN
) -> ConnectionField:
    """A list that answers to `text` in an order of its own, the best hits first.

    `hits` takes the text and gives the rows that fit, with their natural order. It raises `ValueError` for a text that
    it does not take. `work` says what a text asks of the database, in the measure of `graph.prepare.work`.
    """
    entity = keyed_entity_of(cls)

    def asked(arguments: Mapping[str, Any]) -> int:
        text = arguments.get("text")
        try:
            return work(text) if isinstance(text, str) else 0
        except ValueError:  # the field itself says what is wrong
            return 0

    def listing(arguments: Mapping[str, Any]) -> ListQuery:
        text = arguments["text"]
        try:
            check_text(text)
            found = hits(text)
        except ValueError as error:
            raise InvalidFilter("text", f"{error}.") from None
        return ListQuery(entity.mapper, lambda: found, (entity, hits, text), form=None)

    return ConnectionField(
        "search",
        description,
        lambda: entity,
        listing,
        order=lambda source: total_order(entity.mapper, source.row, source.order),
        arguments=(argument("text", str, "What is looked for, in plain words."),),
        work=asked,
    )


def _aggregate_field(entity: Entity) -> AggregateField:
    def listing(level: Level) -> tuple[ListQuery, Sequence[Key]]:
        where = where_of(level.arguments, entity, level.context)
        found = restricted(_everything(entity), entity, where, level.context.loaders)
        return found, [()] * len(level.sources)

    where = Deferred("filter of an aggregate", lambda: filter_type(entity))
    return AggregateField(
        f"{entity.plural}_aggregate",
        f"Counts and sums over all {entity.many}.",
        lambda: entity,
        listing,
        (argument("where", optional(where), "Only rows that fit."),),
    )


class LookUpField(LevelField):
    """One row by its id or by a natural key. Where the id is the only key, it must be given."""

    cost = CostRule.ROW

    def __init__(self, entity: Entity) -> None:
        keys = [_natural_key(entity, name) for name in entity.natural_keys]
        named = " or ".join(["`id`", *(f"`{key.graphql_name}`" for key in keys)])
        id_ = optional(strawberry.ID) if keys else strawberry.ID
        super().__init__(
            f"{entity.name[0].lower()}{entity.name[1:]}",
            optional(entity.cls),
            f"One {entity.one} by its {named}{', by one of them' if keys else ''}; null if there is none.",
            (
                argument("id", id_, f"The id of the {entity.one}."),
                *(argument(key.graphql_name, optional(key.type), key.description) for key in keys),
            ),
        )
        self.entity = entity
        self._keys = {key.graphql_name: key for key in keys}

    def weight(self, given: Collection[str]) -> Weight:
        """A look-up by the id; by a key that is unique, as an index has it. No index is known of a view."""
        if is_view(self.entity.mapper.local_table):
            return Weight.DEAR
        if all(name == "id" for name in given):
            return Weight.LOOK_UP
        unique = all(name == "id" or _is_unique(self.entity, self._keys[name].name) for name in given)
        return Weight.PAGE if unique else Weight.DEAR

    def begin(self, level: Level) -> None:
        """Read the row of the one key that is given."""
        key, loader = self._found_by(level.arguments, level.context.loaders)
        begin_rows(level, self.entity, [key] * len(level.sources), loader)

    def _found_by(
        self, arguments: Mapping[str, Any], loaders: Loaders
    ) -> tuple[Key, Callable[[tuple[str, ...]], LevelLoader[Values | None]]]:
        """A key, and from columns the loader that finds its row."""
        given = {name: value for name, value in arguments.items() if value is not None}
        if len(given) != 1:
            known = ", ".join(["id", *self._keys])
            raise InvalidLookUp(f"`{self.graphql_name}` takes exactly one of: {known}.")
        entity = self.entity
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


def _is_unique(entity: Entity, name: str) -> bool:
    """Whether the database holds that no two rows have one value of an attribute, and so has an index of it."""
    column = entity.mapper.column_attrs[name].columns[0] if name in entity.mapper.column_attrs else None
    table = column.table if isinstance(column, Column) else None
    if not isinstance(table, Table):
        return False
    keys = (PrimaryKeyConstraint, UniqueConstraint)
    held = [list(constraint.columns) for constraint in table.constraints if isinstance(constraint, keys)]
    # One of an expression has no columns, one with a condition is not of all rows.
    held += [list(index.columns) for index in table.indexes if index.unique and not _is_partial(index)]
    return [column] in held


def _is_partial(index: Index) -> bool:
    return any(options.get("where") is not None for options in index.dialect_options.values())


def viewer_field(cls: type[Any], description: str) -> PlannedField:
    """`viewer`: the row of the entity that has the viewer's id for its key; null for nobody."""
    return _ViewerField(keyed_entity_of(cls), description)


class _ViewerField(LevelField):
    cost = CostRule.ROW
    shows_viewer = True

    def __init__(self, entity: Entity, description: str) -> None:
        super().__init__("viewer", optional(entity.cls), description)
        self._entity = entity
        (key,) = entity.mapper.primary_key
        self._form = python_type(key.type)
        tell_viewers(entity)

    def weight(self, given: Collection[str]) -> Weight:
        """A look-up."""
        return Weight.LOOK_UP

    def begin(self, level: Level) -> None:
        """Refer to the viewer's row."""
        id_ = fitted(level.context.viewer.id, self._form)
        level.complete([None if id_ is None else RowReference(self._entity, (id_,))] * len(level.sources))


class _ReferenceField(LevelField):
    """A field that finds rows of any type by their ids."""

    def __init__(self, name: str, annotation: Any, description: str, ids: Any, entities: Sequence[Entity]) -> None:
        super().__init__(name, annotation, description, (ids,))
        self.entities = {entity.name: entity for entity in entities}
        self._of_views = any(is_view(entity.mapper.local_table) for entity in entities)

    def weight(self, given: Collection[str]) -> Weight:
        """Look-ups, unless a row may be one of a view."""
        return Weight.DEAR if self._of_views else Weight.LOOK_UP

    def reference(self, text: str) -> RowReference:
        """A reference to the row of an id. Raises `InvalidId`."""
        given = decode_id(text)
        entity = self.entities.get(given.type_name)
        if entity is None:
            raise InvalidId(text)
        return RowReference(entity, typed_key(text, given, entity))


class _NodeField(_ReferenceField):
    """Any row by its id."""

    cost = CostRule.ROW

    def __init__(self, entities: Sequence[Entity]) -> None:
        given = argument("id", strawberry.ID, "The id of the object.")
        super().__init__("node", optional(Node), "Anything by its id; null if there is none.", given, entities)

    def begin(self, level: Level) -> None:
        """Refer to the row of the id."""
        level.complete([self.reference(level.arguments["id"])] * len(level.sources))


class _NodesField(_ReferenceField):
    """Many rows by their ids."""

    cost = CostRule.LIST
    sizes = ("ids",)

    def __init__(self, entities: Sequence[Entity]) -> None:
        description = (
            f"Many things by their ids, in the order of the ids; null where there is none. At most {MAX_NODES}."
        )
        given = argument("ids", list[strawberry.ID], "The ids of the objects.")
        super().__init__("nodes", list_of(optional(Node)), description, given, entities)

    def statements(self, arguments: Mapping[str, Any]) -> int:
        """One for each type that is named."""
        return min(self.limit(arguments, MAX_NODES), len(self.entities))

    def limit(self, arguments: Mapping[str, Any], max_page: int) -> int:
        """As many as there are ids."""
        asked = arguments.get("ids")
        return len(asked) if isinstance(asked, list) else 1

    def begin(self, level: Level) -> None:
        """Refer to the row of each id."""
        ids = level.arguments["ids"]
        if len(ids) > MAX_NODES:
            raise InvalidPage(f"{len(ids)} ids are too many; send at most {MAX_NODES}.")
        level.complete([[self.reference(text) for text in ids]] * len(level.sources))


def entities_of(query: type[Any]) -> list[Entity]:
    """The entities whose rows a query type finds by their ids; none where it was not made by `query_type`."""
    found = [field for field in _fields_of(query) if isinstance(field, _NodeField)]
    return list(found[0].entities.values()) if found else []


def look_ups_of(query: type[Any]) -> Mapping[str, LookUpField]:
    """The look-up of each entity that has one, by the entity's name."""
    return {field.entity.name: field for field in _fields_of(query) if isinstance(field, LookUpField)}


def _fields_of(query: Any) -> Iterable[object]:
    fields: Iterable[object] = query.__strawberry_definition__.fields
    return fields
