"""A stream holds the turn until it is read to its end, closed or dropped; its own task may go on meanwhile."""

import asyncio
import gc
import tracemalloc
from contextvars import Context

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncResult, AsyncScalarResult

from db import models
from db.session import Mode, RequestSession, SessionClosed
from db.session.engines import Engines
from tests.db.session.test_session import COUNT_TAGS, KEPT_COUNT, add_tag, commit

NUMBERS = text("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n")
TEN = {"yield_per": 10}


async def driver_of(connection: AsyncConnection) -> object:
    return (await connection.get_raw_connection()).driver_connection


@pytest.mark.parametrize("mode", Mode)
async def test_a_stream_is_sqlalchemys_and_the_next_statement_sees_what_its_mode_says(
    engines: Engines, mode: Mode
) -> None:
    async with RequestSession(engines, mode) as session:
        stream = await session.stream(NUMBERS, execution_options=TEN)
        assert isinstance(stream, AsyncResult)
        assert [len(part) async for part in stream.partitions(10)] == [10] * 100
        assert await session.scalar(COUNT_TAGS) == 0
        await commit(engines, add_tag("late"))
        assert await session.scalar(COUNT_TAGS) == (0 if mode is Mode.SNAPSHOT else 1)
        scalars = await session.stream_scalars(select(models.Tag))
        assert isinstance(scalars, AsyncScalarResult)
        assert isinstance(await scalars.first(), models.Tag | None)
        assert engines.pools()["primary"].checked_out == 1
    assert engines.pools()["primary"].checked_out == 0


@pytest.mark.parametrize("mode", Mode)
async def test_the_task_that_reads_may_send_statements_and_siblings_wait(engines: Engines, mode: Mode) -> None:
    done: list[str] = []

    async def reader(session: RequestSession) -> None:
        async for number in await session.stream_scalars(NUMBERS, execution_options=TEN):
            if number % 100 == 0:
                await session.rows(KEPT_COUNT)
                await session.scalar(COUNT_TAGS)
                await asyncio.gather(session.rows(COUNT_TAGS), session.rows(text(f"SELECT {number}")))
        done.append("reader")

    async def sibling(session: RequestSession) -> None:
        await asyncio.sleep(0)
        assert await session.scalar(COUNT_TAGS) == 0
        done.append("sibling")

    async with RequestSession(engines, mode) as session:
        await asyncio.gather(reader(session), sibling(session), sibling(session))
    assert done == ["reader", "sibling", "sibling"]
    assert engines.pools()["primary"] == (2, 1, 0, 0)


async def test_two_streams_of_one_task_are_read_in_turn(engines: Engines) -> None:
    async with RequestSession(engines) as session:
        first = await session.stream_scalars(NUMBERS, execution_options=TEN)
        second = await session.stream_scalars(NUMBERS, execution_options=TEN)
        pairs = [(await first.fetchmany(10), await second.fetchmany(10)) for _ in range(100)]
        assert all(one == other for one, other in pairs)
        await first.close()
        await second.close()
        assert await session.scalar(COUNT_TAGS) == 0
    assert engines.pools()["primary"] == (2, 1, 0, 0)


@pytest.mark.parametrize("end", ["closed", "dropped", "dropped in a ring"])
async def test_a_stream_that_is_left_early_gives_its_turn_to_the_next(engines: Engines, end: str) -> None:
    read = asyncio.Event()

    async def reader(session: RequestSession) -> None:
        stream = await session.stream(NUMBERS, execution_options=TEN)
        async for row in stream:
            assert row.i == 1
            break
        if end == "closed":
            await stream.close()
        if end == "dropped in a ring":
            ring = [stream]
            ring.append(ring)  # type: ignore[arg-type]  # itself
        read.set()

    async def sibling(session: RequestSession) -> None:
        await read.wait()
        gc.collect()
        assert await session.scalar(COUNT_TAGS) == 0

    async with RequestSession(engines) as session:
        before = await driver_of(await session.connection())
        async with asyncio.timeout(10):
            await asyncio.gather(reader(session), sibling(session))
    assert engines.pools()["primary"].checked_out == 0
    async with engines.primary.connect() as connection:
        # A cursor that was left half-read is in an unknown state, and so is its connection.
        assert (await driver_of(connection) is before) is (end == "closed")


async def test_closing_the_session_lets_those_go_who_waited_for_a_stream(engines: Engines) -> None:
    session = RequestSession(engines)
    stream = await session.stream(NUMBERS, execution_options=TEN)

    async def sibling() -> None:
        await session.scalar(COUNT_TAGS)

    waiting = asyncio.get_running_loop().create_task(sibling(), context=Context())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    await session.close()
    async with asyncio.timeout(10):
        with pytest.raises(SessionClosed):
            await waiting
    assert engines.pools()["primary"].checked_out == 0
    del stream


async def test_a_stream_that_cannot_begin_gives_its_turn_back(engines: Engines) -> None:
    async with RequestSession(engines, Mode.SINGLE) as session:
        for _ in range(2):
            with pytest.raises(Exception, match="nowhere"):
                await session.stream(text("SELECT 1 FROM nowhere"))
        assert await session.scalar(COUNT_TAGS) == 0
    assert engines.pools()["primary"] == (2, 1, 0, 0)


async def test_a_stream_inside_a_change_reads_what_the_change_has_written(engines: Engines) -> None:
    async def work(change: RequestSession) -> list[str]:
        change.add_all(models.Tag(name=slug, slug=slug) for slug in "abc")
        found = []
        async for slug in await change.stream_scalars(select(models.Tag.slug).order_by(models.Tag.slug)):
            found.append(slug)
            await change.execute(add_tag(slug * 2))
        return found

    async with RequestSession(engines, Mode.CURRENT) as session:
        assert await session.write(work) == ["a", "b", "c"]
        assert await session.scalar(COUNT_TAGS) == 6


async def test_memory_stays_flat_whatever_the_size(engines: Engines) -> None:
    many = text("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i, 'x' FROM n")
    async with RequestSession(engines) as session:
        tracemalloc.start()
        async for _ in await session.stream(many, execution_options={"yield_per": 100}):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 1_000_000  # 20,000 rows at once take four times as much
