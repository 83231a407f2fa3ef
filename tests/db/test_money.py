"""Money is whole minor units in the database and decimals outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, String, literal, select

from db.money import DIGITS, decimal_of, digits, to_decimal
from db.session.engines import Engines


@pytest.mark.parametrize(
    ("minor_units", "currency", "amount"),
    [
        (1250, "EUR", "12.50"),
        (1250, "JPY", "1250"),
        (1250, "KWD", "1.250"),
        (1250, "CLF", "0.1250"),
        (-5, "USD", "-0.05"),
        (0, "EUR", "0.00"),
        (2**63 - 1, "EUR", "92233720368547758.07"),
    ],
)
def test_an_amount_has_as_many_digits_as_its_currency(minor_units: int, currency: str, amount: str) -> None:
    assert str(to_decimal(minor_units, currency)) == amount


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(["EUR", "USD", *DIGITS]))
def test_no_minor_unit_is_lost(minor_units: int, currency: str) -> None:
    assert to_decimal(minor_units, currency).scaleb(digits(currency)) == minor_units


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD", "CLF"])
@pytest.mark.parametrize("minor_units", [0, 1, 999, -1250, 123_456_789_012, 2**63 - 1])
async def test_sql_reckons_as_python_does(engines: Engines, minor_units: int, currency: str) -> None:
    amount = decimal_of(literal(minor_units, BigInteger()), literal(currency, String()))
    async with engines.reading().connect() as connection:
        found = (await connection.scalars(select(amount))).one()
    assert found == to_decimal(minor_units, currency)
