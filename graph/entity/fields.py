"""The fields of entities: ids, columns, hybrids, and links to other entities.

A row has been fetched with the columns that its fields need; these resolvers read it, or ask a loader for more.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import strawberry
from graphql import GraphQLObjectType
from sqlalchemy.ext.hybrid import hybrid_property

from db.relations import Link
from db.statements import Key
from graph.entity.ids import id_encoder
from graph.entity.registry import Deferred, Entity, optional
from graph.errors import Withheld
from graph.execute.level import Batch
from graph.execute.rows import Rows
from graph.loading.level_loader import LevelLoader
from graph.loading.loaders import Loaders
from graph.prepare.fields import CostRule, PlannedField, Reading
from graph.prepare.plan import FieldPlan
from graph.prepare.selection import Info, columns, document_of, object_type_of

T = TypeVar("T")


class ValueField(PlannedField):
    """A field that is read off the value above it."""

    def __init__(self, name: str, annotation: Any, description: str, read: Callable[[Any], Any]) -> None:
        super().__init__(name, annotation, description)
        self.read = read
        self.planned_resolver = lambda source, _info, **_: read(source)


def object_type(name: str, description: str, *fields: PlannedField) -> type[Any]:
    """Make an object type of planned fields."""
    members: dict[str, Any] = {str(field.python_name): field for field in fields}
    members |= {"__annotations__": {}, "__doc__": description}
    return strawberry.type(type(name, (), members), name=name, description=description)


def described_enum(enum: Any, description: str, values: Mapping[str, str], name: str | None = None) -> Any:
    """Make an enumeration known to Strawberry, with a description for each of its values, by name."""
    strawberry.enum(enum, name=name or enum.__name__, description=description)
    for value in enum.__strawberry_definition__.values:
        value.description = values[value.name]
    return enum


class IdField(PlannedField):
    """The global id of a row."""

    def __init__(self, entity: Entity) -> None:
        super().__init__("id", strawberry.ID, "The id of this object, unique over all types.")
        encode = id_encoder(entity)
        self.needs = entity.key
        self.reading = Reading(self.needs, encode)
        self.planned_resolver = lambda source, _info, **_: encode(*(getattr(source, name) for name in self.needs))


def withheld(field: PlannedField, info: Info, value: Any) -> Any:
    """A value that is never null in the database. Raises `Withheld` for null: a policy has taken its place."""
    if value is None:
        raise Withheld(info.parent_type.name, str(field.graphql_name))
    return value


class ColumnField(PlannedField):
    """A column, or a hybrid that the database computes.

    With `never_null` its place may not be null, and its column is not: where a policy hides the value, it is refused.
    """

    def __init__(self, name: str, annotation: Any, description: str, *, never_null: bool = False) -> None:
        super().__init__(name, annotation, description)
        self.needs = (name,)
        self.reading = Reading(self.needs)
        self.never_null = never_null
        if never_null:
            self.planned_resolver = lambda source, info, **_: withheld(self, info, getattr(source, name))


class HybridField(PlannedField):
    """A hybrid that Python computes from columns, and that the database filters and sorts by."""

    def __init__(
        self,
        name: str,
        annotation: Any,
        description: str,
        hybrid: hybrid_property[Any],
        needs: tuple[str, ...],
        *,
        required: Iterable[str] = (),
        never_null: bool = False,
    ) -> None:
        """Make it. Where one of the values of `required` is null, a policy hides it, and with it what is made of it."""
        super().__init__(name, annotation, description)
        self.needs = needs
        self.never_null = never_null
        positions = tuple(map(needs.index, required))

        def computed(*values: Any) -> Any:
            if None in values and any(values[position] is None for position in positions):
                return None
            return hybrid.fget(SimpleNamespace(**dict(zip(needs, values, strict=True))))

        def resolve(source: Any, info: Info, **_: Any) -> Any:
            value = computed(*(getattr(source, need) for need in needs))
            return withheld(self, info, value) if never_null else value

        self.reading = Reading(needs, computed)
        self.planned_resolver = resolve


class ToOneField(PlannedField):
    """A link to at most one row: a statement for all parents."""

    cost = CostRule.ROW

    def __init__(
        self, name: str, description: str, link: Link, target: Callable[[], Entity], *, nullable: bool
    ) -> None:
        one = Deferred(name, lambda: target().cls)
        super().__init__(name, optional(one) if nullable else one, description)
        self.needs = link.key
        self.never_null = not nullable
        self.begin = self._begin
        self.planned_resolver = self._resolve
        self._link = link
        self._target = target

    def _begin(self, batch: Batch, field: FieldPlan) -> None:
        loaders: Loaders = batch.run.context.loaders
        keys = batch.keys(self.needs)
        begin_rows(batch, field, self._target(), keys, lambda columns: loaders.rows(self._link, columns))

    def _resolve(self, source: Any, info: Info, **_: Any) -> Any:
        key = tuple([getattr(source, name) for name in self.needs])
        if any(part is None for part in key):
            return withheld(self, info, None) if self.never_null else None
        return self._load(key, info)

    async def _load(self, key: tuple[Any, ...], info: Info) -> Any:
        chosen = selected_columns(info)
        row = await info.context.loaders.rows(self._link, chosen).load(key)
        found = None if row is None else self._target().instance(chosen, row)
        return withheld(self, info, found) if self.never_null else found


def begin_rows(
    batch: Batch,
    field: FieldPlan,
    entity: Entity,
    keys: Sequence[Key],
    loader: Callable[[tuple[str, ...]], LevelLoader[Any]],
) -> None:
    """Read the row of each object's key, with the columns that are selected; a key with a null in it has none."""
    run = batch.run
    selection = run.below(field, cast(GraphQLObjectType, field.named_type))
    columns = selection.needs
    wanted = [key for key in dict.fromkeys(keys) if None not in key]

    def then(found: list[Any]) -> None:
        present = [row for row in found if row is not None]
        there = (
            wanted
            if len(present) == len(found)
            else [key for key, row in zip(wanted, found, strict=True) if row is not None]
        )
        made = run.take_rows(selection, Rows(present, columns, entity.instance))
        answers: dict[Key, Any] = dict(zip(there, made, strict=True))
        run.fill(batch, field, map(answers.get, keys))

    if wanted:
        run.load(loader(columns), wanted, then, lambda error: run.fail_all(batch.answers, field, error))
    else:
        then([])


def selected_columns(info: Info) -> tuple[str, ...]:
    """The columns that a field's selection needs."""
    return memoised(info, "columns", lambda: columns(document_of(info), object_type_of(info), info.field_nodes))


def memoised(info: Info, what: str, make: Callable[[], T]) -> T:
    """Something that is the same for every object that a field is selected on, worked out once per operation."""
    memo, identity = info.context.memo, (what, *map(id, info.field_nodes))
    if identity not in memo:
        memo[identity] = make()
    found: T = memo[identity]
    return found
