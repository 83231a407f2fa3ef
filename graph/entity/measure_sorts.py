"""Orders by measures: the input types, shared by all that is put in order by results of aggregate functions.

An entity and an aggregate function enter, an input type leaves. Over which rows the function is computed, and what is
put in order, is decided elsewhere.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from graph.entity.comparisons import input_type
from graph.entity.directions import Direction
from graph.entity.measures import EXTREMES, FUNCTIONS, SUM, Function, applicable
from graph.entity.names import made_name
from graph.entity.registry import Attribute, Entity, optional
from graph.entity.types import TYPES

KINDS = {EXTREMES: "Value", SUM: "Number"}
"""What is put in order, by which the types are called: `PostValueSort`, `PostNumberSort`; else as the shape is."""


def measure_sort_type(entity: Entity, function: Function) -> type[Any] | None:
    """By which attribute something is put in order, of those that a function applies to; None where there are none.

    `{sum: {totalPrice: DESC}}`: the type of what stands behind `sum`.
    """
    names = tuple(_sorted_by(entity, function))
    return _sort_type(entity, names) if names else None


def _sorted_by(entity: Entity, function: Function) -> Mapping[str, Attribute]:
    """The attributes over which the results of a function have an order, by their names in the schema."""
    return {
        name: attribute
        for name, (attribute, result) in applicable(entity, function).items()
        if TYPES.known(result).is_ordered
    }


@cache
def _sort_type(entity: Entity, names: tuple[str, ...]) -> type[Any]:
    """One type for all functions that apply to the same attributes, called after the first of them."""
    function = next(function for function in FUNCTIONS if tuple(_sorted_by(entity, function)) == names)
    kind = KINDS.get(function.shape, function.shape.title)
    return input_type(
        made_name(entity, f"{kind}Sort"),
        f"By which {kind.lower()} of {entity.many}: one field for each term.",
        {
            f"{name}_": (optional(Direction), name, attribute.description)
            for name, attribute in _sorted_by(entity, function).items()
        },
        one_of=True,
    )
