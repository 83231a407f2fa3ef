"""Moments as they are compared: columns of moments, days and times of day, whatever form their values are stored in.

Expressions enter; expressions by which rows are compared, ordered and grouped leave. Where a database has types for
moments, both are the same SQL; where moments are texts, the dialect brings the texts into one form. No database is
known here. Why: docs/decisions/0017-one-form-for-moments.md.
"""

from typing import Any, TypeVar

from sqlalchemy import (
    BinaryExpression,
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Grouping,
    SQLColumnExpression,
    Time,
)
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import TypeCoerce
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType

from db.relations.arrays import comparable_array, is_array
from db.relations.rows import Expression
from db.relations.types import ColumnType, undecorated

T = TypeVar("T")

MADE_OF_MOMENTS = (DateTime, Date, Time)

UPWARD = frozenset((operators.gt, operators.ge))
DOWNWARD = frozenset((operators.lt, operators.le))
BOTH_WAYS = frozenset((operators.eq, operators.in_op))
"""Comparisons that an index serves, by the side from which they bound the column."""


class moment(FunctionElement[T]):  # noqa: N801 - a function in SQL
    """`(value)`: what a value is compared by; as SQL of its own only where moments are texts."""

    name = "trellis_moment"
    inherit_cache = True

    def __init__(self, value: ColumnElement[T]) -> None:
        super().__init__(value)
        self.type = value.type

    @property
    def value(self) -> Expression:
        """What is compared, as it is stored."""
        (found,) = self.clauses
        return found

    def operate(self, op: OperatorType, *other: Any, **kwargs: Any) -> ColumnElement[Any]:
        """As any expression; a comparison that an index may serve is left to the dialect."""
        found = super().operate(op, *other, **kwargs)
        return moments_compared(found) if _may_be_served(found) else found


class moments_compared(FunctionElement[bool]):  # noqa: N801 - a function in SQL
    """`(comparison)`: a comparison whose left side is a `moment`, in the form that an index on the column serves."""

    name = "trellis_moments_compared"
    type = Boolean()
    inherit_cache = True

    @property
    def comparison(self) -> BinaryExpression[bool]:
        """The comparison without regard to indexes."""
        (found,) = self.clauses
        assert isinstance(found, BinaryExpression)
        return found

    def self_group(self, against: OperatorType | None = None) -> Any:
        """In parentheses wherever the comparison would be."""
        grouped = self.comparison.self_group(against) is not self.comparison
        return Grouping(self) if grouped else self


def comparable(expression: SQLColumnExpression[Any]) -> Expression:
    """The expression by which rows are compared, ordered and grouped."""
    found: Expression = expression  # type: ignore[assignment]  # an attribute of a model reads as the expression
    if is_array(found.type):
        return comparable_array(found)
    return moment(found) if holds_moments(found.type) and not isinstance(found, moment) else found


def holds_moments(type_: ColumnType) -> bool:
    """Whether values are moments, days or times of day to the database, however a type decorates them."""
    return isinstance(undecorated(type_), MADE_OF_MOMENTS)


def stored_column(expression: Expression) -> Column[Any] | None:
    """The column that an expression stands for; None for an expression that is computed."""
    if isinstance(expression, moment):
        return stored_column(expression.value)
    if isinstance(expression, TypeCoerce):
        return stored_column(expression.clause)
    return expression if isinstance(expression, Column) else None


def _may_be_served(found: Expression) -> bool:
    if not isinstance(found, BinaryExpression) or found.operator not in UPWARD | DOWNWARD | BOTH_WAYS:
        return False
    if found.operator is operators.in_op:
        return isinstance(found.right, BindParameter) and found.right.value != []
    return True
