"""A session ends in time, when it is closed, and when nobody waits for it; it leaves nothing behind."""

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Executable, bindparam, make_url, select, text
from sqlalchemy.exc import DBAPIError

from db.fast import CompiledStatement
from db.session import DeadlineExceeded, Mode, RequestSession, SessionClosed
from db.session.engines import Engines
from db.settings import DatabaseSettings
from tests.db.session.test_engines import kill_unnoticed
from tests.db.session.test_session import COUNT_TAGS, KEPT_COUNT, SLEEP, commit, learn

ENDLESS = {
    "sqlite": text("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"),
    "postgresql": text("SELECT pg_sleep(3600)"),
    "mysql": text("SELECT sleep(3600)"),
}


async def under_way(engines: Engines) -> None:
    """Wait until one connection is out and its statement runs."""
    while engines.pools()["primary"].checked_out == 0:  # noqa: ASYNC110 - a pool has no event to wait for
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)


async def backends(settings: DatabaseSettings) -> list[tuple[str, str]]:
    """What the server's other clients do: the state of each, and its last statement."""
    connection = await asyncpg.connect(
        make_url(settings.primary).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    rows = await connection.fetch(
        "SELECT state, query FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'trellis' ORDER BY backend_start"
    )
    await connection.close()
    return [tuple(row) for row in rows]


async def states(settings: DatabaseSettings) -> list[str]:
    return [state for state, _ in await backends(settings)]


@pytest.mark.postgresql
@pytest.mark.parametrize("statement", [COUNT_TAGS, KEPT_COUNT])
@pytest.mark.direct
async def test_only_a_snapshot_begins_a_transaction_and_none_outlives_its_session(
    engines: Engines, settings: DatabaseSettings, statement: Executable | CompiledStatement
) -> None:
    await learn(engines)
    async with RequestSession(engines, Mode.SINGLE) as session:
        await session.rows(statement)
        assert await states(settings) == ["idle"]
    async with RequestSession(engines, Mode.SNAPSHOT) as session:
        await session.rows(statement)
        assert await states(settings) == ["idle in transaction"]
    ((state, query),) = await backends(settings)
    assert (state, query) == ("idle", "COMMIT")


@pytest.mark.postgresql
@pytest.mark.direct
async def test_an_error_leaves_no_transaction_open(engines: Engines, settings: DatabaseSettings) -> None:
    broken = CompiledStatement(select(1 / bindparam("zero", 1)))
    async with RequestSession(engines) as session:
        await session.rows(broken)
        with pytest.raises(DBAPIError, match="division by zero"):
            await session.rows(broken, {"zero": 0})
        assert await states(settings) == ["idle in transaction (aborted)"]
    assert await states(settings) == ["idle"]


@pytest.mark.postgresql
@pytest.mark.direct
async def test_a_snapshot_that_cannot_begin_fails_alike_for_all_and_leaves_nothing_behind(
    engines: Engines, settings: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await learn(engines)
    monkeypatch.setattr(type(engines.connections), "begin_snapshot", "BEGIN NONSENSE")
    async with RequestSession(engines) as session:
        errors = await asyncio.gather(
            *(session.rows(statement) for statement in (KEPT_COUNT, COUNT_TAGS, KEPT_COUNT)), return_exceptions=True
        )
        assert isinstance(errors[0], DBAPIError)
        assert len({id(error) for error in errors}) == 1
        assert engines.pools()["primary"].checked_out == 0
    monkeypatch.undo()
    async with RequestSession(engines) as session:
        assert await session.rows(text("SELECT 1")) == [(1,)]
    assert await states(settings) == ["idle"]


@pytest.mark.postgresql
@pytest.mark.parametrize("statement", [COUNT_TAGS, KEPT_COUNT])
@pytest.mark.direct
async def test_a_snapshot_that_loses_its_connection_does_not_go_on_with_another_view(
    engines: Engines, settings: DatabaseSettings, statement: Executable | CompiledStatement
) -> None:
    await learn(engines)
    async with RequestSession(engines) as session:
        await session.rows(statement)
        kill_unnoticed(settings)
        for _ in range(2):
            with pytest.raises(DBAPIError) as caught:
                await session.rows(statement)
            assert caught.value.connection_invalidated
        assert engines.pools()["primary"].checked_out == 0
    assert await states(settings) == []


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


@pytest.mark.postgresql
@pytest.mark.parametrize("mode", [Mode.SINGLE, Mode.SNAPSHOT])
async def test_a_kept_statement_over_its_time_stops_on_the_server(settings: DatabaseSettings, mode: Mode) -> None:
    engines = Engines(settings.model_copy(update={"statement_timeout_s": 0.2}))
    await learn(engines)
    async with RequestSession(engines, mode) as session:
        for _ in range(2):
            with pytest.raises(DeadlineExceeded, match=r"longer than 0.2 s"):
                await session.rows(SLEEP, {"seconds": 3600})
        assert engines.pools()["primary"].checked_out == 0
    assert await states(settings) == []
    await engines.dispose()


@pytest.mark.postgresql
@pytest.mark.parametrize("end", ["cancel", "close"])
@pytest.mark.direct
async def test_a_kept_statement_that_nobody_waits_for_stops_on_the_server(
    engines: Engines, settings: DatabaseSettings, end: str
) -> None:
    await learn(engines)
    async with RequestSession(engines) as session:
        statement = asyncio.create_task(session.rows(SLEEP, {"seconds": 3600}))
        await under_way(engines)
        assert await states(settings) == ["active"]
        if end == "cancel":
            statement.cancel()
            with pytest.raises(asyncio.CancelledError):
                await statement
            assert [tuple(row) for row in await session.rows(KEPT_COUNT)] == [(0,)]
        else:
            await session.close()
            with pytest.raises(SessionClosed):
                await statement
            assert not statement.cancelled()
            assert statement.cancelling() == 0
    assert await states(settings) == (["idle"] if end == "cancel" else [])


async def test_a_transaction_that_was_cancelled_does_not_go_on(engines: Engines) -> None:
    async with RequestSession(engines, Mode.CURRENT) as session:
        begun = asyncio.Event()

        async def work(change: RequestSession) -> None:
            begun.set()
            await change.rows(ENDLESS[engines.dialect])

        statement = asyncio.create_task(session.write(work))
        await begun.wait()
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


@pytest.mark.postgresql
async def test_closing_an_idle_session_makes_no_task(engines: Engines) -> None:
    await learn(engines)
    made: list[Any] = []

    def make(loop: asyncio.AbstractEventLoop, work: Any, /) -> asyncio.Task[Any]:
        made.append(work)
        return asyncio.Task(work, loop=loop)

    loop = asyncio.get_running_loop()
    loop.set_task_factory(make)
    try:
        async with RequestSession(engines) as session:
            await session.rows(KEPT_COUNT)
    finally:
        loop.set_task_factory(None)
    assert made == []


@pytest.mark.parametrize("statement", [COUNT_TAGS, KEPT_COUNT])
@pytest.mark.parametrize("mode", Mode)
async def test_a_session_that_is_closed_by_a_cancelled_task_gives_its_connection_back(
    engines: Engines, mode: Mode, statement: Executable | CompiledStatement
) -> None:
    await learn(engines)

    async def cancelled_before_it_closes() -> None:
        async with RequestSession(engines, mode) as session:
            await session.rows(statement)
            task = asyncio.current_task()
            assert task is not None
            task.cancel()

    async def cancelled_while_it_closes() -> None:
        session = RequestSession(engines, mode)
        await session.rows(statement)
        closing = asyncio.create_task(session.close())
        await asyncio.sleep(0)
        closing.cancel()
        await closing

    async def kept_open() -> Any:
        async with engines.primary.connect() as connection:
            return (await connection.get_raw_connection()).driver_connection

    for close in (cancelled_before_it_closes, cancelled_while_it_closes):
        driver = await kept_open()
        await asyncio.gather(close(), return_exceptions=True)
        await asyncio.sleep(0.3)  # what is parked is back in the pool
        assert (await kept_open() is driver) or close is cancelled_while_it_closes
        assert engines.pools()["primary"].checked_out == 0
        # Were a transaction left open, this would wait for it.
        async with asyncio.timeout(5):
            await commit(engines, text("DROP TABLE IF EXISTS post_tags"))


async def test_a_stream_that_is_left_half_read_does_not_keep_its_connection(engines: Engines) -> None:
    numbers = text("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n")
    async with RequestSession(engines) as session:
        await session.rows(text("SELECT 1"))
        stream = await session.stream(numbers, execution_options={"yield_per": 10})
        async for row in stream:
            assert row.i == 1
            break
    assert engines.pools()["primary"].checked_out == 0
