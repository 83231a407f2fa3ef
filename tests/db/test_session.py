"""One session per operation: it lets statements through one by one, sees one state, and leaves nothing behind."""

import asyncio

import pytest
from sqlalchemy import Executable, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from db import models
from db.engine import Engines
from db.session import DeadlineExceeded, Mode, RequestSession, SessionClosed
from db.settings import DatabaseSettings
from tests.databases import StatementRecorder

ENDLESS = {
    "sqlite": text("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"),
    "postgresql": text("SELECT pg_sleep(3600)"),
}
COUNT_TAGS = select(func.count()).select_from(models.Tag)


def add_tag(name: str) -> Executable:
    return insert(models.Tag).values(name=name, slug=name)


async def commit(engines: Engines, statement: Executable) -> None:
    async with engines.writing().begin() as connection:
        await connection.execute(statement)


async def under_way(engines: Engines) -> None:
    """Wait until one connection is out and its statement runs."""
    while engines.pools()["primary"].checked_out == 0:  # noqa: ASYNC110 - a pool has no event to wait for
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)


@pytest.mark.parametrize("mode", Mode)
async def test_a_cold_session_survives_fifty_statements_at_once(
    engines: Engines, mode: Mode, statements: StatementRecorder
) -> None:
    async with RequestSession(engines, mode) as session:
        with statements() as seen:
            answers = await asyncio.gather(*(session.rows(text(f"SELECT {n}")) for n in range(50)))
    assert [rows[0][0] for rows in answers] == list(range(50))
    assert seen == [f"SELECT {n}" for n in range(50)]
    assert session.statements == 50


async def test_a_session_that_asks_nothing_takes_no_connection(engines: Engines) -> None:
    async with RequestSession(engines) as session:
        assert session.statements == 0
        assert engines.pools()["primary"] == (2, 0, 0, 0)
    assert engines.pools()["primary"] == (2, 0, 0, 0)


async def test_a_snapshot_does_not_see_what_others_commit(engines: Engines) -> None:
    async with RequestSession(engines, Mode.SNAPSHOT) as session:
        before = await session.rows(COUNT_TAGS)
        await commit(engines, add_tag("late"))
        assert await session.rows(COUNT_TAGS) == before == [(0,)]
    async with RequestSession(engines, Mode.SNAPSHOT) as session:
        assert await session.rows(COUNT_TAGS) == [(1,)]


async def test_a_single_statement_sees_what_others_have_just_committed(engines: Engines) -> None:
    async with RequestSession(engines, Mode.SINGLE) as session:
        assert await session.rows(COUNT_TAGS) == [(0,)]
        await commit(engines, add_tag("early"))
        assert await session.rows(COUNT_TAGS) == [(1,)]


async def test_a_single_statement_leaves_no_transaction_open(engines: Engines) -> None:
    async with RequestSession(engines, Mode.SINGLE) as session:
        await session.rows(text("SELECT 1"))
        # A transaction that was open would keep the tables: on either database, dropping one would wait.
        await asyncio.wait_for(commit(engines, text("DROP TABLE post_tags")), timeout=10)


@pytest.mark.postgresql
async def test_a_snapshot_refuses_to_write(engines: Engines) -> None:
    async with RequestSession(engines, Mode.SNAPSHOT) as session:
        with pytest.raises(DBAPIError, match="read-only transaction"):
            await session.rows(text("INSERT INTO tags (name, slug) VALUES ('a', 'a') RETURNING id"))


async def test_what_is_not_committed_is_gone(engines: Engines) -> None:
    async with RequestSession(engines, Mode.WRITE) as session:
        await session.rows(text("INSERT INTO tags (name, slug) VALUES ('a', 'a') RETURNING id"))
        assert await session.rows(COUNT_TAGS) == [(1,)]
    async with RequestSession(engines) as session:
        assert await session.rows(COUNT_TAGS) == [(0,)]


@pytest.mark.parametrize("mode", Mode)
async def test_a_statement_over_its_time_ends_the_session_and_its_connection(
    settings: DatabaseSettings, mode: Mode
) -> None:
    engines = Engines(settings.model_copy(update={"statement_timeout_s": 0.1}))
    async with RequestSession(engines, mode) as session:
        with pytest.raises(DeadlineExceeded, match=r"longer than 0.1 s"):
            await session.rows(ENDLESS[engines.dialect])
        # What comes later would see another state, or the rest of a transaction: it fails too.
        with pytest.raises(DeadlineExceeded):
            await session.rows(text("SELECT 1"))
        assert engines.pools()["primary"].checked_out == 0
    await engines.dispose()


@pytest.mark.postgresql
async def test_a_statement_over_its_time_stops_on_the_server_and_its_connection_is_not_used_again(
    settings: DatabaseSettings,
) -> None:
    engines = Engines(settings.model_copy(update={"statement_timeout_s": 0.2, "pool_size": 1, "pool_max_overflow": 0}))
    async with RequestSession(engines) as session:
        [(backend,)] = await session.rows(text("SELECT pg_backend_pid()"))
        with pytest.raises(DeadlineExceeded):
            await session.rows(ENDLESS["postgresql"])
    async with RequestSession(engines) as session:
        [(next_backend,)] = await session.rows(text("SELECT pg_backend_pid()"))
        running = await session.rows(text("SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"))
    assert next_backend != backend
    assert (backend,) not in running
    await engines.dispose()


@pytest.mark.postgresql
async def test_the_servers_own_timeout_is_the_same_error(engines: Engines) -> None:
    async with RequestSession(engines) as session:
        await session.rows(text("SELECT set_config('statement_timeout', '50ms', true)"))
        with pytest.raises(DeadlineExceeded):
            await session.rows(ENDLESS["postgresql"])


async def test_a_cancelled_statement_stops_and_leaves_the_pool_whole(engines: Engines) -> None:
    async with RequestSession(engines) as session:
        statement = asyncio.create_task(session.rows(ENDLESS[engines.dialect]))
        await under_way(engines)
        statement.cancel()
        with pytest.raises(asyncio.CancelledError):
            await statement
        assert engines.pools()["primary"].checked_out == 0
        assert await session.rows(text("SELECT 1")) == [(1,)]


@pytest.mark.parametrize("mode", Mode)
async def test_a_session_that_is_cancelled_while_it_waits_for_a_connection_takes_none(
    settings: DatabaseSettings, mode: Mode
) -> None:
    engines = Engines(settings.model_copy(update={"pool_size": 1, "pool_max_overflow": 0}))
    async with RequestSession(engines, Mode.SINGLE) as holder:
        await holder.rows(text("SELECT 1"))
        async with RequestSession(engines, mode) as session:
            waiting = asyncio.create_task(session.rows(text("SELECT 2")))
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
    assert engines.pools()["primary"] == (1, 1, 0, 0)
    async with RequestSession(engines, mode) as session:
        assert await session.rows(text("SELECT 3")) == [(3,)]
    await engines.dispose()


async def test_a_transaction_that_was_cancelled_does_not_go_on(engines: Engines) -> None:
    async with RequestSession(engines, Mode.WRITE) as session:
        statement = asyncio.create_task(session.rows(ENDLESS[engines.dialect]))
        await under_way(engines)
        statement.cancel()
        with pytest.raises(asyncio.CancelledError):
            await statement
        with pytest.raises(SessionClosed):
            await session.rows(text("SELECT 1"))


async def test_closing_stops_the_statement_that_nobody_waits_for(engines: Engines) -> None:
    session = RequestSession(engines)
    running = asyncio.create_task(session.rows(ENDLESS[engines.dialect]))
    waiting = asyncio.create_task(session.rows(text("SELECT 1")))
    await under_way(engines)
    await session.close()
    for statement in (running, waiting):
        with pytest.raises(SessionClosed):
            await statement
    assert engines.pools()["primary"].checked_out == 0


async def test_a_closed_session_says_so_and_closes_twice(engines: Engines) -> None:
    session = RequestSession(engines)
    await session.rows(text("SELECT 1"))
    await session.close()
    await session.close()
    with pytest.raises(SessionClosed, match="load what you need before"):
        await session.rows(text("SELECT 1"))


async def test_a_failed_statement_gives_its_turn_to_the_next(engines: Engines) -> None:
    async with RequestSession(engines, Mode.SINGLE) as session:
        failing = [session.rows(text("SELECT nothing FROM nowhere")) for _ in range(3)]
        errors = await asyncio.gather(*failing, return_exceptions=True)
        assert all(isinstance(error, DBAPIError) for error in errors)
        assert await session.rows(text("SELECT 1")) == [(1,)]


@pytest.mark.parametrize("mode", [Mode.SINGLE, Mode.SNAPSHOT])
async def test_a_stream_yields_every_row(engines: Engines, mode: Mode) -> None:
    numbers = text("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n")
    async with RequestSession(engines, mode) as session:
        assert [row.i async for row in session.stream(numbers, batch_size=64)] == list(range(1, 1001))
        assert await session.rows(text("SELECT 1")) == [(1,)]


async def test_a_stream_that_is_left_half_read_does_not_keep_its_connection(engines: Engines) -> None:
    numbers = text("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n")
    async with RequestSession(engines) as session:
        await session.rows(text("SELECT 1"))
        stream = session.stream(numbers, batch_size=10)
        async for row in stream:
            assert row.i == 1
            break
    assert engines.pools()["primary"].checked_out == 0
    await stream.aclose()  # type: ignore[attr-defined]  # a generator, promised as an iterator
