"""The order of groups: by their size, by measures, by what was grouped by.

An `orderBy` enters as graphql-core coerced it, terms leave. Every order is made total by all that was grouped by. The
largest groups come first unless something else is asked for. Source of the words: `graph.entity.ordering`.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import strawberry
from sqlalchemy import func

from db.relations import Expression, Row, Term
from graph.entity.comparisons import InputField, input_type
from graph.entity.directions import Direction
from graph.entity.distinct_counts import DIRECTION, NAME, OF, distinct_measure
from graph.entity.measure_sorts import measure_sort_fields
from graph.entity.measures import COUNT, FUNCTIONS, applicable, steady_measure_of
from graph.entity.names import made_name
from graph.entity.ordering import MAX_TERMS
from graph.entity.registry import Entity, optional
from graph.errors import InvalidGrouping
from graph.prepare.work import MEASURE, Weight

Asked: TypeAlias = Mapping[str, Any]

KEY = "key"


@strawberry.input(description="The order of groups by what they share.")
class GroupKeySort:
    """A term that orders by what was grouped by."""

    direction: Direction = strawberry.field(default=Direction.ASC, description="Which values come first.")
    at: int | None = strawberry.field(
        default=strawberry.UNSET, description="Its place in `by`, from 0; if left out, all of `by` one after the other."
    )


@cache
def group_sort_type(entity: Entity) -> type[Any]:
    """The input type of one term of the order of an entity's groups."""
    fields: dict[str, InputField] = {
        "count_": (optional(Direction), COUNT.name, "By how many rows they have."),
        "key_": (optional(GroupKeySort), KEY, "By what their rows share."),
    }
    fields |= measure_sort_fields(entity)
    weights = {name: Weight(MEASURE) for _, name, _ in fields.values() if name != KEY}
    described = f"By what groups of {entity.many} are ordered: one field for each term."
    return input_type(made_name(entity, "GroupSort"), described, fields, one_of=True, weights=weights)


def check_order(asked: Sequence[Asked], keys: int) -> None:
    """Raise `InvalidGrouping` for an order that groups cannot be in, where they share so many values."""
    if len(asked) > MAX_TERMS:
        raise InvalidGrouping("orderBy", f"groups are ordered by at most {MAX_TERMS} terms; send fewer.")
    for number, term in enumerate(asked):
        ((name, value),) = term.items()
        at = value.get("at") if name == KEY else None
        if at is not None and not 0 <= at < keys:
            last = keys - 1
            raise InvalidGrouping(
                f"orderBy[{number}].key.at", f"{at} is no place in `by`; it must be from 0 to {last}."
            )


def group_terms(entity: Entity, asked: Sequence[Asked], row: Row, by: Sequence[Sequence[Expression]]) -> list[Term]:
    """The terms of an order that `check_order` has let pass. `by`: the expressions of each thing grouped by."""
    terms = [one for term in asked for one in _terms(entity, term, row, by)] or [_by_count(Direction.DESC)]
    return [*terms, *(Term(expression, nullable=True) for each in by for expression in each)]


def _terms(entity: Entity, asked: Asked, row: Row, by: Sequence[Sequence[Expression]]) -> list[Term]:
    ((name, value),) = asked.items()
    if name == COUNT.name:
        return [_by_count(value)]
    if name == NAME:
        return [_term(distinct_measure(entity, value[OF].name).expression(row), value[DIRECTION])]
    if name != KEY:
        return [_by_measure(entity, name, value, row)]
    at, direction = value.get("at"), value["direction"]
    chosen = by if at is None else [by[at]]
    return [_term(expression, direction) for each in chosen for expression in each]


def _by_count(direction: Direction) -> Term:
    return Term(func.count(), direction.descending)


def _by_measure(entity: Entity, name: str, asked: Asked, row: Row) -> Term:
    function = next(function for function in FUNCTIONS if function.name == name)
    ((of, direction),) = asked.items()
    attribute, _ = applicable(entity, function)[of]
    return _term(steady_measure_of(function, attribute).expression(row), direction)


def _term(expression: Expression, direction: Direction) -> Term:
    return Term(expression, direction.descending, nullable=True, nulls_first=direction.nulls_first)
