"""What is asked of groups: comparisons of their sizes and of measures over their rows.

A `having` enters as graphql-core coerced it; a condition on a row's aggregates leaves, and the input types that offer
it. Nothing is executed here. Source of the semantics: docs/decisions/0006-filters.md.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, func, true

from db.relations import Row
from graph.entity.comparisons import check_size, input_type
from graph.entity.distinct_counts import IS, NAME, OF, distinct_count, having_distinct_type
from graph.entity.group_parts import group_fields
from graph.entity.measures import FUNCTIONS, Shape, applicable
from graph.entity.names import made_name
from graph.entity.registry import Entity, list_of, optional
from graph.entity.types import value_filter
from graph.errors import InvalidFilter


@cache
def having_type(entity: Entity) -> type[Any]:
    """The input type of what is asked of an entity's groups."""
    count = value_filter(int)
    assert count is not None
    fields: dict[str, tuple[Any, str, str]] = {"count_": (optional(count.input_type), "count", "How many rows it has.")}
    for function in FUNCTIONS:
        nested = _having_values_type(entity, function.shape)
        if nested is not None:
            fields[f"{function.name}_"] = (optional(nested), function.name, function.description)
    if group_fields(entity):
        text = "How many different values there are: one entry for each number."
        fields["countDistinct_"] = (optional(list_of(having_distinct_type(entity))), NAME, text)
    described = f"What is asked of a group of {entity.many}; every condition given must hold."
    return input_type(made_name(entity, "Having"), described, fields)


@cache
def _having_values_type(entity: Entity, shape: Shape) -> type[Any] | None:
    function = next(function for function in FUNCTIONS if function.shape is shape)
    fields: dict[str, tuple[Any, str, str]] = {}
    for name, (attribute, result) in applicable(entity, function).items():
        comparisons = value_filter(result)
        if comparisons is not None:
            fields[f"{name}_"] = (optional(comparisons.input_type), name, attribute.description)
    described = f"What is asked of {shape.description[0].lower()}{shape.description[1:]} of {entity.many}."
    return input_type(made_name(entity, f"Having{shape.title}"), described, fields) if fields else None


def having(entity: Entity, asked: Mapping[str, Any] | None) -> Callable[[Row], ColumnElement[bool]] | None:
    """The condition that groups must fulfil; None for no condition. Raises `InvalidFilter`."""
    if not asked:
        return None
    check_size("having", asked)
    functions = {function.name: function for function in FUNCTIONS}

    def condition(row: Row) -> ColumnElement[bool]:
        found: list[ColumnElement[bool]] = []
        for name, value in asked.items():
            if value is None:
                raise InvalidFilter(f"having.{name}", "null asks nothing; leave it out.")
            if name == "count":
                found += _compare(int, "having.count", func.count(), value)
                continue
            if name == NAME:
                for number, one in enumerate(value):
                    place = f"having.{NAME}[{number}]"
                    found += _compare(int, f"{place}.{IS}", distinct_count(entity, one[OF].name, row), one[IS])
                continue
            for graphql_name, comparisons in value.items():
                place = f"having.{name}.{graphql_name}"
                if comparisons is None:
                    raise InvalidFilter(place, "null asks nothing; leave it out.")
                attribute, result = applicable(entity, functions[name])[graphql_name]
                expression = functions[name].sql(attribute.expression(row), attribute.type)
                found += _compare(result, place, expression, comparisons)
        return and_(true(), *found)

    return condition


def _compare(
    type_: Any, where: str, expression: ColumnElement[Any], asked: Mapping[str, Any]
) -> list[ColumnElement[bool]]:
    comparisons = value_filter(type_)
    assert comparisons is not None
    return comparisons.condition(where, expression, asked)
