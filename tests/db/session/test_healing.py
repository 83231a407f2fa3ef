"""Connections that have died together cost neither a read nor a change."""

import asyncio
from functools import partial

import pytest

from db.session import Mode, RequestSession
from db.session.engines import Engines
from db.settings import DatabaseSettings
from tests.db.session.test_engines import kill_unnoticed
from tests.db.session.test_session import COUNT_TAGS, KEPT_COUNT, add_tag, learn

pytestmark = pytest.mark.postgresql


async def crowd(engines: Engines, connections: int = 4) -> None:
    """Have so many connections lie ready."""
    sessions = [RequestSession(engines, Mode.SINGLE) for _ in range(connections)]
    await asyncio.gather(*(session.rows(KEPT_COUNT) for session in sessions))
    await asyncio.gather(*(session.close() for session in sessions))


@pytest.mark.parametrize("mode", Mode)
async def test_connections_that_died_together_cost_no_read(settings: DatabaseSettings, mode: Mode) -> None:
    engines = Engines(settings.model_copy(update={"pool_size": 4, "pool_max_overflow": 0}))
    await learn(engines)
    for number in range(3):
        await crowd(engines)
        kill_unnoticed(settings)
        for _ in range(2):
            found = await asyncio.gather(*(read(engines, mode) for _ in range(6)))
            assert found == [[(0,)] * 2] * 6, number
    await engines.dispose()


async def read(engines: Engines, mode: Mode) -> list[tuple[object, ...]]:
    async with RequestSession(engines, mode) as session:
        return [tuple((await session.rows(statement))[0]) for statement in (KEPT_COUNT, COUNT_TAGS)]


async def add(slug: str, change: RequestSession) -> None:
    await change.rows(add_tag(slug))


async def test_a_change_whose_connection_was_dead_is_made_once(settings: DatabaseSettings) -> None:
    engines = Engines(settings.model_copy(update={"pool_size": 3, "pool_max_overflow": 0}))
    await learn(engines)
    for slug in ("a", "b"):
        await crowd(engines, 3)
        kill_unnoticed(settings)
        async with RequestSession(engines, Mode.CURRENT) as session:
            await session.write(partial(add, slug))
    assert await read(engines, Mode.SNAPSHOT) == [(2,), (2,)]
    await engines.dispose()
