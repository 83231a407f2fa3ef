"""Numbers are exact on both databases, or refused: what doubles would round is not."""

from collections.abc import AsyncIterator
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Numeric, insert, literal, select
from sqlalchemy.exc import StatementError

from db.dialects import UnstorableValue, exact_numbers
from db.dialects.exact_numbers import meant, quotient
from db.dialects.single_precision import nearest, shortest
from tests.databases import TRIED
from tests.entity.amounts import DOCUMENTS, FREE, PRICES, RATES, SAMPLE, SINGLES, WHOLE, AmountRow
from tests.entity.conftest import Filled
from tests.entity.laws import tried
from tests.entity.serving import Api, serve

ALL = "{ amountsAggregate { sum { price rate free whole worth weight } avg { price free whole worth } } }"


@pytest.fixture(params=TRIED)
async def amounts(request: pytest.FixtureRequest, filled: Filled) -> AsyncIterator[Api]:
    async with serve(await filled(SAMPLE, request.param), SAMPLE) as api:
        yield api


@pytest.fixture
async def on_postgresql(filled: Filled) -> AsyncIterator[Api]:
    async with serve(await filled(SAMPLE, "postgresql"), SAMPLE) as api:
        yield api


def exactly(texts: Any) -> list[Decimal]:
    return [Decimal(text) for text in texts if text is not None]


def worths() -> list[Decimal]:
    pairs = zip(PRICES, RATES, strict=True)
    return [Decimal(price) * Decimal(rate) for price, rate in pairs if price is not None and rate is not None]


async def counted(api: Api, where: str) -> int:
    found: int = (await api.ask(f"{{ amounts(where: {where}) {{ totalCount }} }}"))["amounts"]["totalCount"]
    return found


async def test_sums_are_those_of_exact_arithmetic(amounts: Api) -> None:
    found = (await amounts.ask(ALL))["amountsAggregate"]
    with localcontext(prec=100):
        expected = {
            "price": sum(exactly(PRICES)),
            "rate": sum(exactly(RATES)),
            "free": sum(exactly(FREE)),
            "whole": sum(it for it in WHOLE if it is not None),
            "worth": sum(worths()),
            "weight": Decimal("4.7"),
        }
        assert {name: Decimal(value) for name, value in found["sum"].items()} == expected
    # 16 digits that count; PostgreSQL keeps them in groups of four from the point
    assert found["avg"] == {
        "price": "1111205416.69666667",
        "free": "111111111111111111.111111111111",
        "whole": 13844065254536904708 / 9,
        "worth": "212500.056503625",
    }


async def test_groups_are_asked_for_exact_sums(amounts: Api) -> None:
    by = "groupBy(by: [{value: LEDGER}], having: $having) { nodes { sum { price whole } } }"
    document = f"query ($having: [AmountListFilter!]) {{ amountsAggregate {{ {by} }} }}"
    sums = [{"price": "850000.4", "whole": "13844065254536904706"}, {"price": "9999998749.87", "whole": "2"}]
    for having, found in (
        ({"sum": {"price": {"eq": "850000.40"}}}, sums[:1]),
        ({"sum": {"price": {"in": ["9999998749.87", "1"]}}}, sums[1:]),
        ({"sum": {"whole": {"gt": "13844065254536904705"}}}, sums[:1]),
        ({"sum": {"whole": {"lt": "1" + "0" * 30}}}, sums),
        ({"max": {"worth": {"eq": "1700000.2"}}}, sums[:1]),
        ({"avg": {"price": {"lt": "1e40"}}}, sums),
    ):
        groups = (await amounts.ask(document, having=having))["amountsAggregate"]["groupBy"]["nodes"]
        assert [group["sum"] for group in groups] == found, having


FILTERS = [
    ('{price: {eq: "0.1"}}', 2),
    ('{price: {in: ["0.100", "-1249.99", "0.1000000000000000055"]}}', 3),
    ('{price: {lt: "0.1000000000000000055"}}', 6),
    ('{price: {gte: "0.1000000000000000055"}}', 3),
    ('{price: {gt: "0.0999999999999999999999"}}', 5),
    ('{price: {ne: "0.1000000000000000055"}}', 10),
    ('{price: {notIn: ["0.1"]}}', 8),
    ("{price: {notIn: []}}", 10),
    ('{free: {eq: "1e30"}}', 1),
    ('{free: {eq: "0.000000000001"}}', 1),
    ('{free: {gt: "999999999999999999"}}', 2),
    ('{free: {gt: "1000000000000000000.5"}}', 1),
    ('{free: {lte: "9007199254740992.5"}}', 7),
    ('{worth: {eq: "0.01"}}', 2),
    ('{worth: {in: ["0.20002", "0.124999"]}}', 2),
    ("{worth: {in: []}}", 0),
    ("{worth: {notIn: []}}", 10),
    ('{worth: {lt: "0.007"}}', 2),
    ('{whole: {eq: "9007199254740993"}}', 1),
    ('{whole: {gt: "9007199254740992"}}', 4),
    ('{weight: {eq: "0.3"}}', 1),
    ("{single: {eq: 0.1}}", 2),
    ("{narrow: {in: [0.1, 1e300]}}", 2),
    ("{single: {lt: 1e300}}", 9),
    ("{single: {gt: -1e300}}", 9),
    ("{narrow: {lte: 0.1}}", 5),
    ("{double: {eq: 0}}", 1),
    ("{double: {eq: -0.0}}", 1),
    ("{double: {eq: 1e23}}", 1),
    ("{double: {eq: 5e-324}}", 1),
    ("{double: {eq: 9007199254740992}}", 1),
    ('{payload: {path: [{at: ["n", "0"], eq: 1180591620717411303424}]}}', 1),
    ('{payload: {path: [{at: ["n", "0"], eq: 1180591620717411303425}]}}', 0),
    ('{payload: {path: [{at: ["n", "0"], gt: 1180591620717411303423}]}}', 1),
    ("{payload: {contains: [0.1]}}", 1),
    ("{payload: {contains: [0.1000000000000000055]}}", 1),
    ("{payload: {contains: [1e23]}}", 1),
    ("{payload: {contains: {a: 18446744073709551617}}}", 1),
    ('{ledger: {total: {gt: "1700000.2999"}}}', 5),
]


async def test_filters_find_what_exact_arithmetic_finds(amounts: Api, subtests: pytest.Subtests) -> None:
    for where, count in FILTERS:
        with subtests.test(where):
            assert await counted(amounts, where) == count


async def test_numbers_are_shown_as_they_were_written(amounts: Api) -> None:
    fields = "price free whole single narrow payload worth"
    nodes = (await amounts.ask(f"{{ amounts {{ nodes {{ {fields} }} }} }}"))["amounts"]["nodes"]
    assert [node["price"] for node in nodes] == list(PRICES)
    assert [node["free"] and Decimal(node["free"]) for node in nodes] == [it and Decimal(it) for it in FREE]
    assert [node["whole"] for node in nodes] == [None if it is None else str(it) for it in WHOLE]
    assert [node["single"] for node in nodes] == [node["narrow"] for node in nodes] == list(SINGLES)
    assert [node["payload"] for node in nodes] == list(DOCUMENTS)
    assert [node["worth"] for node in nodes][:2] == ["0.010000", "0.200020"]


@pytest.mark.parametrize("name", ["price", "free", "worth", "whole", "single", "double", "weight"])
async def test_cursors_of_exact_numbers_lead_on(amounts: Api, name: str) -> None:
    document = f"""
      query ($after: String) {{
        amounts(orderBy: [{{{name}: DESC}}], first: 1, after: $after) {{ edges {{ cursor node {{ id }} }} }}
      }}
    """
    whole = (await amounts.ask(f"{{ amounts(orderBy: [{{{name}: DESC}}]) {{ nodes {{ id }} }} }}"))["amounts"]["nodes"]
    after, seen = None, []
    for _ in range(10):
        (edge,) = (await amounts.ask(document, after=after))["amounts"]["edges"]
        after = edge["cursor"]
        seen.append(edge["node"])
    assert seen == whole


async def test_singles_of_one_value_are_one_group(amounts: Api) -> None:
    document = (
        "{ amountsAggregate { groupBy(by: [{value: SINGLE}]) { nodes { count key { single } sum { narrow } } } } }"
    )
    first = (await amounts.ask(document))["amountsAggregate"]["groupBy"]["nodes"][0]
    assert (first["count"], first["key"]) == (2, {"single": 0.1})
    assert first["sum"]["narrow"] == pytest.approx(0.2)


async def test_a_number_beyond_64_bits_is_no_value_of_a_column(amounts: Api) -> None:
    for where in (f'{{whole: {{eq: "{2**63}"}}}}', f'{{whole: {{in: ["1", "{-(2**63) - 1}"]}}}}'):
        (message,) = await amounts.errors(f"{{ amounts(where: {where}) {{ totalCount }} }}")
        assert message.endswith("stored whole numbers have up to 64 bits; compare with a smaller one.")


@pytest.mark.parametrize("text", ["1_000", " 1", "1 ", "١٢", "１", "0x1", "1e", ".", "--1", "1,5", "∞", "\n1"])  # noqa: RUF001 - digits that are not ASCII
async def test_only_ascii_digits_make_a_number(amounts: Api, text: str) -> None:
    for name, type_ in (("price", "Decimal"), ("whole", "BigInt")):
        document = f"query ($value: {type_}) {{ amounts(where: {{{name}: {{eq: $value}}}}) {{ totalCount }} }}"
        (message,) = await amounts.errors(document, value=text)
        assert "write it as text, for instance" in message


async def test_an_index_serves_filters_and_orders_of_decimals(filled: Filled) -> None:
    async with serve(await filled(SAMPLE, "sqlite"), SAMPLE) as api:
        for condition in (AmountRow.price == Decimal("0.1"), AmountRow.price > Decimal("0.1")):
            statement = select(AmountRow.id).where(condition)
            sql = str(statement.compile(api.engines.primary.sync_engine))
            async with api.engines.primary.connect() as connection:
                plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (0.1,))).all()
            assert "USING COVERING INDEX ix_amounts_price" in plan[0][-1] or "USING INDEX" in plan[0][-1]


@pytest.mark.parametrize("free", ["0.12345678901234567", "1234567890123456789.5", "NaN"])
async def test_sqlite_refuses_what_it_would_round(filled: Filled, free: str) -> None:
    async with serve(await filled(SAMPLE, "sqlite"), SAMPLE) as api, api.engines.primary.connect() as connection:
        with pytest.raises(StatementError, match="this database keeps 15 digits of a number") as caught:
            await connection.execute(insert(AmountRow).values(id=99, free=Decimal(free)))
        assert isinstance(caught.value.orig, UnstorableValue)
        with pytest.raises(StatementError, match="put it into an object or a list"):
            await connection.execute(insert(AmountRow).values(id=99, payload=2**70))


DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12)


@tried(40)
@given(left=DECIMALS | st.integers(-(10**30), 10**30).map(Decimal), right=DECIMALS.filter(bool))
async def test_quotients_are_those_of_postgresql(left: Decimal, right: Decimal, on_postgresql: Api) -> None:
    question = select(literal(left, Numeric()) / literal(right, Numeric()))
    assert (await on_postgresql.rows(question))[0][0] == quotient(left, right)


NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
LONG = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**25), max_value=10**25, places=20)


@tried(200)
@given(NUMBERS, LONG)
def test_a_bound_number_stands_where_its_decimal_stands(stored: float, asked: Decimal) -> None:
    lowest: Any = exact_numbers.FUNCTIONS[exact_numbers.LOWEST].function(str(asked))
    highest: Any = exact_numbers.FUNCTIONS[exact_numbers.HIGHEST].function(str(asked))
    assert (meant(stored) < asked) == (stored < lowest)
    assert (meant(stored) > asked) == (stored > highest)
    assert (meant(stored) == asked) == (stored == exact_numbers.comparable(asked))


@tried(200)
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_the_shortest_digits_of_a_single_are_its_own(single: float) -> None:
    assert nearest(shortest(single)) == single
    assert len(repr(abs(shortest(single))).replace(".", "").partition("e")[0].strip("0")) <= 9
