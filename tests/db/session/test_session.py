"""One session per operation: it lets statements through one by one, and they see one state."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import Executable, Float, bindparam, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from db import models
from db.fast import CompiledStatement
from db.session import Mode, ReadOnlyOperation, RequestSession
from db.session.engines import Engines
from tests.databases import FAST_PATH, StatementRecorder

COUNT_TAGS = select(func.count()).select_from(models.Tag)
SLEEP = CompiledStatement(select(func.pg_sleep(bindparam("seconds", type_=Float))))
KEPT_COUNT = CompiledStatement(COUNT_TAGS)


def add_tag(name: str) -> Executable:
    return insert(models.Tag).values(name=name, slug=name)


async def commit(engines: Engines, statement: Executable) -> None:
    async with engines.writing().begin() as connection:
        await connection.execute(statement)


async def learn(engines: Engines) -> None:
    """Run each kept statement once, so that the next run goes past SQLAlchemy where it can."""
    async with RequestSession(engines) as session:
        await session.rows(KEPT_COUNT)
        if engines.dialect == "postgresql":
            await session.rows(SLEEP, {"seconds": 0})
            assert (KEPT_COUNT.form is not None) is FAST_PATH
            assert (SLEEP.form is not None) is FAST_PATH


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


@pytest.mark.parametrize("mode", Mode)
async def test_fifty_kept_and_other_statements_at_once_take_turns_on_one_connection(
    engines: Engines, mode: Mode
) -> None:
    await learn(engines)
    await commit(engines, add_tag("one"))
    await engines.dispose()
    async with RequestSession(engines, mode) as session:
        answers = await asyncio.gather(
            *(session.rows(KEPT_COUNT) if n % 2 else session.rows(text(f"SELECT {n}")) for n in range(50))
        )
        assert engines.pools()["primary"].checked_out == 1
    assert [rows[0][0] for rows in answers] == [1 if n % 2 else n for n in range(50)]
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


@pytest.mark.parametrize("kept_first", [True, False])
async def test_a_snapshot_is_one_whichever_way_its_statements_go(engines: Engines, kept_first: bool) -> None:
    await learn(engines)
    first, second = (KEPT_COUNT, COUNT_TAGS) if kept_first else (COUNT_TAGS, KEPT_COUNT)
    async with RequestSession(engines, Mode.SNAPSHOT) as session:
        before = [tuple(row) for row in await session.rows(first)]
        await commit(engines, add_tag("late"))
        for statement in (second, first):
            assert [tuple(row) for row in await session.rows(statement)] == before == [(0,)]
        assert [tuple(row) async for row in await session.stream(COUNT_TAGS)] == before
        assert await session.scalar(COUNT_TAGS) == 0
    async with RequestSession(engines, Mode.SNAPSHOT) as session:
        assert [tuple(row) for row in await session.rows(first)] == [(1,)]


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
        with pytest.raises(ReadOnlyOperation):
            await session.rows(text("INSERT INTO tags (name, slug) VALUES ('a', 'a') RETURNING id"))


async def test_work_that_raises_is_undone(engines: Engines) -> None:
    async def work(change: RequestSession) -> None:
        await change.rows(text("INSERT INTO tags (name, slug) VALUES ('a', 'a') RETURNING id"))
        change.add(models.Tag(name="b", slug="b"))
        for statement in (COUNT_TAGS, KEPT_COUNT):
            assert [tuple(row) for row in await change.rows(statement)] == [(2,)]
        raise ZeroDivisionError

    async with RequestSession(engines, Mode.CURRENT) as session:
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await session.write(work)
            assert [tuple(row) for row in await session.rows(KEPT_COUNT)] == [(0,)]
    async with RequestSession(engines) as session:
        assert await session.rows(COUNT_TAGS) == [(0,)]


async def test_work_that_fails_at_its_commit_is_undone(engines: Engines) -> None:
    async def add(change: RequestSession) -> None:
        change.add(models.Tag(name="a", slug="a"))  # not flushed: the commit does it

    async with RequestSession(engines, Mode.CURRENT) as session:
        await session.write(add)
        for _ in range(2):
            with pytest.raises(IntegrityError):
                await session.write(add)
        assert [tuple(row) for row in await session.rows(KEPT_COUNT)] == [(1,)]


async def test_work_that_stands_in_the_way_of_others_is_done_again(engines: Engines) -> None:
    """Two rows, locked in opposite orders until PostgreSQL chooses a victim; SQLite lets one write at a time."""
    for slug in ("a", "b"):
        await commit(engines, add_tag(slug))
    attempts: list[str] = []
    both = asyncio.Barrier(2)

    def renaming(first: str, second: str) -> Callable[[RequestSession], Awaitable[None]]:
        async def work(change: RequestSession) -> None:
            attempts.append(first)
            await rename(change, first)
            if engines.dialect == "postgresql" and len(attempts) <= 2:
                await both.wait()
            await rename(change, second)

        return work

    async def rename(change: RequestSession, slug: str) -> None:
        tag = (await change.scalars(select(models.Tag).where(models.Tag.slug == slug))).one()
        tag.name += "!"
        await change.flush()

    async def write(work: Callable[[RequestSession], Awaitable[None]]) -> None:
        async with RequestSession(engines, Mode.CURRENT) as session:
            await session.write(work)

    await asyncio.gather(write(renaming("a", "b")), write(renaming("b", "a")))
    async with RequestSession(engines) as session:
        names = await session.rows(select(models.Tag.name))
    assert [name.count("!") for (name,) in names] == [2, 2]
    assert len(attempts) == (3 if engines.dialect == "postgresql" else 2)


async def test_everything_shares_one_session_on_one_connection(engines: Engines) -> None:
    async def add(change: RequestSession) -> RequestSession:
        change.add(models.Tag(name="new", slug="new"))
        for statement in (COUNT_TAGS, KEPT_COUNT, KEPT_COUNT):
            assert [tuple(row) for row in await change.rows(statement)] == [(1,)]
        assert await change.scalar(COUNT_TAGS) == 1
        return change

    async with RequestSession(engines, Mode.CURRENT) as session:
        assert await session.rows(COUNT_TAGS) == [(0,)]
        assert await session.scalar(COUNT_TAGS) == 0
        assert await session.write(add) is session
        for statement in (COUNT_TAGS, KEPT_COUNT, KEPT_COUNT):
            assert [tuple(row) for row in await session.rows(statement)] == [(1,)]
        assert await session.scalar(COUNT_TAGS) == 1
        assert engines.pools()["primary"].checked_out == 1
    async with RequestSession(engines) as session:
        assert await session.rows(COUNT_TAGS) == [(1,)]


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
        assert [row.i async for row in await session.stream(numbers, execution_options={"yield_per": 64})] == list(
            range(1, 1001)
        )
        assert await session.rows(text("SELECT 1")) == [(1,)]
