"""The order of groups: by all that lists of rows are put in order by, and by what was grouped by.

An `orderBy` enters as graphql-core coerced it, terms leave. Every order is made total by all that was grouped by. The
largest groups come first unless something else is asked for. Source of the words: `graph.entity.measure_sorts`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import func, true

from db.functions import first_in_order
from db.relations import Expression, Row, Term, is_array, total_order
from graph.entity.comparisons import check_size
from graph.entity.directions import Direction
from graph.entity.measure_sorts import FIRST, KEY, ListOrder, list_order, measure_in
from graph.entity.measures import Within
from graph.entity.ordering import MAX_TERMS, Viewing, rows_looked_at, terms_on_related
from graph.entity.registry import Entity
from graph.errors import InvalidGrouping, InvalidPage

Asked: TypeAlias = Mapping[str, Any]


class GroupOrder(NamedTuple):
    """An order of groups that makes sense."""

    entity: Entity
    asked: Sequence[ListOrder]
    viewing: Viewing

    def terms(self, row: Row, by: Sequence[Sequence[Expression]]) -> list[Term]:
        """The terms, for a row. `by`: the expressions of each thing grouped by. Raises `InvalidPage`."""
        found = [one for order in self.asked for one in self._terms(order, row, by)]
        found = found or [Term(func.count(), descending=True)]
        return [*found, *(Term(expression, nullable=True) for each in by for expression in each)]

    def _terms(self, order: ListOrder, row: Row, by: Sequence[Sequence[Expression]]) -> list[Term]:
        if order.name == KEY:
            at, direction = order.value.get("at"), order.value["direction"]
            chosen = by if at is None else [by[at]]
            return [_term(expression, direction) for each in chosen for expression in each]
        fits = rows_looked_at(self.entity, row, order, self.viewing)
        within: Within | None = None if fits is None else lambda _row: fits
        if order.name == FIRST:
            return [self._first(order, row, within)]
        measure, direction = measure_in(self.entity, order, within)
        return [_term(measure.expression(row), direction)]

    def _first(self, order: ListOrder, row: Row, within: Within | None) -> Term:
        """By a value of the row of a group that comes first in an order, null where none is looked at."""
        (inner,) = terms_on_related(self.entity, row, [order.value], self.viewing)
        if is_array(inner.expression.type):
            raise InvalidPage(f"{order.place}: groups stand in no order by a list of values; name another value.")
        found = first_of_group(self.entity, row, inner.expression, order.order_by, self.viewing, within)
        return inner._replace(expression=found, nullable=True)


def group_order(entity: Entity, asked: Sequence[Asked], keys: int, viewing: Viewing) -> GroupOrder:
    """The order that was asked for, of groups that share so many values. Raises `InvalidGrouping` and `InvalidPage`."""
    if len(asked) > MAX_TERMS:
        raise InvalidGrouping("orderBy", f"groups are ordered by at most {MAX_TERMS} terms; send fewer.")
    check_size("orderBy", asked)
    found = [list_order(term, f"orderBy[{number}]") for number, term in enumerate(asked)]
    for order in found:
        at = order.value.get("at") if order.name == KEY else None
        if at is not None and not 0 <= at < keys:
            raise InvalidGrouping(f"{order.place}.at", f"{at} is no place in `by`; it must be from 0 to {keys - 1}.")
    return GroupOrder(entity, found, viewing)


def first_of_group(
    entity: Entity,
    row: Row,
    value: Expression,
    order_by: Sequence[Asked],
    viewing: Viewing,
    within: Within | None = None,
) -> Expression:
    """An aggregate: a value of that row of a group which comes first in an order. Raises `InvalidPage`."""
    terms = total_order(entity.mapper, row, terms_on_related(entity, row, order_by, viewing))
    if not terms:
        raise InvalidPage(f"{entity.many} have no key, and so no order of their own; say `orderBy`.")
    return first_in_order(value, true() if within is None else within(row), *(term.sql() for term in terms))


def _term(expression: Expression, direction: Direction) -> Term:
    return Term(expression, direction.descending, nullable=True, nulls_first=direction.nulls_first)
