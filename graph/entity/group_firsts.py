"""The row of a group that comes first in an order: `first(orderBy: [{publishedAt: DESC}]) { title }`.

What is selected of groups enters; measures leave, which find the keys of these rows in the statement of the groups, and
the field that loads the rows of a level together. The last row of an order is the first one of the opposite order.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement

from db.relations import Row
from graph.entity.fields import begin_rows
from graph.entity.group_order import first_of_group
from graph.entity.group_parts import spelled
from graph.entity.measure_sorts import FIRST, ORDER_BY
from graph.entity.ordering import FIRST_WORK, Viewing, check_order, sort_type
from graph.entity.registry import Deferred, Entity, list_of, optional
from graph.loading.queries import Measure
from graph.prepare.fields import CostRule, Level, LevelField, Selection, argument

Asked: TypeAlias = Sequence[Mapping[str, Any]]


class FirstField(LevelField):
    """`first`."""

    cost = CostRule.ROW

    def __init__(self, entity: Entity) -> None:
        sort = Deferred("sort of a group", lambda: sort_type(entity))
        order = argument("order_by", list_of(sort), "The order, the most important term first.")
        super().__init__(FIRST, optional(entity.cls), "The one that comes first in an order.", (order,))
        self._entity = entity

    def work(self, arguments: Mapping[str, Any]) -> int:
        """To put the rows of each group in order."""
        return FIRST_WORK.own

    def begin(self, level: Level) -> None:
        """Read the rows whose keys the statement of the groups has found."""
        entity, names = self._entity, _names(self._entity, level.arguments[ORDER_BY])
        keys = [tuple(results.values.get(name) for name in names) for results in level.sources]
        begin_rows(level, entity, keys, partial(level.context.loaders.by_key, entity.mapper, entity.key))


def selected_firsts(
    entity: Entity,
    level: Level,
    selections: Sequence[Selection],
) -> Iterator[Measure]:
    """The measures that these selections ask for: each part of the key of each first row. Raises as `order_of`."""
    fields = (field for selection in selections for field in selection.by_name.get(FIRST, ()))
    asked = {spelled(order): order for order in (level.arguments_of(field)[ORDER_BY] for field in fields)}
    for order in asked.values():
        check_order(entity, order, level.context)
        for name, attribute in zip(_names(entity, order), entity.key, strict=True):
            yield Measure(name, partial(_part_of_key, entity, attribute, order, Viewing.of(level.context)))


def _part_of_key(entity: Entity, attribute: str, order: Asked, viewing: Viewing, row: Row) -> ColumnElement[Any]:
    return first_of_group(entity, row, getattr(row, attribute), order, viewing)


def _names(entity: Entity, order: Asked) -> list[str]:
    return [f"{FIRST} {spelled(order)} {attribute}" for attribute in entity.key]
