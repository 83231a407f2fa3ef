"""Orders by measures: one input type for each entity and shape of results, shared by all that is put in order by them.

An entity and an aggregate function enter, an input type leaves. Over which rows the function is computed, and what is
put in order, is decided elsewhere.
"""

from functools import cache
from typing import Any

from graph.entity.comparisons import InputField, input_type
from graph.entity.directions import Direction
from graph.entity.measures import FUNCTIONS, Function, Shape, applicable
from graph.entity.names import made_name
from graph.entity.registry import Entity, optional
from graph.entity.types import TYPES


def measure_sort_type(entity: Entity, function: Function) -> type[Any] | None:
    """What is put in order by a function: one of the attributes that it applies to; None where there are none.

    `{sum: {totalPrice: DESC}}`: the type of what stands behind `sum`.
    """
    return _sort_type(entity, function.shape)


@cache
def _sort_type(entity: Entity, shape: Shape) -> type[Any] | None:
    function = next(function for function in FUNCTIONS if function.shape is shape)
    fields: dict[str, InputField] = {
        f"{name}_": (optional(Direction), name, attribute.description)
        for name, (attribute, result) in applicable(entity, function).items()
        if TYPES.known(result).is_ordered
    }
    described = f"By which of {shape.description[0].lower()}{shape.description[1:]} of {entity.many}."
    return input_type(made_name(entity, f"{shape.title}Sort"), described, fields, one_of=True) if fields else None
