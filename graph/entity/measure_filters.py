"""Filters by measures: what is asked of numbers of rows, sums and the like, of groups and of related rows alike.

An entity and what is asked enter; input types, conditions over the rows and their form leave. Over which rows a measure
is computed is decided elsewhere. Source of the semantics: docs/decisions/0006-filters.md.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, true

from db.relations import Row
from graph.entity.comparisons import NO_NAMES, InputField, ValueFilter, check_size, input_type
from graph.entity.distinct_counts import IS, OF, distinct_measure, having_distinct_type
from graph.entity.distinct_counts import NAME as DISTINCT
from graph.entity.group_values import group_fields
from graph.entity.measures import COUNT, FUNCTIONS, Shape, applicable, measure_of
from graph.entity.names import made_name
from graph.entity.registry import Entity, list_of, optional
from graph.entity.types import TYPES, value_filter
from graph.errors import InvalidFilter
from graph.loading.queries import Measure

Asked = Mapping[str, Any]


class AskedMeasure(NamedTuple):
    """What is asked of one measure."""

    path: tuple[str, ...]
    """The names that lead to the comparisons: `count`, or a function and an attribute."""
    measure: Measure
    compared: ValueFilter
    """What can be asked of its result."""
    comparisons: Any
    """What a client has sent; null where it has sent that."""

    def place(self, where: str) -> str:
        """Where the comparisons stand in the input, for errors and for names of values."""
        return ".".join((where, *self.path))


def measure_filter_fields(entity: Entity, count: str) -> dict[str, InputField]:
    """The fields of an input type that asks something of measures. `count` describes the number of rows."""
    fields: dict[str, InputField] = {"count_": (optional(TYPES.known(int).filter.input_type), COUNT.name, count)}
    for function in FUNCTIONS:
        type_ = _values_type(entity, function.shape)
        if type_ is not None:
            fields[f"{function.name}_"] = (optional(type_), function.name, function.description)
    if group_fields(entity):
        text = "How many different values there are: one entry for each number."
        fields["count_distinct_"] = (optional(list_of(having_distinct_type(entity))), DISTINCT, text)
    return fields


@cache
def having_type(entity: Entity) -> type[Any]:
    """The input type of what is asked of an entity's groups."""
    described = f"What is asked of a group of {entity.many}; every condition given must hold."
    return input_type(made_name(entity, "Having"), described, measure_filter_fields(entity, "How many rows it has."))


def having(entity: Entity, asked: Asked | None) -> Callable[[Row], ColumnElement[bool]] | None:
    """The condition that groups must fulfil; None for no condition. Raises `InvalidFilter`."""
    if not asked:
        return None
    check_size("having", asked)
    return lambda row: and_(true(), *measure_conditions(entity, row, asked, "having"))


@cache
def _values_type(entity: Entity, shape: Shape) -> type[Any] | None:
    function = next(function for function in FUNCTIONS if function.shape is shape)
    fields: dict[str, InputField] = {}
    for name, (attribute, result) in applicable(entity, function).items():
        comparisons = value_filter(result)
        if comparisons is not None:
            fields[f"{name}_"] = (optional(comparisons.input_type), name, attribute.description)
    described = f"What is asked of {shape.description[0].lower()}{shape.description[1:]} of {entity.many}."
    return input_type(made_name(entity, f"Having{shape.title}"), described, fields) if fields else None


def asked_measures(entity: Entity, asked: Asked) -> Iterator[AskedMeasure]:
    """What is asked, one measure after the other; what is null is asked of a function as a whole."""
    for name, value in asked.items():
        if name == COUNT.name:
            yield AskedMeasure((name,), COUNT, TYPES.known(int).filter, value)
            continue
        if name == DISTINCT:
            for number, one in enumerate(value or ()):
                measure, place = distinct_measure(entity, one[OF].name), (f"{name}[{number}]", IS)
                yield AskedMeasure(place, measure, TYPES.known(int).filter, one[IS])
            continue
        function = next(function for function in FUNCTIONS if function.name == name)
        applies = applicable(entity, function)
        for attribute_name, comparisons in (value or {}).items():
            attribute, result = applies[attribute_name]
            compared = value_filter(result)
            assert compared is not None  # no others are in the input type
            yield AskedMeasure((name, attribute_name), measure_of(function, attribute), compared, comparisons)


def measure_conditions(
    entity: Entity, row: Row, asked: Asked, where: str, names: Mapping[str, str] = NO_NAMES
) -> list[ColumnElement[bool]]:
    """The conditions on measures over the rows of an alias: aggregates, for HAVING or in place of the rows.

    Where a place has a name, its value is bound by that name. Raises `InvalidFilter`.
    """
    for name, value in asked.items():
        check_asked(value, f"{where}.{name}")
    found: list[ColumnElement[bool]] = []
    for one in asked_measures(entity, asked):
        place = one.place(where)
        check_asked(one.comparisons, place)
        found += one.compared.condition(place, one.measure.expression(row), one.comparisons, names)
    return found


def check_asked(value: object, where: str) -> None:
    """Raise `InvalidFilter` for null in the place of a filter."""
    if value is None:
        raise InvalidFilter(where, "null asks nothing; leave it out.")
