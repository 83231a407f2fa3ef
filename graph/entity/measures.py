"""Measures: what can be computed over rows, which of it is selected, and the fields that show it.

A measure is an aggregate function over an attribute, with a name; its result is read by that name. Whether it is
computed over all rows or over groups is decided elsewhere.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, case, func

from db.relations import Expression, Row
from db.statements import Key
from graph.entity.fields import ValueField, object_type
from graph.entity.names import called, made_name
from graph.entity.registry import Attribute, Entity, optional
from graph.entity.types import TYPES
from graph.loading.queries import ListQuery, Measure
from graph.prepare.fields import CostRule, FieldPlan, PlannedField, Selection

COUNT = Measure("count", lambda _row: func.count())

Within: TypeAlias = Callable[[Row], ColumnElement[bool]]
"""Which rows of a group are looked at."""
WHERE = "where"
"""What a filter or an order by a list calls the filter that says so."""


class Shape(NamedTuple):
    """The types that show results of some functions: functions that give the same for every type share one."""

    title: str
    """How the types end: `PostExtremes`, `PostHavingSum`."""
    description: str
    is_of_values: bool = False
    """Whether results are of the type of the values: they are asked for, and put in order, as values of a row are."""


class Function(NamedTuple):
    """An aggregate function. What it does with values of a type, the type's entry says."""

    name: str
    description: str
    shape: Shape

    def result(self, type_: object) -> Any:
        """From the type of the values to the type of the result; None when the function does not apply."""
        found = TYPES.of(type_)
        return None if found is None else found.result_of(self.name)

    def sql(self, column: ColumnElement[Any], type_: object) -> ColumnElement[Any]:
        """The function over a column of values of a type, which it applies to."""
        return TYPES.known(type_).aggregates[self.name].sql(column)

    def steady_sql(self, column: ColumnElement[Any], type_: object) -> ColumnElement[Any]:
        """The same, with one result in whatever order rows are read."""
        aggregate = TYPES.known(type_).aggregates[self.name]
        return (aggregate.steady or aggregate.sql)(column)


EXTREMES = Shape("Extremes", "The smallest or the largest values", is_of_values=True)
SUM = Shape("Sum", "The sums")
AVG = Shape("Avg", "The averages or deviations")
TRUTH = Shape("Truth", "The truth of switches", is_of_values=True)

FUNCTIONS = (
    Function("min", "The smallest values.", EXTREMES),
    Function("max", "The largest values.", EXTREMES),
    Function("sum", "The sums.", SUM),
    Function("avg", "The averages.", AVG),
    Function("stddev", "The standard deviations, of a sample.", AVG),
    Function("variance", "The variances, of a sample.", AVG),
    Function("any", "Whether one is true.", TRUTH),
    Function("every", "Whether all are true.", TRUTH),
)


def applicable(entity: Entity, function: Function) -> dict[str, tuple[Attribute, Any]]:
    """The attributes that a function applies to, by GraphQL name, with the type of the result."""
    return {
        name: (attribute, result)
        for name, attribute in entity.attributes.items()
        if (result := function.result(attribute.type)) is not None
    }


def count_of(within: Within | None = None) -> Measure:
    """The number of rows, of those that are looked at."""
    return COUNT if within is None else Measure(COUNT.name, lambda row: func.count(case((within(row), 1))))


def measure_of(function: Function, attribute: Attribute, within: Within | None = None) -> Measure:
    """A function over an attribute, with the name that its result is read by."""
    return Measure(
        f"{function.name}.{attribute.graphql_name}",
        lambda row: function.sql(looked_at(attribute.expression(row), row, within), attribute.type),
    )


def steady_measure_of(function: Function, attribute: Attribute, within: Within | None = None) -> Measure:
    """The same, to put rows in order by: a cursor finds the very value again that was read for the page before."""
    return Measure(
        f"steady {function.name}.{attribute.graphql_name}",
        lambda row: function.steady_sql(looked_at(attribute.expression(row), row, within), attribute.type),
    )


def looked_at(value: Expression, row: Row, within: Within | None) -> Expression:
    """A value of a row in a group: null where the row is not looked at, as nulls count for no function."""
    return value if within is None else case((within(row), value))


class Results(NamedTuple):
    """What was computed, by the names of the measures."""

    values: Mapping[str, Any]
    listing: ListQuery | None = None
    """Over which rows: `groupBy` starts from it."""
    key: Key = ()
    shared: Any = None
    """What the rows of a group share, as attributes."""


class _MeasureField(ValueField):
    """The result of a measure."""

    cost = CostRule.MEASURE


class _Computed(NamedTuple):
    """What one function computed."""

    function: str
    values: Mapping[str, Any]
    """By the names of the measures."""


@cache
def _values_type(entity: Entity, shape: Shape) -> type[Any] | None:
    functions = [function for function in FUNCTIONS if function.shape is shape]
    fields = [
        called(_measure_field(functions, attribute, result), name)
        for name, (attribute, result) in applicable(entity, functions[0]).items()
    ]
    return (
        object_type(made_name(entity, shape.title), f"{shape.description} of {entity.many}.", *fields)
        if fields
        else None
    )


def _measure_field(functions: Sequence[Function], attribute: Attribute, result: object) -> _MeasureField:
    shown = optional(TYPES.known(result).shown)
    return _MeasureField(attribute.name, shown, attribute.description, _reader(functions, attribute))


def _reader(functions: Sequence[Function], attribute: Attribute) -> Callable[[_Computed], Any]:
    measures = {function.name: measure_of(function, attribute).name for function in functions}
    function = functions[0]  # those of one shape have results of one type
    tidy = None if _is_stored(function, attribute) else TYPES.known(function.result(attribute.type)).tidy
    if tidy is None:
        return lambda computed: computed.values.get(measures[computed.function])
    return lambda computed: None if (value := computed.values.get(measures[computed.function])) is None else tidy(value)


@cache
def _computed_by(function: Function) -> Callable[[Results], _Computed]:
    return lambda results: _Computed(function.name, results.values)


def _is_stored(function: Function, attribute: Attribute) -> bool:
    """Whether a result is one of the values of a column."""
    return attribute.is_column and TYPES.known(attribute.type).aggregates[function.name].result is None


def value_fields(entity: Entity) -> list[PlannedField]:
    """The fields that show results: the count, and for each function the attributes that it applies to."""
    fields: list[PlannedField] = [
        _MeasureField("count", int, "How many rows there are.", lambda results: results.values.get("count", 0))
    ]
    for function in FUNCTIONS:
        values = _values_type(entity, function.shape)
        if values is not None:
            fields.append(ValueField(function.name, values, function.description, _computed_by(function)))
    return fields


def selected_measures(
    entity: Entity, selections: Sequence[Selection], below: Callable[[FieldPlan], Selection]
) -> tuple[Measure, ...]:
    """The measures that are selected anywhere in these selections, in a fixed order."""
    found = [COUNT] if any("count" in selection.by_name for selection in selections) else []
    for function in FUNCTIONS:
        applies = applicable(entity, function)
        fields = [field for selection in selections for field in selection.by_name.get(function.name, ())]
        chosen = {name for field in fields for name in below(field).by_name}
        found += [measure_of(function, applies[name][0]) for name in sorted(chosen) if name in applies]
    return tuple(found)
