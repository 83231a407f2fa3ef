"""Money: integer minor units in the database, decimals outside.

An amount means nothing without its currency: 1200 is 12.00 euro and 1200 yen. The digits come from ISO 4217.
"""

from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Numeric, SQLColumnExpression, case, cast, literal

from db.numerals import EXACT
from db.text_kinds import TextKind, register_kind

DEFAULT_DIGITS = 2

_CODES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
DIGITS = {code: places for places, codes in _CODES.items() for code in codes.split()}
"""Currencies whose minor unit is not a hundredth. Source: ISO 4217, list one, column "minor unit"."""


_IN_USE = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ "
    "GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR "
    "LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN "
    "PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER "
    "ZAR ZMW ZWG"
)
CURRENCIES = frozenset(_IN_USE.split())
"""The codes of money that people pay with. Source: ISO 4217, list one."""


def currency_code(value: str) -> str:
    """Return a code of ISO 4217. Raises `ValueError` for any other text."""
    if value not in CURRENCIES:
        raise ValueError("this is not the code of a currency; write it as ISO 4217 has it, for instance EUR")
    return value


CURRENCY = register_kind("currency", TextKind(currency_code))


def digits(currency: str) -> int:
    """How many digits follow the point in this currency."""
    return DIGITS.get(currency, DEFAULT_DIGITS)


def to_decimal(minor_units: int, currency: str) -> Decimal:
    """1250 of EUR → `Decimal("12.50")`, 1250 of JPY → `Decimal("1250")`."""
    return Decimal(minor_units).scaleb(-digits(currency), EXACT)


def decimal_of(minor_units: SQLColumnExpression[Any], currency: SQLColumnExpression[str]) -> ColumnElement[Decimal]:
    """The same in SQL, for filters and ordering. A product, not a quotient: products are exact, whatever their size."""
    by_digits: dict[int, list[str]] = {}
    for code, places in DIGITS.items():
        by_digits.setdefault(places, []).append(code)
    unit = case(
        *((currency.in_(codes), literal(Decimal(1).scaleb(-places))) for places, codes in by_digits.items()),
        else_=literal(Decimal(1).scaleb(-DEFAULT_DIGITS)),
    )
    return cast(minor_units, Numeric()) * unit
