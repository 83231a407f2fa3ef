"""A request's session is an `AsyncSession`: what SQLAlchemy documents works, in turns, and only a change changes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import AsyncSession

from db import models
from db.session import DeadlineExceeded, ManagedTransaction, Mode, ReadOnlyOperation, RequestSession, SessionClosed
from db.session.engines import Engines
from db.settings import DatabaseSettings
from tests.databases import StatementRecorder
from tests.db.session.test_session import COUNT_TAGS, KEPT_COUNT, add_tag, commit, learn
from tests.db.session.test_session_ends import ENDLESS, under_way

BY_SLUG = select(models.Tag).order_by(models.Tag.slug)


@pytest.fixture
async def tags(engines: Engines) -> Engines:
    """Engines on a database with the tags a, b and c, which have the ids 1, 2 and 3."""
    for slug in "abc":
        await commit(engines, add_tag(slug))
    return engines


@pytest.mark.parametrize("mode", Mode)
async def test_siblings_may_all_use_a_cold_session_as_sqlalchemy_documents_it(
    tags: Engines, mode: Mode, statements: StatementRecorder
) -> None:
    await learn(tags)
    await tags.dispose()
    async with RequestSession(tags, mode) as session:
        with statements() as seen:
            found: list[Any] = await asyncio.gather(
                session.execute(BY_SLUG),
                session.scalar(COUNT_TAGS),
                session.scalars(BY_SLUG),
                session.get(models.Tag, 99),
                session.get_one(models.Tag, 2),
                session.run_sync(lambda sync: sync.scalar(select(models.Tag).where(models.Tag.id == 3))),
                session.rows(select(models.Tag.slug).order_by(models.Tag.slug)),
                session.rows(KEPT_COUNT),
                _streamed(session),
            )
        assert tags.pools()["primary"].checked_out == 1
        executed, scalar, scalars, got, one, ran, rows, kept, streamed = found
        first, second, third = executed.scalars()
        assert (scalar, got, one, ran) == (3, None, second, third)
        assert [first, second, third] == list(scalars)
        assert [slug for (slug,) in rows] == streamed == ["a", "b", "c"]
        assert [tuple(row) for row in kept] == [(3,)]
    # Each but `get_one`, which finds its row in the session: execute came first.
    assert len(seen) == 8
    assert tags.pools()["primary"].checked_out == 0


async def _streamed(session: RequestSession) -> list[str]:
    return [slug async for slug in await session.stream_scalars(select(models.Tag.slug).order_by(models.Tag.slug))]


async def test_a_session_whose_entities_nobody_wants_makes_no_session_of_sqlalchemy(engines: Engines) -> None:
    async with RequestSession(engines) as session:
        await session.rows(COUNT_TAGS)
        assert "sync_session" not in vars(session)
        assert isinstance(session, AsyncSession)
        assert session.sync_session is session.sync_session
        with pytest.raises(AttributeError, match="nonsense"):
            _ = session.nonsense  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["mode", "dialect"])
async def test_how_a_session_begins_is_said_when_it_is_made(engines: Engines, name: str) -> None:
    session = RequestSession(engines, Mode.SINGLE)
    with pytest.raises(AttributeError):
        setattr(session, name, Mode.CURRENT)
    assert (session.mode, session.dialect) == (Mode.SINGLE, engines.dialect)


async def test_entities_are_of_the_same_view_as_rows(tags: Engines) -> None:
    async with RequestSession(tags) as session:
        assert [row.slug for row in await session.rows(select(models.Tag.slug))] == ["a", "b", "c"]
        await commit(tags, add_tag("late"))
        assert len((await session.scalars(select(models.Tag))).all()) == 3
        tag = await session.get_one(models.Tag, 1)
        await commit(tags, update(models.Tag).values(name="changed"))
        await session.refresh(tag)
        merged = await session.merge(models.Tag(id=1, name="a", slug="a"))
        assert (merged, tag.name) == (tag, "a")


@pytest.mark.parametrize("mode", Mode)
async def test_an_entity_over_its_time_ends_the_session_and_its_connection(
    settings: DatabaseSettings, mode: Mode
) -> None:
    engines = Engines(settings.model_copy(update={"statement_timeout_s": 0.5}))  # enough for a count on a busy machine
    async with RequestSession(engines, mode) as session:
        await session.scalar(COUNT_TAGS)
        for _ in range(2):
            with pytest.raises(DeadlineExceeded, match=r"longer than 0.5 s"):
                await session.execute(ENDLESS[engines.dialect])
        assert engines.pools()["primary"].checked_out == 0
    await engines.dispose()


async def test_a_cancelled_reader_of_entities_goes_on_with_a_new_view(tags: Engines) -> None:
    async with RequestSession(tags) as session:
        assert await session.scalar(COUNT_TAGS) == 3
        statement = asyncio.create_task(session.execute(ENDLESS[tags.dialect]))
        await under_way(tags)
        statement.cancel()
        with pytest.raises(asyncio.CancelledError):
            await statement
        assert tags.pools()["primary"].checked_out == 0
        await commit(tags, add_tag("d"))
        assert await session.scalar(COUNT_TAGS) == 4


async def test_closing_stops_a_statement_for_entities_and_refuses_what_follows(tags: Engines) -> None:
    session = RequestSession(tags)
    running = asyncio.create_task(session.execute(ENDLESS[tags.dialect]))
    waiting = asyncio.create_task(session.get(models.Tag, 1))
    await under_way(tags)
    await session.close()
    for statement in (running, waiting, session.scalar(COUNT_TAGS)):
        with pytest.raises(SessionClosed):
            await statement
    assert tags.pools()["primary"].checked_out == 0


Use = Callable[[RequestSession], Awaitable[Any]]

CONTROLS: dict[str, Use] = {
    "commit": lambda session: session.commit(),
    "rollback": lambda session: session.rollback(),
    "begin": lambda session: session.begin().start(),
    "reset": lambda session: session.reset(),
    "invalidate": lambda session: session.invalidate(),
    "run_sync": lambda session: session.run_sync(lambda sync: sync.commit()),
}


@pytest.mark.parametrize("name", CONTROLS)
async def test_nobody_but_a_change_ends_the_transaction(tags: Engines, name: str) -> None:
    async def work(change: RequestSession) -> None:
        change.add(models.Tag(name="d", slug="d"))
        with pytest.raises(ManagedTransaction, match="a mutation commits once, at its end"):
            await CONTROLS[name](change)

    for mode in Mode:
        async with RequestSession(tags, mode) as session:
            with pytest.raises(ManagedTransaction, match="use `begin_nested`"):
                await CONTROLS[name](session)
            assert await session.scalar(COUNT_TAGS) == 3
    async with RequestSession(tags, Mode.CURRENT) as session:
        await session.write(work)
        assert await session.scalar(COUNT_TAGS) == 4


async def _flush_new(session: RequestSession) -> None:
    session.add(models.Tag(name="d", slug="d"))
    await session.flush()


async def _flush_changed(session: RequestSession) -> None:
    (await session.get_one(models.Tag, 1)).name = "changed"
    await session.scalar(COUNT_TAGS)


async def _flush_deleted(session: RequestSession) -> None:
    await session.delete(await session.get_one(models.Tag, 1))
    await session.execute(BY_SLUG)


WRITES: dict[str, Use] = {
    "new": _flush_new,
    "changed": _flush_changed,
    "deleted": _flush_deleted,
    "execute": lambda session: session.execute(add_tag("d")),
    "scalar": lambda session: session.scalar(insert(models.Tag).values(name="d", slug="d").returning(models.Tag.id)),
    "scalars": lambda session: session.scalars(update(models.Tag).values(name="d").returning(models.Tag.id)),
    "stream": lambda session: session.stream(update(models.Tag).values(name="d").returning(models.Tag.id)),
}


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("name", WRITES)
async def test_nothing_is_written_outside_a_change(tags: Engines, mode: Mode, name: str) -> None:
    async with RequestSession(tags, mode) as session:
        with pytest.raises(ReadOnlyOperation, match=r"work that `session.write` is given"):
            await WRITES[name](session)
    async with RequestSession(tags) as session:
        assert [tuple(row) for row in await session.rows(select(models.Tag.name))] == [("a",), ("b",), ("c",)]


async def test_an_entity_that_is_set_to_what_it_is_may_be_flushed_in_a_query(tags: Engines) -> None:
    async with RequestSession(tags) as session:
        tag = await session.get_one(models.Tag, 1)
        tag.name = "a"
        await session.flush()


@pytest.mark.parametrize("mode", Mode)
async def test_a_savepoint_is_one_in_every_mode(tags: Engines, mode: Mode) -> None:
    async with RequestSession(tags, mode) as session:
        async with session.begin_nested() as savepoint:
            assert savepoint.is_active
            assert await session.scalar(COUNT_TAGS) == 3
            assert [tuple(row) for row in await session.rows(KEPT_COUNT)] == [(3,)]
        with pytest.raises(NoResultFound):
            async with session.begin_nested():
                await session.get_one(models.Tag, 99)
        assert await session.scalar(COUNT_TAGS) == 3
    assert tags.pools()["primary"].checked_out == 0


async def test_closing_does_not_wait_for_a_savepoint_that_nobody_ends(tags: Engines) -> None:
    session = RequestSession(tags)
    savepoint = await session.begin_nested()
    assert await session.scalar(COUNT_TAGS) == 3
    async with asyncio.timeout(10):
        await session.close()
    assert tags.pools()["primary"].checked_out == 0
    with pytest.raises(SessionClosed):
        await savepoint.commit()


async def test_no_row_is_no_row_and_the_session_goes_on(tags: Engines) -> None:
    async with RequestSession(tags) as session:
        with pytest.raises(NoResultFound):
            await session.get_one(models.Tag, 99)
        assert await session.scalar(select(func.max(models.Tag.slug))) == "c"


async def test_a_connection_of_sqlalchemy_is_the_sessions_own(tags: Engines) -> None:
    async with RequestSession(tags) as session:
        connection = await session.connection()
        assert await connection.scalar(COUNT_TAGS) == 3
        await commit(tags, add_tag("late"))
        assert await connection.scalar(text("SELECT count(*) FROM tags")) == 3
        assert tags.pools()["primary"].checked_out == 1
