"""`assert_statements` and its like: what a test of an application may say about the statements of its API."""

from typing import cast

import pytest
from sqlalchemy import Table, insert, select

from db import demo, models
from db.session import Mode, RequestSession
from db.session.engines import Engines
from graph.policies import visibility
from graph.schema import DOMAIN
from graph.testing import assert_statements, max_statements, recorded_statements
from graph.viewer import Viewer
from tests.databases import Database
from tests.doctor.asking import Doctor
from tests.http.conftest import Serve, serve
from tests.mutations.asking import SCHEMA, Asking

__all__ = ["serve"]

FEED = "{ latest: posts(first: 2) { nodes { title author { name } } } }"


@pytest.fixture
async def ask(engines: Engines) -> Asking:
    await demo.fill(engines, scale=1)
    return Asking(engines)


async def test_a_block_that_sends_what_it_says_passes(ask: Asking) -> None:
    with max_statements(2) as sent:
        await ask(FEED)
    assert len(sent) == 2
    assert "FROM posts" in sent[0]
    assert "FROM users" in sent[1]
    with assert_statements(4):
        await ask(FEED)
        await ask(FEED)


async def test_a_block_that_sends_more_fails_and_shows_each_statement_with_its_fields(ask: Asking) -> None:
    with pytest.raises(AssertionError) as failed, max_statements(1):
        await ask(FEED)
    message = str(failed.value)
    assert message.startswith("2 statements were sent; at most 1 are expected:\n1. latest.nodes: 3 rows in ")
    assert "\n2. latest.nodes.author: " in message
    with pytest.raises(AssertionError, match="2 statements were sent; 3 are expected"), assert_statements(3):
        await ask(FEED)


async def test_what_a_server_in_this_process_sends_counts_too(database: Database, ask: Asking, serve: Serve) -> None:
    client = await serve(database.url, domain=DOMAIN)
    with assert_statements(2):
        assert (await client.ask(FEED)).data


async def test_outside_of_blocks_and_inside_of_the_doctor_nothing_else_is_noted(ask: Asking, engines: Engines) -> None:
    with recorded_statements() as around:
        with assert_statements(2):
            await ask(FEED)
        ada = Viewer(1, frozenset({"admin"}))
        await Doctor(SCHEMA, engines, ada, visibility(ada))(FEED)  # it has a trace of its own
    await ask(FEED)
    assert list(around) == []


async def test_an_error_inside_of_a_block_is_the_tests_own(ask: Asking) -> None:
    async def work() -> None:
        await ask(FEED)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), max_statements(0):
        await work()


async def test_what_one_call_sends_for_many_rows_counts_once(engines: Engines) -> None:
    rows = [{"name": f"Tag {number}", "slug": f"tag-{number}"} for number in range(3)]

    async def work(session: RequestSession) -> None:
        await session.execute(insert(cast(Table, models.Tag.__table__)), rows)
        for row in rows:
            await session.execute(select(models.Tag.id).where(models.Tag.slug == row["slug"]))

    async with RequestSession(engines, Mode.CURRENT) as session:
        with assert_statements(1 + len(rows)):
            await session.write(work)
