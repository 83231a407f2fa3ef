"""Measures: what can be computed over rows, which of it is selected, and the fields that show it.

A measure is an aggregate function over an attribute, with a name; its result is read by that name. Whether it is
computed over all rows or over groups is decided elsewhere.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Float, Numeric, cast, func, type_coerce

from db.statements import Key
from graph.entity.fields import ValueField, object_type
from graph.entity.registry import Attribute, Entity, optional
from graph.entity.scalars import BigInt, LocalDateTime
from graph.loading.loaders import ListQuery, Measure
from graph.prepare.fields import Level, PlannedField, Selection

COMPUTED_DIGITS = 10
"""Behind the point: as far as SQLite's doubles carry a sum of money."""

COUNT = Measure("count", lambda _row: func.count())


class Function(NamedTuple):
    """An aggregate function of SQL."""

    name: str
    description: str
    result: Callable[[Any], Any]
    """From the type of the values to the type of the result; None when the function does not apply."""
    sql: Callable[[ColumnElement[Any], Any], ColumnElement[Any]]


def _extreme(type_: Any) -> Any:
    if type_ in (BigInt, int, float, str, Decimal, datetime, LocalDateTime, date, time):
        return type_
    return type_ if isinstance(type_, type) and issubclass(type_, Enum) else None


def _sum_sql(column: ColumnElement[Any], type_: Any) -> ColumnElement[Any]:
    return type_coerce(func.sum(column), Numeric(asdecimal=True)) if type_ is Decimal else func.sum(column)


def _average_sql(column: ColumnElement[Any], type_: Any) -> ColumnElement[Any]:
    if type_ is Decimal:
        return type_coerce(func.avg(column), Numeric(asdecimal=True))
    return cast(func.avg(column), Float(53))


FUNCTIONS = (
    Function("min", "The smallest values.", _extreme, lambda column, _type: func.min(column, type_=column.type)),
    Function("max", "The largest values.", _extreme, lambda column, _type: func.max(column, type_=column.type)),
    Function("sum", "The sums.", {int: BigInt, BigInt: BigInt, float: float, Decimal: Decimal}.get, _sum_sql),
    Function("avg", "The averages.", {int: float, BigInt: float, float: float, Decimal: Decimal}.get, _average_sql),
)


def applicable(entity: Entity, function: Function) -> dict[str, tuple[Attribute, Any]]:
    """The attributes that a function applies to, by GraphQL name, with the type of the result."""
    return {
        name: (attribute, result)
        for name, attribute in entity.attributes.items()
        if (result := _result(function, attribute.type)) is not None
    }


def _result(function: Function, type_: Any) -> Any:
    try:
        return function.result(type_)
    except TypeError:  # an unhashable annotation is no number
        return None


def measure_of(function: Function, attribute: Attribute) -> Measure:
    """A function over an attribute, with the name that its result is read by."""
    return Measure(
        f"{function.name}.{attribute.graphql_name}",
        lambda row: function.sql(attribute.expression(row), attribute.type),
    )


class Results(NamedTuple):
    """What was computed, by the names of the measures."""

    values: Mapping[str, Any]
    listing: ListQuery | None = None
    """Over which rows: `groupBy` starts from it."""
    key: Key = ()
    shared: Any = None
    """What the rows of a group share, as attributes."""


@cache
def _values_type(entity: Entity, function: Function) -> type[Any] | None:
    fields = [
        ValueField(name, optional(result), attribute.description, _reader(function, attribute))
        for name, (attribute, result) in applicable(entity, function).items()
    ]
    if not fields:
        return None
    title = function.name.capitalize()
    return object_type(f"{entity.name}{title}", f"{function.description[:-1]} of {entity.many}.", *fields)


def _reader(function: Function, attribute: Attribute) -> Callable[[Results], Any]:
    measure = measure_of(function, attribute).name
    computed = function.result is not _extreme or not attribute.is_column
    if attribute.type is Decimal and computed:
        return lambda results: _rounded(results.values.get(measure))
    return lambda results: results.values.get(measure)


def _rounded(value: Decimal | None) -> Decimal | None:
    """A computed decimal without the zeros that one database adds and the noise that the other does."""
    return None if value is None else round(value, COMPUTED_DIGITS).normalize()


def value_fields(entity: Entity) -> list[PlannedField]:
    """The fields that show results: the count, and for each function the attributes that it applies to."""
    fields: list[PlannedField] = [
        ValueField("count", int, "How many rows there are.", lambda results: results.values.get("count", 0))
    ]
    for function in FUNCTIONS:
        values = _values_type(entity, function)
        if values is not None:
            fields.append(ValueField(function.name, values, function.description, lambda results: results))
    return fields


def selected_measures(level: Level, entity: Entity, selection: Selection) -> tuple[Measure, ...]:
    """The measures that are selected, in a fixed order."""
    found = [COUNT] if "count" in selection.by_name else []
    for function in FUNCTIONS:
        applies = applicable(entity, function)
        chosen = {name for field in selection.by_name.get(function.name, ()) for name in level.below(field).by_name}
        found += [measure_of(function, applies[name][0]) for name in sorted(chosen) if name in applies]
    return tuple(found)
