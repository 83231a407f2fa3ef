"""Numbers of different values: `countDistinct(of: AUTHOR)`, in aggregates, groups, `having` and orders of groups.

A name of `PostGroupField` enters, a measure leaves, and the field that shows its result. One field takes the name as an
argument: a type with a field for each attribute would be larger than all other measures together. Nulls do not count.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial, reduce
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, literal

from db.relations import Row, comparable
from graph.entity.comparisons import input_type
from graph.entity.directions import Direction
from graph.entity.group_values import group_enum, group_fields
from graph.entity.names import made_name
from graph.entity.registry import Deferred, Entity
from graph.entity.types import TYPES
from graph.loading.queries import Measure
from graph.prepare.fields import CostRule, FieldPlan, Level, LevelField, Selection, argument
from graph.prepare.work import Weight

NAME = "countDistinct"
OF, IS, DIRECTION = "of", "is", "direction"

WORK = 40
"""To tell all values of a list apart, which puts them in order."""


class CountDistinctField(LevelField):
    """`countDistinct`."""

    cost = CostRule.MEASURE

    def __init__(self, entity: Entity) -> None:
        of = argument(OF, _enum(entity), "Whose values: those of a column, or the rows that a relation leads to.")
        super().__init__("count_distinct", int, "How many different values there are; nulls do not count.", (of,))

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


@cache
def having_distinct_type(entity: Entity) -> type[Any]:
    """The input type of what is asked of such a number."""
    return input_type(
        made_name(entity, "HavingDistinct"),
        f"What is asked of the number of different values of {entity.many}.",
        {},
        required={
            "of_": (_enum(entity), OF, "Whose values."),
            "is_": (TYPES.known(int).filter.input_type, IS, "What is asked of their number."),
        },
        weights={OF: Weight(WORK)},
    )


@cache
def distinct_sort_type(entity: Entity) -> type[Any]:
    """The input type of an order by such a number."""
    return input_type(
        made_name(entity, "DistinctSort"),
        f"An order by the number of different values of {entity.many}.",
        {},
        required={
            "of_": (_enum(entity), OF, "Whose values."),
            "direction_": (Direction, DIRECTION, "Which come first."),
        },
        weights={OF: Weight(WORK)},
    )


def distinct_measure(entity: Entity, of: str) -> Measure:
    """The number of different values, of a name of the enumeration."""
    return Measure(f"{NAME}.{of}", partial(_distinct_count, entity, of))


def _distinct_count(entity: Entity, of: str, row: Row) -> ColumnElement[int]:
    columns = [comparable(getattr(row, name)) for name in group_fields(entity)[of].columns]
    value = columns[0] if len(columns) == 1 else _together([cast(column, Text) for column in columns])
    return func.count(value.distinct())


def _together(texts: Sequence[ColumnElement[str]]) -> ColumnElement[str]:
    """The parts of a key as one text: each with its length in front, so that no other parts make the same."""
    parts = (part for text in texts for part in (cast(func.length(text), Text), literal(":", Text), text))
    return reduce(operator.add, parts)


def _enum(entity: Entity) -> Deferred:
    return Deferred("group field", lambda: group_enum(entity).__strawberry_definition__)
