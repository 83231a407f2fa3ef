"""Expressions in the words of MariaDB and MySQL that mean what they mean elsewhere: lengths, sums, quotients.

Expressions enter, SQL leaves. Sources: https://mariadb.com/kb/en/char_length/, https://mariadb.com/kb/en/sum/,
https://mariadb.com/kb/en/server-system-variables/#div_precision_increment
"""

from functools import partialmethod
from typing import Any

from sqlalchemy import BinaryExpression, Enum, Function, Integer, LargeBinary, String
from sqlalchemy.dialects.mysql.base import MySQLCompiler

from db.dialects import mariadb_numbers as numbers
from db.dialects.mariadb_types import PRECISION, SCALE
from db.relations import Expression, undecorated

WHOLE_DIGITS = 20
"""Of a number of 64 bits, with room to spare."""


class MariaDBExpressions(MySQLCompiler):
    """Expressions."""

    def visit_length_func(self, function: Function[Any], **kw: Any) -> str:
        """Characters of a text, and bytes of bytes: LENGTH counts bytes of both."""
        (value,) = function.clauses
        name = "LENGTH" if isinstance(undecorated(value.type), LargeBinary) else "CHAR_LENGTH"
        return f"{name}{self.function_argspec(function, **kw)}"

    def visit_avg_func(self, function: Function[Any], **kw: Any) -> str:
        """An average of decimals, with the digits that PostgreSQL gives it."""
        if not numbers.is_decimal(function.type):
            return f"AVG{self.function_argspec(function, **kw)}"
        (value,) = function.clauses
        given = self.process(value, **kw)
        return numbers.average(f"SUM({given})", f"COUNT({given})", numbers.scale_of(_values(value)))

    def visit_var_samp_func(self, function: Function[Any], **kw: Any) -> str:
        """The variance of a sample, by exact sums; null of a single number."""
        if not numbers.is_decimal(function.type):
            return f"VAR_SAMP{self.function_argspec(function, **kw)}"
        return self._variance(function, **kw)

    def visit_stddev_samp_func(self, function: Function[Any], **kw: Any) -> str:
        """The root of the variance, with the digits that a double has."""
        if not numbers.is_decimal(function.type):
            return f"STDDEV_SAMP{self.function_argspec(function, **kw)}"
        return f"CAST(SQRT({self._variance(function, **kw)}) AS DECIMAL({PRECISION}, {SCALE}))"

    def _variance(self, function: Function[Any], **kw: Any) -> str:
        (value,) = function.clauses
        given = self.process(value, **kw)
        if isinstance(undecorated(_values(value).type), Integer):
            given = f"CAST({given} AS DECIMAL({WHOLE_DIGITS}))"  # a square may pass 64 bits
        count, total = f"COUNT({given})", f"SUM({given})"
        above = f"{count} * SUM({given} * {given}) - {total} * {total}"
        return f"(({above}) / NULLIF({count} * ({count} - 1), 0))"

    def _comparison(self, sign: str, binary: BinaryExpression[Any], operator: Any, **kw: Any) -> str:
        left, right = (self._in_order(side, **kw) for side in (binary.left, binary.right))
        return f"{left}{sign}{right}"

    visit_lt_binary = partialmethod(_comparison, " < ")
    visit_le_binary = partialmethod(_comparison, " <= ")
    visit_gt_binary = partialmethod(_comparison, " > ")
    visit_ge_binary = partialmethod(_comparison, " >= ")

    def _in_order(self, side: Expression, **kw: Any) -> str:
        """A side of a comparison; of an enumeration, its place: ORDER BY takes that, and `<` would take the text."""
        sql, found = str(self.process(side, **kw)), undecorated(side.type)
        if not isinstance(found, Enum) or not found.native_enum:
            return sql
        values = ", ".join(self.render_literal_value(value, String()) for value in found.enums)
        return f"NULLIF(FIELD({sql}, {values}), 0)"


def _values(argument: Expression) -> Expression:
    """What is averaged: of the values of some rows, those."""
    whens = getattr(argument, "whens", None)
    return whens[0][1] if whens and len(whens) == 1 else argument
