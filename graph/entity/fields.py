"""The fields of entities: ids, columns, hybrids, and links to other entities.

A row has been fetched with the columns that its fields need; these resolvers read it, or ask a loader for more.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import strawberry
from sqlalchemy.ext.hybrid import hybrid_property

from db.links import Link
from graph.entity.node import encode_id
from graph.entity.registry import Deferred, Entity, optional
from graph.execution.field import Cost, PlannedField
from graph.execution.selection import Info, columns, document_of, object_type_of

T = TypeVar("T")


class ValueField(PlannedField):
    """A field that is read off the value above it."""

    def __init__(self, name: str, annotation: Any, description: str, read: Callable[[Any], Any]) -> None:
        super().__init__(name, annotation, description)
        self.planned_resolver = lambda source, _info, **_: read(source)


def object_type(name: str, description: str, *fields: PlannedField) -> type[Any]:
    """Make an object type of planned fields."""
    members: dict[str, Any] = {str(field.python_name): field for field in fields}
    return strawberry.type(type(name, (), members | {"__annotations__": {}}), name=name, description=description)


def described_enum(enum: Any, description: str, values: Mapping[str, str], name: str | None = None) -> Any:
    """Make an enumeration known to Strawberry, with a description for each of its values, by name."""
    strawberry.enum(enum, name=name or enum.__name__, description=description)
    for value in enum.__strawberry_definition__.values:
        value.description = values[value.name]
    return enum


class IdField(PlannedField):
    """The global id of a row."""

    def __init__(self, entity: Callable[[], Entity], key: tuple[str, ...]) -> None:
        super().__init__("id", strawberry.ID, "The id of this object, unique over all types.")
        self.needs = key
        self.planned_resolver = lambda source, _info, **_: encode_id(
            entity(), tuple([getattr(source, name) for name in key])
        )


class ColumnField(PlannedField):
    """A column, or a hybrid that the database computes."""

    def __init__(self, name: str, annotation: Any, description: str) -> None:
        super().__init__(name, annotation, description)
        self.needs = (name,)


class HybridField(PlannedField):
    """A hybrid that Python computes from columns, and that the database filters and sorts by."""

    def __init__(
        self, name: str, annotation: Any, description: str, hybrid: hybrid_property[Any], needs: tuple[str, ...]
    ) -> None:
        super().__init__(name, annotation, description)
        self.needs = needs
        self.planned_resolver = lambda source, _info, **_: hybrid.fget(source)


class ToOneField(PlannedField):
    """A link to at most one row: a statement for all parents."""

    cost = Cost.ROW

    def __init__(
        self, name: str, description: str, link: Link, target: Callable[[], Entity], *, nullable: bool
    ) -> None:
        one = Deferred(name, lambda: target().cls)
        super().__init__(name, optional(one) if nullable else one, description)
        self.needs = link.key
        self._link = link
        self._target = target
        self.planned_resolver = self._resolve

    def _resolve(self, source: Any, info: Info, **_: Any) -> Any:
        key = tuple([getattr(source, name) for name in self.needs])
        return None if any(part is None for part in key) else self._load(key, info)

    async def _load(self, key: tuple[Any, ...], info: Info) -> Any:
        chosen = selected_columns(info)
        row = await info.context.loaders.rows(self._link, chosen).load(key)
        return None if row is None else self._target().instance(chosen, row)


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
