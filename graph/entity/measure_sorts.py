"""Orders by measures: the input types, shared by all that is put in order by results of aggregate functions.

An entity enters, fields of input types leave. Over which rows the function is computed, and what is
put in order, is decided elsewhere.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from graph.entity.comparisons import InputField, input_type
from graph.entity.directions import Direction
from graph.entity.distinct_counts import NAME as DISTINCT
from graph.entity.distinct_counts import distinct_sort_type
from graph.entity.group_values import group_fields
from graph.entity.measures import AVG, EXTREMES, FUNCTIONS, SUM, TRUTH, Function, applicable
from graph.entity.names import made_name
from graph.entity.registry import Attribute, Entity, optional
from graph.entity.types import TYPES

TITLES = {EXTREMES: "ValueSort", SUM: "NumberSort"}
"""How the types end: `PostValueSort`, `PostNumberSort`."""
WORDS = {EXTREMES: "value", SUM: "number", AVG: "average", TRUTH: "switch"}
"""What the types describe."""


def measure_sort_fields(entity: Entity) -> dict[str, InputField]:
    """The fields of an input type that puts something in order by measures: one for each function."""
    fields: dict[str, InputField] = {}
    for function in FUNCTIONS:
        type_ = measure_sort_type(entity, function)
        if type_ is not None:
            fields[f"{function.name}_"] = (optional(type_), function.name, function.description)
    if group_fields(entity):
        by_distinct = optional(distinct_sort_type(entity))
        fields["count_distinct_"] = (by_distinct, DISTINCT, "By how many different values there are.")
    return fields


def measure_sort_type(entity: Entity, function: Function) -> type[Any] | None:
    """`{sum: {totalPrice: DESC}}`: the type of what stands behind `sum`; None where nothing can."""
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
    shape = function.shape
    return input_type(
        made_name(entity, TITLES.get(shape, f"{shape.title}Sort")),
        f"By which {WORDS[shape]} of {entity.many}: one field for each term.",
        {
            f"{name}_": (optional(Direction), name, attribute.description)
            for name, attribute in _sorted_by(entity, function).items()
        },
        one_of=True,
    )
