"""Money: integer minor units in the database, decimals outside.

An amount means nothing without its currency: 1200 is 12.00 euro and 1200 yen. The digits come from ISO 4217.
"""

from decimal import Decimal

from sqlalchemy import ColumnElement, Numeric, SQLColumnExpression, case, cast, literal

DEFAULT_DIGITS = 2

_CODES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
DIGITS = {code: places for places, codes in _CODES.items() for code in codes.split()}
"""Currencies whose minor unit is not a hundredth. Source: ISO 4217, list one, column "minor unit"."""


def digits(currency: str) -> int:
    """How many digits follow the point in this currency."""
    return DIGITS.get(currency, DEFAULT_DIGITS)


def to_decimal(minor_units: int, currency: str) -> Decimal:
    """1250 of EUR → `Decimal("12.50")`, 1250 of JPY → `Decimal("1250")`."""
    return Decimal(minor_units).scaleb(-digits(currency))


def decimal_of(minor_units: SQLColumnExpression[int], currency: SQLColumnExpression[str]) -> ColumnElement[Decimal]:
    """The same in SQL, for filters and ordering: exact on PostgreSQL, the nearest double on SQLite."""
    by_digits: dict[int, list[str]] = {}
    for code, places in DIGITS.items():
        by_digits.setdefault(places, []).append(code)
    divisor = case(
        *((currency.in_(codes), literal(Decimal(10**places))) for places, codes in by_digits.items()),
        else_=literal(Decimal(10**DEFAULT_DIGITS)),
    )
    return cast(minor_units, Numeric(24, 4)) / divisor
