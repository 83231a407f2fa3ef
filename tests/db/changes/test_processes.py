"""A process that gives positions and is killed, or hangs: another one goes on, and nobody misses anything."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from db.changes.feed import Kind, RowChange
from db.session.engines import Engines
from db.settings import HOUSE
from tests.databases import Database, settings_for
from tests.db.changes.logs import PATIENCE_S, Heard, end_followers, following, make, run

METADATA = MetaData()
BOXES = Table("boxes", METADATA, Column("id", Integer, primary_key=True))

pytestmark = [pytest.mark.process, pytest.mark.direct]


@pytest.fixture
async def house(blank_database: Database) -> AsyncIterator[Engines]:
    engines = Engines(settings_for(blank_database))
    await make(engines, METADATA)
    yield engines
    await engines.dispose()


@asynccontextmanager
async def another_process(database: Database) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that follows and gives positions when the block begins."""
    program = ("-m", "tests.db.changes.following_process", database.url)
    process = await asyncio.create_subprocess_exec(sys.executable, *program, cwd=HOUSE, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            while (await process.stdout.readline()).strip() != b"relay":
                pass
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_a_killed_process_is_followed_by_another_one(house: Engines, blank_database: Database) -> None:
    await goes_on(house, blank_database, signal.SIGKILL)


@pytest.mark.postgresql  # on SQLite, one that hangs while it writes holds up all others
async def test_a_process_that_hangs_is_followed_by_another_one(house: Engines, blank_database: Database) -> None:
    await goes_on(house, blank_database, signal.SIGSTOP)


async def goes_on(house: Engines, database: Database, how: signal.Signals) -> None:
    heard = Heard()
    async with another_process(database) as process, following(house, heard) as follower:
        for number in range(1, 6):
            await run(house, f"INSERT INTO boxes (id) VALUES ({number})")
            if number == 2:
                await heard.until(lambda: len(heard.changes) == 2)
                process.send_signal(how)
        await heard.until(lambda: len(heard.changes) == 5)
        assert follower.is_relay
    assert heard.changes == [RowChange("boxes", (str(number),), Kind.INSERT) for number in range(1, 6)]
    assert [batch.position for batch in heard.batches] == [*range(1, len(heard.batches) + 1)]


@pytest.mark.postgresql
async def test_transactions_that_overlap_while_connections_are_killed(house: Engines, blank_database: Database) -> None:
    writers, each, killed_after = 20, 10, 25
    other, dice = Engines(settings_for(blank_database)), random.Random(7)
    heard, there, committed = Heard(), Heard(), 0

    async def write(writer: int) -> None:
        nonlocal committed
        for turn in range(each):
            async with house.writing().begin() as connection:
                await connection.exec_driver_sql(f"INSERT INTO boxes (id) VALUES ({writer * each + turn})")
                await asyncio.sleep(dice.random() / 50)  # so that others begin and end meanwhile
            committed += 1
            if committed % killed_after == 0:
                await end_followers(other)

    async with following(house, heard), following(other, there):
        await asyncio.gather(*map(write, range(writers)))
        for listener in (heard, there):
            await listener.until(lambda listener=listener: len(listener.changes) >= writers * each)  # type: ignore[misc]
    await other.dispose()
    assert heard.batches == there.batches
    assert [batch.position for batch in heard.batches] == [*range(1, writers * each + 1)]
    assert {change.key for change in heard.changes} == {(str(number),) for number in range(writers * each)}
    assert len(heard.lost) > 1 or len(there.lost) > 1
