"""Numbers on MariaDB and MySQL: decimals whose averages have PostgreSQL's digits, and floats as they are stored.

Types leave for SQLAlchemy's dialect, an encoder for the driver, and SQL of quotients. MariaDB adds a fixed number of
digits to a quotient; so a quotient is computed with all digits that there are, and then rounded.
Sources: https://mariadb.com/kb/en/decimal/, https://mariadb.com/kb/en/server-system-variables/#div_precision_increment,
`select_div_scale` in https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/numeric.c
"""

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import REAL, ColumnElement, Dialect, Float, Function, Numeric, cast, type_coerce
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import BindParameter

from db.dialects.exact_numbers import GROUP, SIGNIFICANT_DIGITS
from db.dialects.mariadb_types import SINGLE_PRECISION_BITS
from db.dialects.single_precision import nearest, shortest
from db.relations import ColumnType, Expression, undecorated

DIGITS_OF_QUOTIENTS = 30
"""`div_precision_increment`, at most."""
MAX_SCALE = 38
"""Digits behind the point of what is computed. Source: https://mariadb.com/kb/en/decimal/"""
BEYOND = "9e307"
"""What stands for a number that is none: more than all decimals, and none that a column holds."""


def written(value: Decimal, _mapping: object = None) -> str:
    """A decimal as a literal: with an exponent, it would be a double. What is no number is more than all numbers."""
    if value.is_finite():
        return format(value, "f")
    return f"-{BEYOND}" if value == Decimal("-Infinity") else BEYOND


class StoredFloat(Float[Any]):
    """A float; of single precision, the digits that PostgreSQL would print, where the server would print six."""

    @property
    def is_single(self) -> bool:
        """Whether the column keeps single precision."""
        return self.precision is not None and self.precision <= SINGLE_PRECISION_BITS

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """In double precision, of which the server prints all digits."""
        return type_coerce(cast(column, Float(53)), self) if self.is_single else column

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """The nearest number that the column holds."""
        return _nearest if self.is_single else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """A float, or the decimal with its digits."""
        read = shortest if self.is_single else float
        if self.asdecimal:
            return lambda value: None if value is None else Decimal(repr(read(value)))
        return lambda value: None if value is None else read(value)


class SingleFloat(StoredFloat):
    """REAL."""

    is_single = True


def _nearest(value: Any) -> Any:
    found = None if value is None else nearest(value)
    return value if found in (math.inf, -math.inf) else found  # the server takes no infinity


TYPES: Mapping[type[ColumnType], type[ColumnType]] = {Float: StoredFloat, REAL: SingleFloat}
"""What SQLAlchemy's types become."""


def is_decimal(type_: ColumnType) -> bool:
    """Whether values of a type are decimals."""
    found = undecorated(type_)
    return isinstance(found, Numeric) and not isinstance(found, Float)


def average(total: str, count: str, scale: int | None) -> str:
    """A sum by a count, with at least 16 digits that count, as PostgreSQL rounds it; `scale`: that of the sum.

    Each aggregate that stands here once more is computed once more, and a statement with some hundreds of them fails.
    """
    weight = f"FLOOR(LOG10(ABS({total})) / {GROUP})"
    first = f"TRUNCATE(ABS({total}) / POW(10, {GROUP} * {weight}), 0)"
    length = f"CHAR_LENGTH({count})"
    counted = f"({length} - 1) DIV {GROUP}"
    first_counted = f"LEFT({count}, ({length} - 1) MOD {GROUP} + 1)"
    digits = f"{SIGNIFICANT_DIGITS} - {GROUP} * ({weight} - {counted} - ({first} <= {first_counted}))"
    least = f"CHAR_LENGTH(TRIM(TRAILING '0' FROM {_fraction(total)}))" if scale is None else str(scale)
    # There is no logarithm of zero, of which the average is zero, however many digits it has.
    return f"ROUND({total} / {count}, COALESCE(LEAST(GREATEST({digits}, {least}, 0), {MAX_SCALE}), 0))"


def _fraction(number: str) -> str:
    return f"SUBSTRING_INDEX(SUBSTRING_INDEX(CONCAT({number}, '.'), '.', 2), '.', -1)"


def scale_of(expression: Expression) -> int | None:
    """How many digits a sum of values has behind the point, where they are all of columns that say how many."""
    found = undecorated(expression.type)
    leaves = [
        it for it in visitors.iterate(expression) if isinstance(it, ColumnElement) and not list(it.get_children())
    ]
    is_one = len(leaves) == 1 and not isinstance(leaves[0], BindParameter | Function)
    return found.scale if is_one and isinstance(found, Numeric) and found.precision is not None else None
