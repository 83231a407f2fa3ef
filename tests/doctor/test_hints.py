"""Hints: the index that is proposed is taken by the database, and then there is nothing left to say."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from sqlalchemy import text

from db.session.engines import Engines
from graph.testing import Examined
from tests.doctor.asking import Doctor
from tests.doctor.shop_rows import SHOP, Query
from tests.entity.conftest import Filled, dialect, filled
from tests.entity.serving import schema_of, settings_of

__all__ = ["dialect", "filled"]


class Case(NamedTuple):
    """A question, and the index that it wants."""

    question: str
    postgresql: str
    """What follows the name of the table in CREATE INDEX."""
    sqlite: str | None
    """None: no index of SQLite's serves."""


CASES = {
    "equal": Case('{ sales(where: {code: {eq: "S00010"}}) { nodes { id } } }', "(code, id)", "(code, id)"),
    "two equal": Case(
        '{ sales(where: {code: {eq: "S00010"}, amount: {in: [1, 2]}}) { nodes { id } } }',
        "(code, amount, id)",
        "(code, amount, id)",
    ),
    "a range": Case("{ salesAggregate(where: {amount: {lt: 20}}) { count } }", "(amount)", "(amount)"),
    "an order": Case(
        "{ sales(first: 3, orderBy: [{amount: ASC}]) { nodes { code } } }", "(amount, id)", "(amount, id)"
    ),
    "an order with nulls": Case(
        "{ sales(first: 3, orderBy: [{weight: DESC}]) { nodes { code } } }",
        "(weight DESC NULLS LAST, id DESC)",
        "(weight DESC, id DESC)",
    ),
    "a filter and an order": Case(
        "{ sales(first: 3, where: {weight: {eq: 7}}, orderBy: [{soldAt: DESC}]) { nodes { code } } }",
        "(weight, sold_at DESC, id DESC)",
        "(weight, sold_at DESC, id DESC)",
    ),
    "pages of a relation": Case(
        "{ customers(first: 5) { nodes { sales(first: 2, orderBy: [{amount: DESC}]) { nodes { code } } } } }",
        "(customer_id, amount DESC, id DESC)",
        "(customer_id, amount DESC, id DESC)",
    ),
    "counts of a relation": Case(
        "{ customers(first: 5) { nodes { sales { totalCount } } } }", "(customer_id)", "(customer_id)"
    ),
    "a part of a text": Case(
        '{ salesAggregate(where: {note: {contains: "el 00123 fo"}}) { count } }', "USING gin (note gin_trgm_ops)", None
    ),
    "a part of a text, whatever the case": Case(
        '{ salesAggregate(where: {note: {containsIgnoreCase: "EL 00123 FO"}}) { count } }',
        'USING gin (lower(CAST(note AS TEXT) COLLATE "default") gin_trgm_ops)',
        None,
    ),
    "the start of a text": Case(
        '{ salesAggregate(where: {note: {startsWith: "parcel 00123"}}) { count } }', "(note text_pattern_ops)", None
    ),
    "a text whatever its case": Case(
        '{ salesAggregate(where: {code: {eqIgnoreCase: "s00010"}}) { count } }',
        '(lower(CAST(code AS TEXT) COLLATE "default"))',
        None,
    ),
    "inside of JSON": Case(
        "{ salesAggregate(where: {details: {contains: {lot: 77}}}) { count } }", "USING gin (details)", None
    ),
}


@pytest.fixture
async def doctor(dialect: str, filled: Filled) -> AsyncIterator[Doctor]:
    """A doctor in a shop that its database has looked at. Indexes that a test makes are dropped by the test."""
    engines = Engines(settings_of(await filled(SHOP, dialect)))
    await run(engines, "ANALYZE")
    yield Doctor(schema_of(Query), engines)  # type: ignore[arg-type]  # a class is hashable
    await engines.dispose()


async def run(engines: Engines, *statements: str) -> None:
    """Run statements past everything that is tried here."""
    async with engines.writing().begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def test_an_index_that_is_proposed_serves_and_is_not_proposed_again(doctor: Doctor) -> None:
    dialect = doctor.engines.dialect
    for name, case in CASES.items():
        wanted = case.postgresql if dialect == "postgresql" else case.sqlite
        before = await doctor(case.question, explain=True)
        proposed = [sql for sql in before.hints if sql is not None]
        if wanted is None:
            continue
        assert len(proposed) == 1, (name, proposed, plans(before))
        assert proposed[0].startswith("CREATE INDEX "), name
        assert proposed[0].partition(" ON sales ")[2] == wanted, name
        if "gin_trgm_ops" in proposed[0]:
            await run(doctor.engines, "CREATE EXTENSION IF NOT EXISTS pg_trgm")
        await run(doctor.engines, proposed[0])
        index = proposed[0].split()[2]
        after = await doctor(case.question, explain=True)
        assert after.hints == [], (name, plans(after))
        assert index in plans(after), (name, plans(after))
        assert after.data == before.data
        await run(doctor.engines, f"DROP INDEX {index}")


def plans(examined: Examined) -> str:
    return "\n".join(statement["plan"]["text"] for statement in examined.work)


QUIET = {
    "few rows": '{ shelves(where: {name: {eq: "shelf 3"}}, orderBy: [{name: DESC}]) { nodes { name } } }',
    "a key": "{ sales(first: 3) { nodes { code customer { name } } } }",
    "all rows": "{ salesAggregate { count } }",
    "negations": '{ salesAggregate(where: {code: {ne: "S00010"}}) { count } }',
}


async def test_nothing_is_proposed_where_an_index_would_not_serve(doctor: Doctor) -> None:
    for name, question in QUIET.items():
        examined = await doctor(question, explain=True)
        assert examined.hints == [], (name, plans(examined))


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_a_filter_that_most_rows_pass_is_read_from_end_to_end(doctor: Doctor) -> None:
    examined = await doctor("{ salesAggregate(where: {amount: {gt: 20}}) { count } }", explain=True)
    assert "Seq Scan" in plans(examined)
    assert examined.hints == []


async def test_an_index_that_there_is_is_not_proposed_though_the_plan_leaves_it_alone(doctor: Doctor) -> None:
    question = '{ salesAggregate(where: {code: {eq: "S00010"}}) { count } }'
    (proposed,) = (await doctor(question, explain=True)).hints
    assert proposed == "CREATE INDEX ix_sales_code ON sales (code)"
    await run(doctor.engines, "CREATE INDEX of_mine ON sales (code, weight)")
    assert (await doctor(question, explain=True)).hints == []
    await run(doctor.engines, "DROP INDEX of_mine")
