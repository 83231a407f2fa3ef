"""Floats on PostgreSQL: single precision in the digits that PostgreSQL would print, double precision as it is.

Types of SQLAlchemy leave, for the driver's dialect. Why: docs/decisions/0018-exact-numbers.md.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.asyncpg import AsyncpgFloat

from db.dialects.single_precision import nearest, shortest
from db.relations import SINGLE_PRECISION_BITS

FLOAT4, FLOAT8 = 700, 701
"""The numbers of types. Source: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat"""


class AnyFloat(AsyncpgFloat):
    """A number as asyncpg has it. What is read in single precision has the digits that PostgreSQL would print.

    Values are sent in double precision: PostgreSQL compares either with those, from the same index, and one that is
    beyond single precision is still a value to compare with.
    """

    def __init__(self, precision: int | None = None, *, asdecimal: bool = False, **named: Any) -> None:
        self.is_single = precision is not None and precision <= SINGLE_PRECISION_BITS
        super().__init__(asdecimal=asdecimal, **named)  # type: ignore[call-overload]  # an overload for each of true and false

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], float | None] | None:
        """To the nearest number of the column's precision."""
        if not self.is_single:
            return None
        return lambda value: None if value is None else nearest(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """None for doubles, which nearly all are."""
        read = shortest if coltype == FLOAT4 else float
        if self.asdecimal and coltype in (FLOAT4, FLOAT8):
            return lambda value: None if value is None else Decimal(repr(read(value)))
        if coltype == FLOAT4:
            return lambda value: None if value is None else shortest(value)
        found: Callable[[Any], Any] | None = super().result_processor(dialect, coltype)  # type: ignore[no-untyped-call]  # SQLAlchemy has no types for it
        return found


class SingleFloat(AnyFloat):
    """REAL."""

    def __init__(self, precision: int | None = None, *, asdecimal: bool = False, **named: Any) -> None:
        super().__init__(precision or SINGLE_PRECISION_BITS, asdecimal=asdecimal, **named)
