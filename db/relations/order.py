"""The order of rows: terms for ORDER BY, whose values a cursor holds.

What a relationship's `order_by` says enters as expressions, terms leave. Which order is asked for is not known here.
"""

from typing import NamedTuple, Self

from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression

from db.relations.moments import comparable, holds_moments
from db.relations.rows import AnyMapper, Expression, Row, primary_key


class Term(NamedTuple):
    """One term of an order. Rows are ordered by the expression, and a cursor holds its value."""

    expression: Expression
    descending: bool = False
    nullable: bool = False
    nulls_first: bool = False
    is_shared: bool = False
    """Whether it is a number that is dear to compute, and that all rows share which lead to one and the same row."""

    @classmethod
    def of(cls, expression: Expression) -> Self:
        """The term that an expression of `order_by` means, with or without `desc()` and `nulls_first()`."""
        descending = nulls_first = False
        while isinstance(expression, UnaryExpression) and expression.modifier is not None:
            descending = descending or expression.modifier is operators.desc_op
            nulls_first = nulls_first or expression.modifier is operators.nulls_first_op
            expression = expression.element
        return cls(expression, descending, bool(getattr(expression, "nullable", True)), nulls_first)

    def reversed(self) -> Self:
        """The term of the opposite order: a page of the last rows is read from the end."""
        return self._replace(descending=not self.descending, nulls_first=not self.nulls_first)

    @property
    def compared(self) -> Expression:
        """The expression as rows are compared by it."""
        return comparable(self.expression)

    @property
    def holds_moments(self) -> bool:
        """Whether its values may be stored in other forms than rows are ordered by."""
        return holds_moments(self.expression.type)

    def sql(self) -> Expression:
        """The term for ORDER BY; nulls are placed explicitly, because databases disagree about them."""
        return self._placed(self.compared)

    def stored_sql(self) -> Expression:
        """The same by values as they are stored, whatever they mean."""
        return self._placed(self.expression)

    def _placed(self, compared: Expression) -> Expression:
        ordered = compared.desc() if self.descending else compared.asc()
        if not self.nullable:
            return ordered
        return ordered.nulls_first() if self.nulls_first else ordered.nulls_last()


def total_order(mapper: AnyMapper, row: Row, terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms, and the primary key behind them, in the direction of the last term: one index can serve them all.

    Where rows have no key, the terms alone: the order is not total.
    """
    descending = bool(terms) and terms[-1].descending
    return (*terms, *(Term(getattr(row, name), descending) for name in primary_key(mapper)))
