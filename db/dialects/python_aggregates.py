"""Aggregates in Python, for databases that call Python and have none of their own that do the same.

SQL values enter row by row, one SQL value leaves. Values are put in order as SQLite puts them:
https://www.sqlite.org/datatype3.html#sort_order. Sums of decimals: `db.dialects.exact_numbers`.
"""

from collections.abc import Mapping
from typing import TypeAlias

from db.dialects import exact_numbers
from db.dialects.interface import FunctionName

Value: TypeAlias = str | int | float | bytes | None
"""What SQLite holds."""

DESCENDING, NULLS_FIRST, DECIMAL = 1, 2, 4
"""How a term orders: flags, whose sum is a digit for each term."""

KINDS: Mapping[type, int] = {int: 0, float: 0, str: 1, bytes: 2}
"""Numbers stand before texts, and texts before bytes."""


def _compare(one: Value, other: Value, flags: int) -> int:
    """Which of two values of a term comes first: below zero, the one; above, the other."""
    if one is None or other is None:
        far = (one is None) - (other is None)
        return -far if flags & NULLS_FIRST else far
    if flags & DECIMAL:
        found = exact_numbers.compare(str(one), str(other))
    else:
        mine, others = (KINDS[type(one)], one), (KINDS[type(other)], other)
        found = (mine > others) - (mine < others)  # of one kind, they have an order
    return -found if flags & DESCENDING else found


class FirstInOrder:
    """`(value, condition, flags, term, …)`: the value of that row which comes first; null of no row."""

    def __init__(self) -> None:
        self._value: Value = None
        self._terms: tuple[Value, ...] | None = None

    def step(self, value: Value, holds: Value, flags: str, *terms: Value) -> None:
        """Take a row."""
        if holds and (self._terms is None or self._is_before(terms, self._terms, flags)):
            self._value, self._terms = value, terms

    def finalize(self) -> Value:
        """The value."""
        return self._value

    @staticmethod
    def _is_before(terms: tuple[Value, ...], others: tuple[Value, ...], flags: str) -> bool:
        for one, other, flag in zip(terms, others, flags, strict=True):
            found = _compare(one, other, int(flag))
            if found:
                return found < 0
        return False


AGGREGATES: Mapping[str, type[FirstInOrder]] = {FunctionName.FIRST_IN_ORDER: FirstInOrder}
"""By their names in SQL; they take any number of arguments."""
