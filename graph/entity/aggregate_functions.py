"""Aggregate functions: for each kind of values, which of those of `graph.entity.measures` there are, and their SQL.

Columns enter, SQL expressions leave, with the type that the result has in the schema. Which kind a type is of:
`graph.entity.types`; which aggregates a client selected: `graph.entity.measures`.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Float, Numeric, case, cast, false, func, true

from db.functions import decimal_of_double
from db.relations import comparable, compared_as, is_single, undecorated
from graph.entity.scalars import BigInt

Expression: TypeAlias = ColumnElement[Any]


class Aggregate(NamedTuple):
    """What an aggregate function does with values of one type."""

    sql: Callable[[Expression], Expression]
    result: object = None
    """The annotation of the result; None: that of the values, for the result is one of them."""
    steady: Callable[[Expression], Expression] | None = None
    """The same with one result in whatever order rows are read, to which `sql` may come near only; None: it has one."""


DOUBLE = Float(53)


def exact(column: Expression) -> Expression:
    """A column of decimals as decimals, where doubles or a type of the database's own stand for them."""
    other = compared_as(column.type)
    if other is not None:
        return cast(column, other)
    return decimal_of_double(column) if isinstance(undecorated(column.type), Float) else column


def _wide(column: Expression) -> Expression:
    """A column of single precision in double precision, which its sum needs."""
    return cast(column, DOUBLE) if is_single(column.type) else column


def _sum(column: Expression) -> Expression:
    """The exact sum. Of whole numbers, too, that is a decimal, for the sum may pass 64 bits."""
    return func.sum(exact(column), type_=Numeric())


def _average(column: Expression) -> Expression:
    """The exact sum by the count, with at least 16 digits that count: docs/decisions/0018-exact-numbers.md."""
    return func.avg(exact(column), type_=Numeric())


def _average_of_doubles(column: Expression) -> Expression:
    """The sum by the count: the average of PostgreSQL adds squares as well, and overflows from 1e154 on."""
    return cast(func.sum(_wide(column), type_=DOUBLE) / func.count(column), DOUBLE)


def _steady(aggregate: Callable[[Expression], Expression]) -> Callable[[Expression], Expression]:
    """Of doubles, by way of their decimals: sums of doubles hang on the order in which they are added."""
    return lambda column: cast(aggregate(decimal_of_double(_wide(column))), DOUBLE)


def _variance(column: Expression) -> Expression:
    """That of a sample, by exact sums: those of doubles would overflow, and lose the digits that small ones have."""
    return func.var_samp(exact(column), type_=Numeric())


def _deviation(column: Expression) -> Expression:
    return func.stddev_samp(exact(column), type_=Numeric())


def _any(column: Expression) -> Expression:
    """The largest of the values, where no database has an order for them."""
    found: Expression = func.max(_as_number(column)) == 1
    return found


def _every(column: Expression) -> Expression:
    found: Expression = func.min(_as_number(column)) == 1
    return found


def _as_number(column: Expression) -> Expression:
    return case((column.is_(true()), 1), (column.is_(false()), 0))


EXTREMES: Mapping[str, Aggregate] = {
    "min": Aggregate(lambda column: func.min(comparable(column), type_=column.type)),
    "max": Aggregate(lambda column: func.max(comparable(column), type_=column.type)),
}
"""Of values that have an order, and whose order both databases can aggregate."""

_DEVIATIONS_AS_DOUBLES: Mapping[str, Aggregate] = {
    "stddev": Aggregate(lambda column: cast(_deviation(column), DOUBLE), float),
    "variance": Aggregate(lambda column: cast(_variance(column), DOUBLE), float),
}

OF_WHOLE_NUMBERS: Mapping[str, Aggregate] = {
    **EXTREMES,
    "sum": Aggregate(_sum, BigInt),
    "avg": Aggregate(lambda column: cast(_average(column), DOUBLE), float),
    **_DEVIATIONS_AS_DOUBLES,
}

OF_DOUBLES: Mapping[str, Aggregate] = {
    **EXTREMES,
    "sum": Aggregate(lambda column: func.sum(_wide(column)), float, _steady(_sum)),
    "avg": Aggregate(_average_of_doubles, float, _steady(_average)),
    **_DEVIATIONS_AS_DOUBLES,
}

OF_DECIMALS: Mapping[str, Aggregate] = {
    **EXTREMES,
    "sum": Aggregate(_sum, Decimal),
    "avg": Aggregate(_average, Decimal),
    "stddev": Aggregate(_deviation, Decimal),
    "variance": Aggregate(_variance, Decimal),
}

OF_BOOLEANS: Mapping[str, Aggregate] = {"any": Aggregate(_any), "every": Aggregate(_every)}
