"""Connections between two requests are parked for a moment, and stay the pool's."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select, text

from db.fast import CompiledStatement, IdleConnections, idle_connections
from db.fast.idle_connections import take_at_once
from db.session import Mode, RequestSession
from db.session.engines import Engines, PoolState
from db.settings import DatabaseSettings

pytestmark = pytest.mark.postgresql

PID = CompiledStatement(select(func.pg_backend_pid()))


def idle(engines: Engines) -> IdleConnections:
    """The parked connections of the primary."""
    parked = engines.idle()[0]
    assert parked is not None
    return parked


async def pid(engines: Engines, mode: Mode = Mode.SINGLE) -> int:
    async with RequestSession(engines, mode) as session:
        number: int = (await session.rows(PID))[0][0]
        return number


@pytest.fixture
async def one(settings: DatabaseSettings) -> Any:
    """Engines whose pool has room for one connection, which is open."""
    engines = Engines(settings.model_copy(update={"pool_size": 1, "pool_max_overflow": 0, "pool_timeout_s": 5}))
    await pid(engines)  # the first run of a kept statement goes through SQLAlchemy
    yield engines
    await engines.dispose()


async def test_the_next_request_takes_the_connection_of_the_last_past_the_pool(one: Engines) -> None:
    first = await pid(one)
    assert len(idle(one)) == 1
    assert one.primary.pool.checkedin() == 0  # type: ignore[attr-defined]  # a queue
    assert one.pools()["primary"] == PoolState(size=1, checked_in=1, checked_out=0, overflow=0)
    assert [await pid(one, mode) for mode in (Mode.SNAPSHOT, Mode.SINGLE)] == [first, first]


async def test_what_nobody_takes_for_a_moment_is_back_in_the_pool(one: Engines) -> None:
    await pid(one)
    assert len(idle(one)) == 1
    await asyncio.sleep(3 * idle_connections.MOMENT_S)
    assert len(idle(one)) == 0
    assert one.primary.pool.checkedin() == 1  # type: ignore[attr-defined]  # as above


async def test_a_busy_connection_passes_the_pool_now_and_then(one: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    await pid(one)
    monkeypatch.setattr(idle_connections, "OUT_OF_THE_POOL_S", 0)
    await pid(one)
    assert len(idle(one)) == 0
    assert one.primary.pool.checkedin() == 1  # type: ignore[attr-defined]  # as above


async def test_what_is_parked_serves_those_who_need_the_pool(one: Engines) -> None:
    first = await pid(one)
    async with asyncio.timeout(idle_connections.MOMENT_S / 2):
        assert await pid(one, Mode.CURRENT) == first


async def test_nothing_is_parked_while_somebody_waits(one: Engines) -> None:
    reading = RequestSession(one)
    await reading.rows(PID)
    waiting = asyncio.create_task(pid(one))
    await asyncio.sleep(0.05)
    await reading.close()
    async with asyncio.timeout(idle_connections.MOMENT_S / 2):
        await waiting


async def test_a_connection_that_died_while_it_was_parked_is_not_handed_out(one: Engines) -> None:
    first = await pid(one)
    parked = idle(one).take()
    assert parked is not None
    parked.pooled.driver_connection.terminate()  # type: ignore[union-attr]  # asyncpg's
    await asyncio.sleep(0)
    assert idle(one).give(parked)
    assert await pid(one) != first


async def test_what_lies_ready_is_taken_at_once_and_nothing_is_opened_for_it(engines: Engines) -> None:
    assert take_at_once(engines.primary) is None
    async with engines.primary.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
    taken = take_at_once(engines.primary)
    assert taken is not None
    assert taken.pooled.driver_connection is driver
    assert take_at_once(engines.primary) is None
    taken.pooled.invalidate()
    assert take_at_once(engines.primary) is None
    assert engines.pools()["primary"] == PoolState(size=2, checked_in=1, checked_out=0, overflow=0)
    async with engines.primary.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
