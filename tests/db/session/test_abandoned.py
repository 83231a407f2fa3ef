"""A statement of SQLite whose task is cancelled stops, however far its thread has come."""

import asyncio
import threading
import time

import pytest

from db.session.engines import Engines

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
PATIENCE_S = 30

pytestmark = pytest.mark.sqlite


@pytest.mark.parametrize("turns", [1, 2, 3, 100])
async def test_a_statement_that_is_abandoned_stops_before_and_after_it_begins(engines: Engines, turns: int) -> None:
    async with engines.primary.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        for _ in range(20):
            statement = asyncio.create_task(driver.execute(ENDLESS))
            for _ in range(turns):  # after the first the thread has its work, and has perhaps not begun
                await asyncio.sleep(0)
            statement.cancel()
            with pytest.raises(asyncio.CancelledError):
                await statement
            # The thread does one thing after another: this would wait for the end of the endless one.
            async with asyncio.timeout(PATIENCE_S):
                assert await (await driver.execute("SELECT 1")).fetchone() == (1,)


async def test_what_comes_after_an_abandoned_statement_is_not_interrupted(engines: Engines) -> None:
    long = ENDLESS.replace("FROM n)", "FROM n WHERE i < 20000)")
    async with engines.primary.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        for turns in range(50):
            abandoned = asyncio.create_task(driver.execute(long))
            for _ in range(1 + turns):
                await asyncio.sleep(0)
            abandoned.cancel()
            await asyncio.gather(abandoned, return_exceptions=True)
            assert await (await driver.execute(long)).fetchone() == (20000,)


async def test_rows_that_nobody_fetches_do_not_keep_an_interruption_alive(engines: Engines) -> None:
    executed, abandoned = threading.Event(), threading.Event()
    async with engines.primary.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None

        def execute_and_wait() -> object:
            cursor = driver._conn.execute("SELECT 1 UNION ALL SELECT 2")  # noqa: SLF001 - what `execute` of the driver does in its thread
            executed.set()
            abandoned.wait(PATIENCE_S)
            return cursor

        call = asyncio.create_task(driver._execute(execute_and_wait))  # noqa: SLF001 - the same
        await asyncio.to_thread(executed.wait, PATIENCE_S)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        abandoned.set()
        assert await (await driver.execute(ENDLESS.replace("FROM n)", "FROM n WHERE i < 20000)"))).fetchone() == (
            20000,
        )


async def test_rows_that_came_as_their_task_was_cancelled_do_not_keep_an_interruption_alive(engines: Engines) -> None:
    async with engines.primary.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        late = asyncio.create_task(driver.execute("SELECT 1 UNION ALL SELECT 2"))
        await asyncio.sleep(0)
        time.sleep(0.1)  # noqa: ASYNC251 - the thread is done, and the loop does not know it yet
        late.cancel()
        await asyncio.gather(late, return_exceptions=True)
        abandoned = asyncio.create_task(driver.execute(ENDLESS))
        await asyncio.sleep(0.05)
        abandoned.cancel()
        await asyncio.gather(abandoned, return_exceptions=True)
        assert await (await driver.execute(ENDLESS.replace("FROM n)", "FROM n WHERE i < 20000)"))).fetchone() == (
            20000,
        )
