"""What is asked of groups: the filters of lists, over the rows of a group.

A `having` enters as graphql-core coerced it, a condition for HAVING leaves. Rows that do not fit a filter are null in
the aggregates of the group, and nulls do not count. Why: docs/decisions/0052-groups.md.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, true

from db.relations import Row
from graph.entity.comparisons import check_size
from graph.entity.filter_form import QUANTIFIERS
from graph.entity.filters import condition_on_related
from graph.entity.measure_filters import check_asked, check_not_alone, measure_conditions
from graph.entity.measures import WHERE, Within, count_of
from graph.entity.ordering import Viewing
from graph.entity.registry import Entity

Asked: TypeAlias = Mapping[str, Any]


def having(entity: Entity, asked: Sequence[Asked], viewing: Viewing) -> Callable[[Row], ColumnElement[bool]] | None:
    """The condition that groups must fulfil; None for no condition. Raises `InvalidFilter`."""
    if not any(asked):
        return None
    check_size("having", asked)

    def condition(row: Row) -> ColumnElement[bool]:
        found = (_conditions(entity, row, one, place_of(asked, at), viewing) for at, one in enumerate(asked))
        return and_(true(), *(each for conditions in found for each in conditions))

    return condition


def place_of(asked: Sequence[Asked], number: int) -> str:
    """Where one filter of groups stands in the input; of a single one the list is mostly left out."""
    return "having" if len(asked) == 1 else f"having[{number}]"


def _conditions(entity: Entity, row: Row, asked: Asked, where: str, viewing: Viewing) -> list[ColumnElement[bool]]:
    def fitting(name: str) -> Within | None:
        """The rows of a group that fit the filter of this name; None where it asks nothing, or is not there."""
        if name not in asked:
            return None
        check_asked(asked[name], f"{where}.{name}")
        fits = condition_on_related(entity, row, asked[name], f"{where}.{name}", *viewing)
        return None if fits is None else lambda _row: fits

    within = fitting(WHERE)
    check_not_alone(asked, where)
    found = [
        _number_of(name, row, _both(within, fitting(name)), within) for name in QUANTIFIERS - {WHERE} if name in asked
    ]
    measures = {name: value for name, value in asked.items() if name not in QUANTIFIERS}
    return [*found, *measure_conditions(entity, row, measures, where, within=within)]


def _number_of(quantifier: str, row: Row, fitting: Within | None, within: Within | None) -> ColumnElement[bool]:
    """How many rows fit: at least one, all that are looked at, or none."""
    number = count_of(fitting).expression(row)
    if quantifier == "every":
        return number == count_of(within).expression(row)
    return number == 0 if quantifier == "none" else number > 0


def _both(one: Within | None, other: Within | None) -> Within | None:
    if one is None or other is None:
        return one or other
    return lambda row: and_(one(row), other(row))
