"""Numbers of different values: `countDistinct(of: AUTHOR)`, in aggregates, groups, filters and orders.

A name of `PostGroupField` enters, a measure leaves, and the field that shows its result. The name stands beside the
measure (`of`): a type with a field for each attribute would be larger than all other measures together. Nulls do not
count.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, literal

from db.relations import Row, comparable
from graph.entity.comparisons import InputField
from graph.entity.group_values import group_enum, group_fields
from graph.entity.measures import Within, looked_at
from graph.entity.registry import Deferred, Entity, optional
from graph.loading.queries import Measure
from graph.prepare.fields import CostRule, FieldPlan, Level, LevelField, Selection, argument

NAME = "countDistinct"
OF = "of"

WORK = 40
"""To tell all values of a list apart, which puts them in order."""


class CountDistinctField(LevelField):
    """`countDistinct`."""

    cost = CostRule.MEASURE

    def __init__(self, entity: Entity) -> None:
        of = argument(OF, _enum(entity), "Of which column, or of which relation's rows.")
        super().__init__("count_distinct", int, "How many different values; nulls do not count.", (of,))

    def work(self, arguments: Mapping[str, Any]) -> int:
        """The same for all columns."""
        return WORK

    def begin(self, level: Level) -> None:
        """Read what the statement around it has computed."""
        name = f"{NAME}.{level.arguments[OF].name}"
        level.complete([results.values.get(name, 0) for results in level.sources])


def distinct_fields(entity: Entity) -> list[LevelField]:
    """The field, of an entity that has values to tell apart."""
    return [CountDistinctField(entity)] if group_fields(entity) else []


def selected_distinct(
    entity: Entity, selections: Sequence[Selection], arguments_of: Callable[[FieldPlan], Mapping[str, Any]]
) -> tuple[Measure, ...]:
    """The measures that these selections ask for."""
    fields = (field for selection in selections for field in selection.by_name.get(NAME, ()))
    asked = {arguments_of(field)[OF].name for field in fields}
    return tuple(distinct_measure(entity, name) for name in sorted(asked))


def of_field(entity: Entity) -> InputField:
    """The field beside such a number in an input: whose values."""
    return optional(_enum(entity)), OF, f"What `{NAME}` tells apart."


def distinct_measure(entity: Entity, of: str, within: Within | None = None) -> Measure:
    """The number of different values, of a name of the enumeration."""

    def count(row: Row) -> ColumnElement[int]:
        columns = [comparable(getattr(row, name)) for name in group_fields(entity)[of].columns]
        value = columns[0] if len(columns) == 1 else _together([cast(column, Text) for column in columns])
        return func.count(looked_at(value, row, within).distinct())

    return Measure(f"{NAME}.{of}", count)


def _together(texts: Sequence[ColumnElement[str]]) -> ColumnElement[str]:
    """The parts of a key as one text: each with its length in front, so that no other parts make the same."""
    parts = (part for text in texts for part in (cast(func.length(text), Text), literal(":", Text), text))
    return reduce(operator.add, parts)


def _enum(entity: Entity) -> Deferred:
    return Deferred("group field", lambda: group_enum(entity).__strawberry_definition__)
