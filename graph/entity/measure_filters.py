"""Filters by measures: what is asked of numbers of rows, sums and the like, of groups and of related rows alike.

An entity and what is asked enter; fields of input types, conditions over the rows and their form leave. Over which rows
a measure is computed is decided elsewhere. Source of the semantics: docs/decisions/0006-filters.md.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement

from db.relations import Row
from graph.entity.comparisons import NO_NAMES, InputField, ValueFilter, input_type
from graph.entity.distinct_counts import NAME as DISTINCT
from graph.entity.distinct_counts import OF, distinct_measure, of_field
from graph.entity.group_values import group_fields
from graph.entity.measures import (
    COUNT,
    FUNCTIONS,
    TRUTH,
    WHERE,
    Function,
    Shape,
    Within,
    applicable,
    count_of,
    measure_of,
)
from graph.entity.names import made_name
from graph.entity.registry import Deferred, Entity, optional
from graph.entity.types import TYPES, value_filter
from graph.errors import InvalidFilter
from graph.loading.queries import Measure

Asked = Mapping[str, Any]

COMPARED = tuple(function for function in FUNCTIONS if function.shape is not TRUTH)
"""The functions whose results are asked for: whether one of the rows or all of them are so, `some` and `every` ask."""


class AskedMeasure(NamedTuple):
    """What is asked of one measure."""

    place: str
    """Where the comparisons stand in the input, for errors and for names of values."""
    measure: Measure
    compared: ValueFilter
    """What can be asked of its result."""
    comparisons: Any
    """What a client has sent; null where it has sent that."""


def measure_filter_fields(entity: Entity, own: Deferred) -> dict[str, InputField]:
    """The fields of an input type that asks something of measures. `own`: the filter of the rows themselves."""
    fields: dict[str, InputField] = {
        "count_": (optional(TYPES.known(int).filter.input_type), COUNT.name, "How many there are.")
    }
    for function in COMPARED:
        if compared(entity, function):
            type_ = own if function.shape.is_of_values else _values_type(entity, function.shape)
            fields[f"{function.name}_"] = (optional(type_), function.name, function.description)
    if group_fields(entity):
        numbers = optional(TYPES.known(int).filter.input_type)
        fields["of_"] = of_field(entity)
        fields["count_distinct_"] = (numbers, DISTINCT, "How many different values there are.")
    return fields


@cache
def compared(entity: Entity, function: Function) -> Mapping[str, ValueFilter]:
    """What can be asked of the results of a function, by the names of the attributes in the schema."""
    found = {name: value_filter(result) for name, (_, result) in applicable(entity, function).items()}
    return {name: each for name, each in found.items() if each is not None}


@cache
def _values_type(entity: Entity, shape: Shape) -> type[Any]:
    function = next(function for function in FUNCTIONS if function.shape is shape)
    described = f"What is asked of {shape.description[0].lower()}{shape.description[1:]} of {entity.many}."
    return input_type(
        made_name(entity, f"Having{shape.title}"),
        described,
        {
            f"{name}_": (optional(comparisons.input_type), name, entity.attributes[name].description)
            for name, comparisons in compared(entity, function).items()
        },
    )


def asked_measures(entity: Entity, asked: Asked, where: str, within: Within | None = None) -> Iterator[AskedMeasure]:
    """What is asked, one measure after the other; what is null is asked of a function as a whole.

    `within`: which rows of a group are looked at. Raises `InvalidFilter` for what no measure has.
    """
    for name, value in asked.items():
        place = f"{where}.{name}"
        if name == COUNT.name:
            yield AskedMeasure(place, count_of(within), TYPES.known(int).filter, value)
        elif name == DISTINCT:
            measure = distinct_measure(entity, _told_apart(asked, place), within)
            yield AskedMeasure(place, measure, TYPES.known(int).filter, value)
        elif name != OF:
            function = next(function for function in COMPARED if function.name == name)
            yield from _asked_of(entity, function, value or {}, place, within)
    if OF in asked and DISTINCT not in asked:
        raise InvalidFilter(f"{where}.{OF}", f"nothing is asked of these values; say `{DISTINCT}` beside it.")


def _told_apart(asked: Asked, where: str) -> str:
    of = asked.get(OF)
    if of is None:
        raise InvalidFilter(where, f"say whose values: `{OF}` beside it names them.")
    return str(of.name)


def _asked_of(
    entity: Entity, function: Function, asked: Asked, where: str, within: Within | None
) -> Iterator[AskedMeasure]:
    applies = compared(entity, function)
    for name, comparisons in asked.items():
        if name not in applies:  # functions whose results are values take the filter of the rows
            raise InvalidFilter(f"{where}.{name}", f"`{function.name}` is asked of values of the rows; this is none.")
        measure = measure_of(function, entity.attributes[name], within)
        yield AskedMeasure(f"{where}.{name}", measure, applies[name], comparisons)


def measure_conditions(
    entity: Entity,
    row: Row,
    asked: Asked,
    where: str,
    names: Mapping[str, str] = NO_NAMES,
    within: Within | None = None,
) -> list[ColumnElement[bool]]:
    """The conditions on measures over the rows of an alias: aggregates, for HAVING or in place of the rows.

    Where a place has a name, its value is bound by that name. Raises `InvalidFilter`.
    """
    for name, value in asked.items():
        check_asked(value, f"{where}.{name}")
    found: list[ColumnElement[bool]] = []
    for one in asked_measures(entity, asked, where, within):
        check_asked(one.comparisons, one.place)
        found += one.compared.condition(one.place, one.measure.expression(row), one.comparisons, names)
    return found


def check_not_alone(asked: Asked, where: str) -> None:
    """Raise `InvalidFilter` for a `where` of a list or of a group beside which nothing is asked."""
    if asked.keys() == {WHERE}:
        raise InvalidFilter(f"{where}.{WHERE}", "nothing is asked of these rows; say `some` or `count` beside it.")


def check_asked(value: object, where: str) -> None:
    """Raise `InvalidFilter` for null in the place of a filter."""
    if value is None:
        raise InvalidFilter(where, "null asks nothing; leave it out.")
