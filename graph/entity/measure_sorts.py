"""Orders by lists of rows: by their number, by measures, by the first of them; of related rows and of groups alike.

What one term asks enters, as graphql-core coerced it; one `ListOrder` leaves. Over which rows it is computed, and what
is put in order, is decided elsewhere. Why: docs/decisions/0051-measures-of-related-rows.md.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import strawberry

from graph.entity.comparisons import InputField
from graph.entity.directions import Direction
from graph.entity.distinct_counts import NAME as DISTINCT
from graph.entity.distinct_counts import OF, distinct_measure, of_field
from graph.entity.group_values import group_fields
from graph.entity.measures import (
    COUNT,
    FUNCTIONS,
    WHERE,
    Function,
    Within,
    applicable,
    count_of,
    steady_measure_of,
)
from graph.entity.registry import Deferred, Entity, optional
from graph.entity.types import TYPES
from graph.errors import InvalidPage
from graph.loading.queries import Measure

Asked = Mapping[str, Any]

ORDER_BY, FIRST, KEY = "orderBy", "first", "key"
BESIDE = {DISTINCT: OF, FIRST: ORDER_BY}
"""What belongs to something that rows are put in order by, and to nothing else."""
MODIFIERS = frozenset({WHERE, *BESIDE.values()})


@strawberry.input(description="The order of groups by what they share.")
class GroupKeySort:
    """A term that orders by what was grouped by."""

    direction: Direction = strawberry.field(default=Direction.ASC, description="Which values come first.")
    at: int | None = strawberry.field(
        default=strawberry.UNSET, description="Its place in `by`, from 0; if left out, all of `by`, in turn."
    )


class ListOrder(NamedTuple):
    """What one term asks of a list."""

    within: str
    """Where the term stands in the input, for errors."""
    name: str
    """By what: `count`, a function, `countDistinct`, `first`, `key`."""
    value: Any
    """A direction, or what follows from it."""
    where: Asked | None = None
    """Which rows are looked at."""
    of: str | None = None
    """Whose values are told apart."""
    order_by: Sequence[Asked] = ()
    """Under which order one is the first."""

    @property
    def place(self) -> str:
        """Where the thing itself stands."""
        return f"{self.within}.{self.name}"

    @property
    def is_number(self) -> bool:
        """Whether it is a number of rows or of values: of none it is 0, and never null."""
        return self.name in (COUNT.name, DISTINCT)


def list_order(asked: Asked, place: str) -> ListOrder:
    """What a term asks. Raises `InvalidPage` where that is nothing, or more than one thing."""
    for name, value in asked.items():
        if value is None:
            raise InvalidPage(f"{place}.{name}: null puts nothing in order; leave it out.")
    names = [name for name in asked if name not in MODIFIERS]
    if len(names) != 1:
        found = " and ".join(f"`{name}`" for name in names) or "nothing"
        raise InvalidPage(f"{place}: the order is by {found}; name one thing, for instance `count: DESC`.")
    (name,) = names
    for needs, modifier in BESIDE.items():
        if modifier in asked and name != needs:
            raise InvalidPage(f"{place}.{modifier}: this belongs to `{needs}`; leave it out beside `{name}`.")
    of = asked.get(OF)
    if name == DISTINCT and of is None:
        raise InvalidPage(f"{place}.{name}: say whose values: `{OF}` beside it names them.")
    return ListOrder(
        place,
        name,
        asked[name],
        asked.get(WHERE),
        None if of is None else of.name,
        asked.get(ORDER_BY, ()),
    )


def measure_in(entity: Entity, order: ListOrder, within: Within | None = None) -> tuple[Measure, Direction]:
    """The measure that rows are put in order by. `within`: which rows of a group are looked at.

    Raises `InvalidPage` for what no measure has.
    """
    if order.name == KEY:
        raise InvalidPage(f"{order.place}: only groups share something; order by what the rows have.")
    if order.name == COUNT.name:
        return count_of(within), order.value
    if order.of is not None:
        return distinct_measure(entity, order.of, within), order.value
    function = next(function for function in FUNCTIONS if function.name == order.name)
    ((name, direction),) = order.value.items()
    # The input is that of the order of the rows themselves, which has more in it.
    if name not in sorted_by(entity, function) or not isinstance(direction, Direction):
        raise InvalidPage(f"{order.place}.{name}: `{function.name}` has no order over this; name another value.")
    return steady_measure_of(function, entity.attributes[name], within), direction


def measure_sort_fields(entity: Entity, own: Deferred) -> dict[str, InputField]:
    """The fields of an input type that puts something in order by measures. `own`: the order of the rows themselves."""
    fields: dict[str, InputField] = {"count_": (optional(Direction), COUNT.name, "By how many there are.")}
    for function in FUNCTIONS:
        if sorted_by(entity, function):
            fields[f"{function.name}_"] = (optional(own), function.name, function.description)
    if group_fields(entity):
        fields["of_"] = of_field(entity)
        fields["count_distinct_"] = (optional(Direction), DISTINCT, "By how many different values there are.")
    return fields


@cache
def sorted_by(entity: Entity, function: Function) -> tuple[str, ...]:
    """The attributes over which the results of a function have an order, by their names in the schema."""
    applies = applicable(entity, function).items()
    return tuple(name for name, (_, result) in applies if TYPES.known(result).is_ordered)
