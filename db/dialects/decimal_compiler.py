"""Decimals in the SQL of a database that computes with doubles: its types of SQLAlchemy, and its compiler.

Expressions enter as SQLAlchemy has them, for every database alike; SQL leaves that calls the functions of
`db.dialects.exact_numbers` wherever decimals are computed, or compared with what was computed. A stored column is
compared as it is, so that its index serves. What is computed is a text of digits under the collation of decimals:
equal, sorted, grouped and told apart as numbers are. No statement is executed here.
Why: docs/decisions/0018-exact-numbers.md. Source of the pattern: https://docs.sqlalchemy.org/en/21/core/compiler.html
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partialmethod
from typing import Any, TypeAlias

from sqlalchemy import (
    BindParameter,
    Case,
    Cast,
    Column,
    ColumnClause,
    ColumnElement,
    Dialect,
    Float,
    Function,
    FunctionFilter,
    Integer,
    Label,
    Numeric,
    Over,
    ScalarSelect,
    Table,
    TypeCoerce,
    UnaryExpression,
)
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.sql.elements import BinaryExpression, Grouping

from db.dialects import exact_numbers as numbers
from db.dialects.errors import UnstorableValue
from db.relations import AnyDecimal, ColumnType, scale_of, undecorated

Element: TypeAlias = ColumnElement[Any]

Convert: TypeAlias = Callable[[Any], Any]

AS_IT_IS = None
"""A bound decimal, handed to no function: as a column is compared for equality."""

MIRRORED = {AS_IT_IS: AS_IT_IS, numbers.LOWEST: numbers.HIGHEST, numbers.HIGHEST: numbers.LOWEST}
"""From the number for `column < value` to the one for `value < column`, and back."""

BOUND_AS = "trellis_bound_as"
"""An argument of the compiler's methods: the function that a bound decimal is handed to."""
BARE = "trellis_bare"
"""The same: the function behind which FILTER or OVER follows, which no collation may separate."""
BOUND = "trellis_bound"
"""The function that stands for any of those until it is known what the value is compared with."""

SORTED_FUNCTIONS = {"sum", "avg", "abs", "round", "var_samp", "stddev_samp"}
"""Functions of decimals that give digits; others may give a number as it is stored."""


class _Decimal(Numeric[Any]):
    """A decimal as SQLite has it: a number that was stored, or digits that were computed."""

    def bind_expression(self, bindvalue: BindParameter[Any]) -> Element:
        """Let the compiler say what the value becomes in SQL."""
        return Function(BOUND, bindvalue, type_=self)

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:
        """The decimal that is meant; of a stored number, with the zeros that the scale asks for."""
        scale = scale_of(self)
        if not self.asdecimal:
            return lambda value: None if value is None else float(numbers.meant(value))

        def process(value: float | str | None) -> Decimal | None:
            if isinstance(value, float | int):
                return numbers.padded(numbers.meant(value), scale)
            return None if value is None else numbers.meant(value)

        return process


class StoredDecimal(_Decimal):
    """A value for a column: the number that stands for the decimal, rounded to the column's scale as in the standard.

    Raises `UnstorableValue` for one that would lose digits.
    """

    def bind_processor(self, dialect: Dialect) -> Convert:
        """To a number."""
        scale = scale_of(self)

        def process(value: Decimal | float | str | None) -> int | float | None:
            if value is None:
                return None
            given = value if isinstance(value, Decimal) else numbers.meant(value)
            wanted = given if scale is None else numbers.rounded(given, scale)
            found = numbers.stored(wanted)
            if found is None:
                raise UnstorableValue(_too_long(wanted))
            return found

        return process


class ComparedDecimal(_Decimal, AnyDecimal):
    """A value to compare with, of any size."""

    def bind_processor(self, dialect: Dialect) -> Convert:
        """To what columns are compared with."""
        return lambda value: None if value is None else numbers.comparable(Decimal(value))


class ShortestFloat(Float[Any]):
    """A double; as a decimal, the shortest that reads as the same double."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert | None:
        """To a decimal, where decimals are asked for."""
        if not self.asdecimal:
            return None
        return lambda value: None if value is None else numbers.meant(value)


TYPES: dict[type[Any], type[Any]] = {Numeric: StoredDecimal, AnyDecimal: ComparedDecimal, Float: ShortestFloat}
"""Our types by SQLAlchemy's, as its dialects keep them."""


_SQLiteCompiler: Any = SQLiteCompiler


def _too_long(value: Decimal) -> str:
    digits = numbers.in_digits(value)
    return f"this database keeps 15 digits of a number, and {digits} has more; give fewer digits"


def is_decimal(type_: ColumnType) -> bool:
    """Whether values of a type are decimals."""
    return isinstance(undecorated(type_), Numeric)


class DecimalCompiler(_SQLiteCompiler):  # type: ignore[misc]  # SQLAlchemy has no types for its compilers' methods
    """SQL whose decimals are exact. What is written out for other readers, in DDL, stays plain SQL."""

    # Values

    def visit_trellis_bound_func(self, function: Function[Any], **kw: Any) -> str:
        """A bound decimal, handed to the function that what it stands beside asks for."""
        name = kw.pop(BOUND_AS, None)
        (value,) = function.clauses
        sql = self.process(value, **kw)
        return str(sql if name is None else f"{name}({sql})")

    def _exact(self, element: Element, **kw: Any) -> str:
        """An expression as digits."""
        core = _core(element)
        if isinstance(core, BindParameter) and is_decimal(core.type):
            return str(self.process(element, **kw, **{BOUND_AS: numbers.EXACTLY}))
        sql = self.process(element, **kw)
        is_digits = is_decimal(core.type) and not isinstance(core, ColumnClause)
        return sql if is_digits else _sorted(f"{numbers.EXACTLY}({sql})")

    # Arithmetic

    def _arithmetic(self, name: str, sign: str, binary: BinaryExpression[Any], operator: Any, **kw: Any) -> str:
        if not _is_exact(binary, kw):
            return f"{self.process(binary.left, **kw)}{sign}{self.process(binary.right, **kw)}"
        return _sorted(f"{name}({self._operand(binary.left, **kw)}, {self._operand(binary.right, **kw)})")

    def _operand(self, element: Element, **kw: Any) -> str:
        """An operand with the zeros that its column's scale has: the result has those that PostgreSQL gives it."""
        sql, scale = str(self.process(element, **kw)), scale_of(_core(element).type)
        return f"{numbers.ROUNDED}({sql}, {scale})" if scale and _is_stored(element) else sql

    visit_add_binary = partialmethod(_arithmetic, numbers.PLUS, " + ")
    visit_sub_binary = partialmethod(_arithmetic, numbers.MINUS, " - ")
    visit_mul_binary = partialmethod(_arithmetic, numbers.TIMES, " * ")

    def visit_truediv_binary(self, binary: BinaryExpression[Any], operator: Any, **kw: Any) -> str:
        """A quotient; of whole numbers, too, as on PostgreSQL."""
        if _is_exact(binary, kw):
            return self._arithmetic(numbers.DIVIDED, "", binary, operator, **kw)
        return str(super().visit_truediv_binary(binary, operator, **kw))

    def visit_mod_binary(self, binary: BinaryExpression[Any], operator: Any, **kw: Any) -> str:
        """A remainder."""
        if _is_exact(binary, kw):
            return self._arithmetic(numbers.MODULO, "", binary, operator, **kw)
        return str(super().visit_mod_binary(binary, operator, **kw))

    def visit_neg_unary_operator(self, unary: UnaryExpression[Any], operator: Any, **kw: Any) -> str:
        """The opposite."""
        sql = self.process(unary.element, **kw)
        return _sorted(f"{numbers.NEGATED}({sql})") if _is_exact(unary, kw) else f"-{sql}"

    # Comparisons

    def _comparison(self, name: str | None, sign: str, binary: BinaryExpression[Any], operator: Any, **kw: Any) -> str:
        left, right = binary.left, binary.right
        if not _are_decimals(left, right, kw):
            return f"{self._as_double(left, kw)}{sign}{self._as_double(right, kw)}"
        if _is_stored(left) and (_is_stored(right) or _is_bound(right)):
            return f"{self.process(left, **kw)}{sign}{self.process(right, **kw, **{BOUND_AS: name})}"
        if _is_bound(left) and _is_stored(right):
            return f"{self.process(left, **kw, **{BOUND_AS: MIRRORED[name]})}{sign}{self.process(right, **kw)}"
        return f"{self._exact(left, **kw)}{sign}{self._exact(right, **kw)}"

    visit_eq_binary = partialmethod(_comparison, AS_IT_IS, " = ")
    visit_ne_binary = partialmethod(_comparison, AS_IT_IS, " != ")
    visit_is_distinct_from_binary = partialmethod(_comparison, AS_IT_IS, " IS NOT ")
    visit_is_not_distinct_from_binary = partialmethod(_comparison, AS_IT_IS, " IS ")
    visit_lt_binary = partialmethod(_comparison, numbers.LOWEST, " < ")
    visit_ge_binary = partialmethod(_comparison, numbers.LOWEST, " >= ")
    visit_gt_binary = partialmethod(_comparison, numbers.HIGHEST, " > ")
    visit_le_binary = partialmethod(_comparison, numbers.HIGHEST, " <= ")

    def _as_double(self, element: Element, kw: dict[str, Any]) -> str:
        """A side of a comparison that is not one of decimals; digits beside a double are a double, too."""
        sql = self.process(element, **kw)
        is_digits = _is_exact(element, kw) and not isinstance(_core(element), ColumnClause | BindParameter)
        return f"{numbers.DOUBLE}({sql})" if is_digits else sql

    def visit_in_op_binary(self, binary: BinaryExpression[Any], operator: Any, **kw: Any) -> str:
        """One of a list."""
        return f"{self._member(binary, kw)} IN {self._members(binary, kw)}"

    def visit_not_in_op_binary(self, binary: BinaryExpression[Any], operator: Any, **kw: Any) -> str:
        """None of a list; what an empty list becomes needs the parentheses."""
        return f"({self._member(binary, kw)} NOT IN {self._members(binary, kw)})"

    def visit_empty_set_op_expr(self, type_: Any, expand_op: Any, **kw: Any) -> str:
        """The one member of an empty list: a text that no decimal equals. A subquery would be no argument."""
        if is_decimal(type_[0]):
            return f"'{numbers.NO_NUMBER}'"
        return str(super().visit_empty_set_op_expr(type_, expand_op, **kw))

    def _member(self, binary: BinaryExpression[Any], kw: dict[str, Any]) -> str:
        left = binary.left
        is_plain = _is_plain_membership(binary) if _is_query(binary.right) else _is_stored(left)
        return self._exact(left, **kw) if _is_exact(left, kw) and not is_plain else str(self.process(left, **kw))

    def _members(self, binary: BinaryExpression[Any], kw: dict[str, Any]) -> str:
        if _is_query(binary.right):
            rows = str(super().visit_grouping(binary.right, **kw))  # many values, not the one that SQLAlchemy sees
            if not _is_exact(binary.left, kw) or _is_plain_membership(binary):
                return rows
            return f"(WITH listed (value) AS {rows} SELECT {numbers.EXACTLY}(value) FROM listed)"
        name = AS_IT_IS if _is_stored(binary.left) else numbers.EXACTLY
        bound = {BOUND_AS: name} if _is_bound(binary.right) and _is_exact(binary.left, kw) else {}
        return str(self.process(binary.right, **kw, **bound))

    # Expressions that may mix what was stored with what was computed

    def visit_function(self, func: Function[Any], add_to_result_map: Any = None, **kw: Any) -> str:
        """A function; behind one of decimals follows their collation."""
        is_bare = kw.get(BARE) is func
        sql = str(super().visit_function(func, add_to_result_map=add_to_result_map, **kw))
        if is_bare or func.name == BOUND or not _is_exact(func, kw):
            return sql
        return _sorted(sql if func.name in SORTED_FUNCTIONS else f"{numbers.EXACTLY}({sql})")

    def visit_sum_func(self, function: Function[Any], **kw: Any) -> str:
        """The exact sum of decimals, and of whole numbers where a decimal is asked for: they may pass 64 bits."""
        name = numbers.SUM if _is_exact(function, kw) else "sum"
        return f"{name}{self.function_argspec(function, **kw)}"

    def _quotient(self, name: str, function: Function[Any], **kw: Any) -> str:
        """A function that divides, where a decimal is asked for."""
        if not _is_exact(function, kw):
            return f"{function.name}{self.function_argspec(function, **kw)}"
        (column,) = function.clauses
        sql, scale = self.process(column, **kw), scale_of(column.type) if _is_stored(column) else None
        return f"{name}({sql})" if scale is None else f"{name}({sql}, {scale})"

    visit_avg_func = partialmethod(_quotient, numbers.AVERAGE)
    visit_var_samp_func = partialmethod(_quotient, numbers.VARIANCE)
    visit_stddev_samp_func = partialmethod(_quotient, numbers.DEVIATION)

    def visit_abs_func(self, function: Function[Any], **kw: Any) -> str:
        """The number without its sign."""
        name = numbers.ABSOLUTE if _is_exact(function, kw) else "abs"
        return f"{name}{self.function_argspec(function, **kw)}"

    def visit_round_func(self, function: Function[Any], **kw: Any) -> str:
        """A decimal with fewer digits."""
        if not _is_exact(function, kw):
            return f"round{self.function_argspec(function, **kw)}"
        value, *places = (self.process(argument, **kw) for argument in function.clauses)
        return f"{numbers.ROUNDED}({value}, {places[0] if places else 0})"

    def visit_funcfilter(self, funcfilter: FunctionFilter[Any], **kw: Any) -> str:
        """An aggregate over some rows."""
        sql = super().visit_funcfilter(funcfilter, **{**kw, BARE: funcfilter.func})
        return _sorted(sql) if _is_exact(funcfilter, kw) and kw.get(BARE) is not funcfilter else sql

    def visit_over(self, over: Over[Any], **kw: Any) -> str:
        """A window."""
        sql = super().visit_over(over, **{**kw, BARE: over.element})
        return _sorted(sql) if _is_exact(over, kw) else sql

    def visit_case(self, clause: Case[Any], **kw: Any) -> str:
        """One of several values."""
        sql = super().visit_case(clause, **kw)
        return _sorted(f"{numbers.EXACTLY}({sql})") if _is_exact(clause, kw) else sql

    def visit_grouping(self, grouping: Element, asfrom: bool = False, **kw: Any) -> str:
        """Parentheses; around a subquery of one value, which forgets the collation of that value."""
        sql = super().visit_grouping(grouping, asfrom=asfrom, **kw)
        is_value = isinstance(grouping, ScalarSelect) and _is_exact(grouping, kw)
        return _sorted(f"{numbers.EXACTLY}({sql})") if is_value else str(sql)

    def visit_cast(self, cast: Cast[Any], **kw: Any) -> str:
        """Another type: decimals are rounded to the scale, and to whole numbers, as PostgreSQL rounds them."""
        to, of_decimal = undecorated(cast.type), _is_exact(cast.clause, kw)
        if _is_exact(cast, kw):
            sql, scale = self.process(cast.clause, **kw), scale_of(cast.type)
            return _sorted(f"{numbers.EXACTLY}({sql})" if scale is None else f"{numbers.ROUNDED}({sql}, {scale})")
        if of_decimal and isinstance(to, Float):
            return f"{numbers.DOUBLE}({self.process(cast.clause, **kw)})"
        if of_decimal and isinstance(to, Integer):
            return f"CAST({numbers.ROUNDED}({self.process(cast.clause, **kw)}, 0) AS INTEGER)"
        return str(super().visit_cast(cast, **kw))


def _sorted(sql: str) -> str:
    return f"({sql} COLLATE {numbers.COLLATION})"


def _core(element: Element) -> Element:
    """The expression inside of parentheses, labels and types that were given to it."""
    inside: Any = element
    while isinstance(inside, Grouping | Label | TypeCoerce):
        inside = inside.clause if isinstance(inside, TypeCoerce) else inside.element
    return inside  # type: ignore[no-any-return]  # the parts of an element are elements


def _is_bound(element: Element) -> bool:
    return isinstance(_core(element), BindParameter) and is_decimal(_core(element).type)


def _is_stored(element: Element) -> bool:
    """Whether an expression is a column of a table, and its values are numbers as they were stored."""
    core = _core(element)
    if not isinstance(core, Column) or not is_decimal(core.type):
        return False
    return isinstance(getattr(core.table, "element", core.table), Table)


def _is_query(element: Element) -> bool:
    """Whether the members of a list are the rows of a statement."""
    return isinstance(element, ScalarSelect)


def _is_plain_membership(binary: BinaryExpression[Any]) -> bool:
    """Whether a stored number is looked for among stored numbers: both are compared as they are."""
    (column, *_) = binary.right.element.selected_columns
    core = _core(column)
    is_whole = isinstance(core, Column) and isinstance(undecorated(core.type), Integer)
    return _is_stored(binary.left) and (is_whole or _is_stored(column))


def _has_double(element: Element) -> bool:
    """Whether a double is among the operands, which makes the result a double."""
    core = _core(element)
    if isinstance(core, BinaryExpression):
        return _has_double(core.left) or _has_double(core.right)
    return isinstance(undecorated(core.type), Float)


def _is_exact(element: Element, kw: dict[str, Any]) -> bool:
    """Whether an expression is one of decimals, in a statement that runs here: DDL is for other readers, too."""
    return not kw.get("literal_binds") and is_decimal(element.type) and not _has_double(element)


def _are_decimals(left: Element, right: Element, kw: dict[str, Any]) -> bool:
    if kw.get("literal_binds") or _has_double(left) or _has_double(right):
        return False
    return is_decimal(left.type) or is_decimal(right.type)
