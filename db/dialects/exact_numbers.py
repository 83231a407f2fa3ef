"""Decimals in Python, for databases that compute with doubles: what a stored number means, sums, quotients, an order.

SQL values enter: whole numbers, doubles, or decimals in digits. SQL values leave, decimals in digits. Nothing is
rounded but quotients, which are rounded as PostgreSQL rounds:
https://www.postgresql.org/docs/current/functions-math.html. A double means the shortest decimal that reads as the same
double; a text that is no number is not a number, `NaN`, and nothing here raises for one.
Why: docs/decisions/0018-exact-numbers.md.
"""

import math
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from operator import ge, le
from typing import NamedTuple, TypeAlias

from db.numerals import DECIMAL

Stored: TypeAlias = int | float | str | None
"""A value as SQLite gives it to a function."""

MAX_DIGITS = 131_072
"""Before the point, as PostgreSQL's numeric: a text with a larger exponent is no number."""

EXACT = Context(prec=2 * MAX_DIGITS, rounding=ROUND_HALF_UP, Emax=10 * MAX_DIGITS, Emin=-10 * MAX_DIGITS, traps=[])
"""Arithmetic that rounds nothing and raises nothing."""

NOT_A_NUMBER = Decimal("NaN")

NO_NUMBER = "no number: "
"""Before the digits of a decimal that no column of numbers holds: a text, and so equal to none of the numbers."""

SIGNIFICANT_DIGITS = 16
"""A quotient has at least so many: `NUMERIC_MIN_SIG_DIGITS` of PostgreSQL."""
GROUP = 4
"""PostgreSQL counts digits in groups of four, from the point."""
MAX_SCALE = 1_000

INT64 = range(-(2**63), 2**63)
WITHOUT_FRACTIONS = 2**52
"""From here on, doubles are whole numbers."""


def meant(value: int | float | str) -> Decimal:
    """The decimal that a stored value stands for; not a number for anything else."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, int):
        return Decimal(value)
    digits = value.removeprefix(NO_NUMBER)
    if DECIMAL.fullmatch(digits) is None:
        return NOT_A_NUMBER
    found = Decimal(digits)
    return found if abs(found.adjusted()) <= MAX_DIGITS else NOT_A_NUMBER


def in_digits(value: Decimal) -> str:
    """A decimal without an exponent."""
    return format(value, "f")


def rounded(value: Decimal, scale: int) -> Decimal:
    """With `scale` digits behind the point, halves away from zero."""
    found = value.quantize(Decimal((0, (1,), -scale)), context=EXACT) if value.is_finite() else value
    return found or abs(found)  # PostgreSQL knows no zero below zero


def padded(value: Decimal, scale: int | None) -> Decimal:
    """With at least `scale` digits behind the point."""
    return value if scale is None or _scale(value) >= scale else rounded(value, scale)


def nearest(value: Decimal) -> int | float:
    """The number nearest to a decimal, of those that a column can hold: a whole number of 64 bits, or a double."""
    if value.is_finite() and value.adjusted() < len(str(2**63)):
        whole = int(value)
        if whole == value and whole in INT64:
            return whole
    return float(value)


def stored(value: Decimal) -> int | float | None:
    """The number that stands for this very decimal in a column; None if there is none."""
    found = nearest(value)
    return found if meant(found) == value else None


def comparable(value: Decimal) -> int | float | str:
    """A decimal to compare a column with: the number that stands for the decimal, or else its digits."""
    found = stored(value)
    return f"{NO_NUMBER}{in_digits(value)}" if found is None else found


def quotient_scale(dividend: Decimal, divisor: Decimal) -> int:
    """How many digits PostgreSQL keeps behind the point of a quotient.

    Source: `select_div_scale` in https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/numeric.c
    """
    (weight, first), (divisor_weight, divisor_first) = _leading_group(dividend), _leading_group(divisor)
    weight -= divisor_weight + (first <= divisor_first)
    least = max(SIGNIFICANT_DIGITS - weight * GROUP, _scale(dividend), _scale(divisor), 0)
    return min(least, MAX_SCALE)


def _leading_group(value: Decimal) -> tuple[int, int]:
    """Where the first group of four digits stands, and what it is; zero for zero."""
    if not value:
        return 0, 0
    weight = value.adjusted() // GROUP
    return weight, int(abs(value).scaleb(-weight * GROUP, EXACT))


def _scale(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def quotient(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    """The quotient, rounded as PostgreSQL rounds it; None for a division by zero, which is null on SQLite."""
    if not divisor:
        return None
    if not (dividend.is_finite() and divisor.is_finite()):
        return EXACT.divide(dividend, divisor)
    scale = quotient_scale(dividend, divisor)
    shift = scale + _scale(divisor) - _scale(dividend)
    above, below = _digits(dividend), _digits(divisor)
    above, below = (above * 10**shift, below) if shift >= 0 else (above, below * 10**-shift)
    whole, rest = divmod(abs(above), abs(below))
    whole += 2 * rest >= abs(below)
    return Decimal(whole if (above < 0) == (below < 0) else -whole).scaleb(-scale, EXACT)


def _digits(value: Decimal) -> int:
    """A decimal without its point."""
    return int(value.scaleb(_scale(value), EXACT))


# Functions of SQL

Operation: TypeAlias = Callable[..., Decimal | None]


def _of_numbers(operation: Operation) -> Callable[..., str | None]:
    """A function of SQL: null for null."""

    def function(*values: Stored) -> str | None:
        numbers = [meant(value) for value in values if value is not None]
        result = operation(*numbers) if len(numbers) == len(values) else None
        return None if result is None else in_digits(result)

    return function


def _scaled(value: Decimal, scale: Decimal) -> Decimal:
    return rounded(value, int(scale))


def _remainder(value: Decimal, divisor: Decimal) -> Decimal | None:
    return EXACT.remainder(value, divisor) if divisor else None


def _bound(
    towards: float, whole: Callable[[Decimal], int], fits: Callable[[Decimal, Decimal], bool]
) -> Callable[[Stored], Stored]:
    """From a decimal to the nearest number of a column that fits. Not a number is more than all numbers."""

    def function(value: Stored) -> Stored:
        if value is None:
            return None
        wanted = meant(value)
        if wanted.is_nan():
            return NO_NUMBER
        if _is_between_whole_numbers(wanted):
            return whole(wanted)
        found = nearest(wanted)
        return found if fits(meant(found), wanted) else math.nextafter(found, towards)

    return function


def _is_between_whole_numbers(value: Decimal) -> bool:
    """Whether the next numbers of a column are whole, and more of them than doubles tell apart."""
    return WITHOUT_FRACTIONS <= abs(value) < INT64.stop - 1


def _double(value: Stored) -> float | None:
    return None if value is None else float(meant(value))


def compare(left: str, right: str) -> int:
    """-1, 0 or 1 as two decimals in digits compare; not a number comes last, as on PostgreSQL."""
    one, other = meant(left), meant(right)
    if one.is_nan() or other.is_nan():
        return one.is_nan() - other.is_nan()
    return (one > other) - (one < other)


class SQLFunction(NamedTuple):
    """A function and the number of its arguments."""

    arguments: int
    function: Callable[..., Stored]


COLLATION = "trellis_decimal"
"""The order of decimals in digits, as numbers."""

EXACTLY = "trellis_exactly"
"""`(number)`: the decimal that a number means, in digits."""
LOWEST, HIGHEST = "trellis_lowest", "trellis_highest"
"""`(decimal)`: the number of a column to compare with, for `<` and `>=`, for `>` and `<=`."""
ROUNDED, DOUBLE = "trellis_rounded", "trellis_double"
PLUS, MINUS, TIMES, DIVIDED, MODULO, NEGATED, ABSOLUTE = (
    f"trellis_{name}" for name in ("plus", "minus", "times", "divided", "modulo", "negated", "absolute")
)
SUM, AVERAGE, VARIANCE, DEVIATION = "trellis_sum", "trellis_average", "trellis_variance", "trellis_deviation"

FUNCTIONS: Mapping[str, SQLFunction] = {
    EXACTLY: SQLFunction(1, _of_numbers(lambda value: value)),
    ROUNDED: SQLFunction(2, _of_numbers(_scaled)),
    LOWEST: SQLFunction(1, _bound(math.inf, math.ceil, ge)),
    HIGHEST: SQLFunction(1, _bound(-math.inf, math.floor, le)),
    DOUBLE: SQLFunction(1, _double),
    PLUS: SQLFunction(2, _of_numbers(EXACT.add)),
    MINUS: SQLFunction(2, _of_numbers(EXACT.subtract)),
    TIMES: SQLFunction(2, _of_numbers(EXACT.multiply)),
    DIVIDED: SQLFunction(2, _of_numbers(quotient)),
    MODULO: SQLFunction(2, _of_numbers(_remainder)),
    NEGATED: SQLFunction(1, _of_numbers(EXACT.minus)),
    ABSOLUTE: SQLFunction(1, _of_numbers(EXACT.abs)),
}
"""By their names in SQL."""


class Sum:
    """The exact sum of numbers; null of none. As a window, numbers leave again, which is why it counts them."""

    def __init__(self) -> None:
        self.count = 0
        self.unreadable = 0
        self.total = Decimal(0)

    def step(self, value: Stored) -> None:
        """Take a number in."""
        self._add(value, 1)

    def inverse(self, value: Stored) -> None:
        """Take a number out."""
        self._add(value, -1)

    def _add(self, value: Stored, sign: int) -> None:
        if value is None:
            return
        number = meant(value)
        self.count += sign
        if not number.is_finite():
            self.unreadable += sign
        else:
            self.total = EXACT.add(self.total, number) if sign > 0 else EXACT.subtract(self.total, number)

    def value(self) -> str | None:
        """The sum so far."""
        if not self.count:
            return None
        return "NaN" if self.unreadable else in_digits(self.total)

    def finalize(self) -> str | None:
        """The sum."""
        return self.value()


class Average(Sum):
    """The average of numbers, rounded as PostgreSQL rounds a quotient. The second argument is the column's scale."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = 0

    def step(self, value: Stored, scale: int = 0) -> None:
        """Take a number in."""
        self.scale = scale
        super().step(value)

    def inverse(self, value: Stored, _scale: int = 0) -> None:
        """Take a number out."""
        super().inverse(value)

    def value(self) -> str | None:
        """The average so far."""
        if not self.count:
            return None
        if self.unreadable:
            return "NaN"
        total = self.total if _scale(self.total) >= self.scale else rounded(self.total, self.scale)
        found = quotient(total, Decimal(self.count))
        return None if found is None else in_digits(found)


class Variance(Average):
    """The variance of a sample, rounded as PostgreSQL rounds: exact sums of numbers and of squares, one quotient."""

    def __init__(self) -> None:
        super().__init__()
        self.squares = Decimal(0)

    def _add(self, value: Stored, sign: int) -> None:
        super()._add(value, sign)
        number = NOT_A_NUMBER if value is None else meant(value)
        if number.is_finite():
            square = EXACT.multiply(number, number)
            self.squares = EXACT.add(self.squares, square) if sign > 0 else EXACT.subtract(self.squares, square)

    def value(self) -> str | None:
        """The variance so far; null of a single number."""
        if self.count < 2:
            return None
        return "NaN" if self.unreadable else in_digits(self.result(self._variance()))

    def result(self, variance: Decimal) -> Decimal:
        """What becomes of the variance."""
        return variance

    def _variance(self) -> Decimal:
        count = Decimal(self.count)
        above = EXACT.subtract(EXACT.multiply(count, self.squares), EXACT.multiply(self.total, self.total))
        found = quotient(padded(above, 2 * self.scale), EXACT.multiply(count, count - 1))
        return found or Decimal(0)


class Deviation(Variance):
    """The standard deviation of a sample: the root, with as many digits as the variance has."""

    def result(self, variance: Decimal) -> Decimal:
        """The root."""
        scale = _scale(variance)
        digits = max(variance.adjusted(), 0) + scale + SIGNIFICANT_DIGITS
        return rounded(variance.sqrt(Context(prec=digits, Emax=EXACT.Emax, Emin=EXACT.Emin)), scale)


AGGREGATES: Mapping[str, tuple[int, type[Sum]]] = {
    SUM: (1, Sum),
    AVERAGE: (-1, Average),
    VARIANCE: (-1, Variance),
    DEVIATION: (-1, Deviation),
}
"""By their names in SQL, with the number of their arguments; -1: any."""
