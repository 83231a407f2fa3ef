"""Plans of MariaDB: which tables are read from end to end, what is put in order, and no value of anybody's."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, Text, column, func, insert, literal

from db.dialects import OrderedNeed, Plan, dialect_of
from db.relations import Term
from db.session.engines import Engines
from tests.databases import Database, settings_for

METADATA = MetaData()
POSTS = Table(
    "the posts`",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("title", String(50)),
    Column("body", Text),
    Column("size", Integer, index=True),
)
ROWS = 500


@pytest.fixture
async def engines(blank_database: Database) -> AsyncIterator[Engines]:
    engines = Engines(settings_for(blank_database))
    async with engines.writing().begin() as connection:
        await connection.run_sync(METADATA.create_all)
        rows = [{"title": f"title {number}", "size": number % 50} for number in range(ROWS)]
        await connection.execute(insert(POSTS).values(rows))
    yield engines
    await engines.dispose()


async def plan_of(engines: Engines, sql: str, *given: object, analyze: bool = False, values: bool = False) -> Plan:
    known = dialect_of(engines.dialect)
    async with engines.snapshot_of("primary").connect() as connection:
        rows = (await connection.exec_driver_sql(known.explain_sql(sql, analyze=analyze), given)).all()
    return known.plan(sql, rows, values=values)


FROM = "SELECT p.id FROM `the posts``` AS p"


@pytest.mark.mysql
async def test_a_table_that_is_read_from_end_to_end_has_its_own_name(engines: Engines) -> None:
    plan = await plan_of(engines, f"{FROM} WHERE p.title LIKE %s ORDER BY p.body LIMIT 3", "%x%")
    assert set(plan.scanned) == {POSTS.name}
    assert plan.sorted_rows == pytest.approx(ROWS, rel=0.5)  # the server's own guess
    assert not plan.is_analyzed
    assert (await plan_of(engines, f"{FROM} WHERE p.size = 3")).scanned == {}


@pytest.mark.mysql
async def test_what_happened_is_told_where_the_statement_may_be_run(engines: Engines) -> None:
    plan = await plan_of(engines, f"{FROM} WHERE p.size < %s ORDER BY p.title", 2, analyze=True)
    assert plan.is_analyzed
    assert plan.sorted_rows == ROWS / 50 * 2


@pytest.mark.mysql
@pytest.mark.parametrize(
    "secret",
    ["it's secret", "secret\\", "\\'secret' ,", 'a "secret"', "secret\n", "ünd secret", 'secret", "table_name": "x'],
)
async def test_no_value_is_shown_unless_it_may_be(engines: Engines, secret: str) -> None:
    sql = f"{FROM} WHERE p.title = %s AND p.body <> %s AND p.size + 1 <> 4711"
    shown = await plan_of(engines, sql, secret, f"{secret} other")
    assert "secret" not in shown.text
    assert "other" not in shown.text
    assert "4711" not in shown.text
    assert "p.title" in shown.text
    assert "secret" in (await plan_of(engines, sql, secret, "x", values=True)).text


def test_an_index_is_proposed_where_one_can_serve() -> None:
    known = dialect_of("mysql")
    size, body, title = POSTS.c.size, POSTS.c.body, POSTS.c.title

    def is_served(*order: Term) -> bool:
        return known.ordered_index(OrderedNeed(POSTS, (title,), None, order)) is not None

    assert is_served(Term(size, descending=True, nullable=False))
    assert is_served(Term(size, descending=False, nullable=True, nulls_first=True))
    assert not is_served(Term(size, descending=False, nullable=True, nulls_first=False))
    assert not is_served(Term(body, descending=False, nullable=False))  # an index has the beginnings of long texts
    assert not is_served(Term(func.lower(title), descending=False, nullable=False))
    assert known.ordered_index(OrderedNeed(POSTS, (literal(1) + column("size"),), None, ())) is None
