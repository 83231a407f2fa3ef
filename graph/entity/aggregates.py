"""Aggregates: counts, extremes, sums and averages over the rows of a listing, as a whole and by groups.

Only what is selected is computed: one statement for the whole, for all parents together.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from db.fast import Values
from db.statements import Key
from graph.entity.distinct_counts import distinct_fields, selected_distinct
from graph.entity.fields import object_type
from graph.entity.group_parts import can_be_grouped
from graph.entity.groups import GroupByField
from graph.entity.measures import Results, selected_measures, value_fields
from graph.entity.names import made_name
from graph.entity.registry import Deferred, Entity
from graph.loading.queries import ListQuery
from graph.prepare.fields import CostRule, Level, LevelField
from graph.prepare.work import SCAN


@cache
def aggregate_type(entity: Entity) -> type[Any]:
    """What can be computed over an entity's rows."""
    return object_type(
        made_name(entity, "Aggregate"),
        f"What can be said about many {entity.many} at once.",
        *value_fields(entity),
        *distinct_fields(entity),
        *([GroupByField(entity)] if can_be_grouped(entity) else []),
    )


class AggregateField(LevelField):
    """Aggregates over a listing: one statement for all parents."""

    cost = CostRule.TOTAL
    scan = SCAN

    def __init__(
        self,
        name: str,
        description: str,
        entity: Callable[[], Entity],
        listing: Callable[[Level], tuple[ListQuery, Sequence[Key]]],
        arguments: tuple[Any, ...] = (),
    ) -> None:
        """Make it. `listing` says over which rows, and the key of each object of the level among them."""
        annotation = Deferred(f"aggregate of {name}", lambda: aggregate_type(entity()))
        super().__init__(name, annotation, description, arguments)
        self._entity = entity
        self._listing = listing

    def shows(self) -> type[Any] | None:
        """The type of the rows that it is computed over."""
        return self._entity().cls

    def begin(self, level: Level) -> None:
        """Compute the measures that are selected."""
        selection = level.below()
        entity = self._entity()
        measures = (
            *selected_measures(entity, [selection], level.below),
            *selected_distinct(entity, [selection], level.arguments_of),
        )
        listing, keys = self._listing(level)
        names = [measure.name for measure in measures]

        def then(found: Sequence[Values | None]) -> None:
            values = [{} if row is None else dict(zip(names, row, strict=False)) for row in found]
            results = [Results(value, listing, key) for value, key in zip(values, keys, strict=True)]
            level.fill(level.objects(selection, results))

        if measures:
            level.load(level.context.loaders.aggregates(listing, measures), keys, then)
        else:
            then([None] * len(keys))

    def apart(self, source: Any) -> Any:
        """Aggregates of several connections are several levels where their queries differ."""
        return getattr(source, "query", None)
