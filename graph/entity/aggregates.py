"""Aggregates: counts, extremes, sums and averages over the rows of a listing, as a whole and by groups.

Only what is selected is computed: one statement for the whole, for all parents together.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from db.statements import Key
from graph.entity.fields import object_type
from graph.entity.groups import GroupByField, group_fields
from graph.entity.measures import Results, selected_measures, value_fields
from graph.entity.registry import Deferred, Entity
from graph.loading.loaders import ListQuery, Loaders
from graph.prepare.fields import CostRule, PlannedField
from graph.prepare.selection import Info, document_of, object_type_of


@cache
def aggregate_type(entity: Entity) -> type[Any]:
    """What can be computed over an entity's rows."""
    return object_type(
        f"{entity.name}Aggregate",
        f"What can be said about many {entity.many} at once.",
        *value_fields(entity),
        *([GroupByField(entity)] if group_fields(entity) else []),
    )


class AggregateField(PlannedField):
    """Aggregates over a listing: one statement for all parents."""

    cost = CostRule.TOTAL

    def __init__(
        self,
        name: str,
        description: str,
        entity: Callable[[], Entity],
        listing: Callable[[Any, Mapping[str, Any], Loaders], tuple[ListQuery, Key]],
        arguments: tuple[Any, ...] = (),
    ) -> None:
        annotation = Deferred(f"aggregate of {name}", lambda: aggregate_type(entity()))
        super().__init__(name, annotation, description, arguments)
        self._entity = entity
        self._listing = listing
        self.planned_resolver = self._resolve

    async def _resolve(self, source: Any, info: Info, **arguments: Any) -> Results:
        measures = selected_measures(document_of(info), self._entity(), object_type_of(info), info.field_nodes)
        loaders = info.context.loaders
        listing, key = self._listing(source, arguments, loaders)
        row = await loaders.aggregates(listing, measures).load(key) if measures else None
        names = [measure.name for measure in measures]
        return Results(dict(zip(names, row, strict=False)) if row is not None else {}, listing, key)
