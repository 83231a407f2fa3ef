"""Statements in the words of MariaDB and MySQL, where SQLAlchemy leaves the standard's that they do not have.

Expressions enter, SQL leaves: the place of nulls in an order, aggregates of some rows, casts.
Sources: https://mariadb.com/kb/en/order-by/, https://mariadb.com/kb/en/cast/,
https://dev.mysql.com/doc/refman/8.4/en/working-with-null.html
"""

from copy import copy
from typing import Any

from sqlalchemy import JSON, Boolean, DateTime, Float, FunctionFilter, Numeric, String, Time, Uuid, case, distinct
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import ClauseList, Grouping, TypeClause, UnaryExpression
from sqlalchemy.types import TypeDecorator

from db.dialects.mariadb_expressions import MariaDBExpressions
from db.dialects.mariadb_types import MICROSECONDS, PRECISION, SCALE, SINGLE_PRECISION_BITS
from db.dialects.mariadb_writes import returned_mark
from db.relations import Expression

PLACED = (operators.nulls_first_op, operators.nulls_last_op)


class MariaDBCompiler(MariaDBExpressions):
    """Statements."""

    def visit_unary(self, unary: Any, *given: Any, **kw: Any) -> str:
        """The place of nulls as a term of its own, where it is not the one that they have: below all values."""
        if unary.modifier not in PLACED:
            visit: Any = super().visit_unary
            return str(visit(unary, *given, **kw))
        inner: Any = unary.element
        descending = isinstance(inner, UnaryExpression) and inner.modifier is operators.desc_op
        first = unary.modifier is operators.nulls_first_op
        ordered = self.process(inner, **kw)
        if first is not descending:
            return ordered
        value = inner.element if isinstance(inner, UnaryExpression) and inner.modifier in _DIRECTIONS else inner
        is_null = f"{self.process(value, **kw)} IS {'NOT ' if first else ''}NULL"
        return f"{is_null}, {ordered}"

    def returning_clause(self, stmt: Any, returning_cols: Any, *, populate_result_map: bool, **kw: Any) -> str:
        """With the mark of an upsert, which is no part of its result."""
        compile_: Any = super().returning_clause
        said = compile_(stmt, returning_cols, populate_result_map=populate_result_map, **kw)
        return f"{said}{returned_mark(stmt.get_execution_options())}"

    def visit_funcfilter(self, funcfilter: FunctionFilter[Any], **kw: Any) -> str:
        """An aggregate of the values of some rows, for which the others have none."""
        return self.process(_of_some(funcfilter.func, funcfilter.criterion), **kw)

    def visit_typeclause(self, typeclause: TypeClause, type_: Any = None, **kw: Any) -> str | None:
        """A type to cast to; texts keep their length, and numbers their digits."""
        found = typeclause.type.dialect_impl(self.dialect) if type_ is None else type_
        if isinstance(found, TypeDecorator):
            return self.visit_typeclause(typeclause, found.impl_instance, **kw)
        if isinstance(found, Boolean):
            return "SIGNED"
        if isinstance(found, Float):
            return "FLOAT" if found.precision is not None and found.precision <= SINGLE_PRECISION_BITS else "DOUBLE"
        if isinstance(found, Numeric):
            precision = (PRECISION, SCALE) if found.precision is None else (found.precision, found.scale or 0)
            return "DECIMAL({}, {})".format(*precision)
        if isinstance(found, String | Uuid) or (isinstance(found, JSON) and self.dialect.is_mariadb):
            return "CHAR"
        if isinstance(found, DateTime):
            return f"DATETIME({MICROSECONDS})"
        if isinstance(found, Time):
            return f"TIME({MICROSECONDS})"
        return super().visit_typeclause(typeclause, found, **kw)


_DIRECTIONS = (operators.desc_op, operators.asc_op)


def _of_some(function: Any, criterion: Any) -> Any:
    """A function over values that are null where a criterion does not hold; without an argument, it counts rows."""
    first, *others = [*function.clauses] or [None]
    kept = [_where(criterion, first), *others]
    filtered = copy(function)
    filtered.clause_expr = Grouping(ClauseList(*kept))
    return filtered


def _where(criterion: Any, value: Expression | None) -> Expression:
    if value is None or str(value) == "*":
        return case((criterion, 1))
    if isinstance(value, UnaryExpression) and value.operator is operators.distinct_op:
        return distinct(case((criterion, value.element)))
    return case((criterion, value))
