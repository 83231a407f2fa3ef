"""Aggregate functions: for each kind of values, which of min, max, sum and avg there are, and their SQL.

Columns enter, SQL expressions leave, with the type that the result has in the schema. Which kind a type is of:
`graph.entity.types`; which aggregates a client selected: `graph.entity.measures`.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Float, Numeric, cast, func, type_coerce

from db.relations import comparable
from graph.entity.scalars import BigInt

COMPUTED_DIGITS = 10
"""Behind the point: as far as SQLite's doubles carry a sum of money."""

Expression: TypeAlias = ColumnElement[Any]


class Aggregate(NamedTuple):
    """What an aggregate function does with values of one type."""

    sql: Callable[[Expression], Expression]
    result: object = None
    """The annotation of the result; None: that of the values, for the result is one of them."""

    @property
    def is_computed(self) -> bool:
        """Whether the result need not be one of the values."""
        return self.result is not None


def without_noise(value: Decimal) -> Decimal:
    """A computed decimal without the zeros that one database adds and the noise that the other does."""
    return round(value, COMPUTED_DIGITS).normalize() if value.is_finite() else value


def _average(column: Expression) -> Expression:
    # PostgreSQL averages whole numbers as numeric, SQLite as doubles; the schema says Float.
    return cast(func.avg(column), Float(53))


def _exact(column: Expression) -> Expression:
    """Money is given by SQLite as a double; the type makes a decimal of it in Python, and no cast rounds it in SQL."""
    return type_coerce(column, Numeric(asdecimal=True))


EXTREMES: Mapping[str, Aggregate] = {
    "min": Aggregate(lambda column: func.min(comparable(column), type_=column.type)),
    "max": Aggregate(lambda column: func.max(comparable(column), type_=column.type)),
}
"""Of values that have an order, and whose order both databases can aggregate."""

OF_WHOLE_NUMBERS: Mapping[str, Aggregate] = {
    **EXTREMES,
    "sum": Aggregate(func.sum, BigInt),
    "avg": Aggregate(_average, float),
}

OF_DOUBLES: Mapping[str, Aggregate] = {
    **EXTREMES,
    "sum": Aggregate(func.sum, float),
    "avg": Aggregate(_average, float),
}

OF_DECIMALS: Mapping[str, Aggregate] = {
    **EXTREMES,
    "sum": Aggregate(lambda column: _exact(func.sum(column)), Decimal),
    "avg": Aggregate(lambda column: _exact(func.avg(column)), Decimal),
}
