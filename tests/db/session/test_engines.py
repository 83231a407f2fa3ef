"""Engines open connections as the settings say, and know how to begin."""

import asyncio
import threading
import time
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.session import Mode, RequestSession
from db.session.engines import Engines, PoolState
from db.settings import DatabaseSettings
from tests.databases import Database, settings_for


def kill_unnoticed(settings: DatabaseSettings) -> None:
    """End every connection of ours on the server, while the event loop of the test stands still and hears nothing."""

    async def kill() -> None:
        connection = await asyncpg.connect(
            make_url(settings.primary).set(drivername="postgresql").render_as_string(hide_password=False)
        )
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'trellis'"
        )
        await connection.close()

    killing = threading.Thread(target=asyncio.run, args=(kill(),))
    killing.start()
    killing.join()


@pytest.mark.sqlite
async def test_a_sqlite_connection_is_told_how_to_behave(engines: Engines) -> None:
    async with engines.reading().connect() as connection:
        pragmas = {
            name: await connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        assert pragmas == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 30_000}
        assert await connection.scalar(text("SELECT 'A' LIKE 'a'")) == 0


@pytest.mark.postgresql
@pytest.mark.direct
async def test_a_postgresql_connection_is_told_how_to_behave(engines: Engines) -> None:
    async with engines.reading().connect() as connection:
        for name, value in {"statement_timeout": "30s", "jit": "off", "application_name": "trellis"}.items():
            assert await connection.scalar(text(f"SHOW {name}")) == value


@pytest.mark.postgresql
async def test_pgbouncer_gets_no_prepared_statements_and_no_start_up_settings(settings: DatabaseSettings) -> None:
    engines = Engines(settings.model_copy(update={"pgbouncer": True}))
    async with engines.writing().connect() as connection:
        for _ in range(3):
            await connection.execute(text("SELECT 1"))
        assert await connection.scalar(text("SELECT count(*) FROM pg_prepared_statements")) == 0
        assert await connection.scalar(text("SHOW statement_timeout")) == "0"
    await engines.dispose()


@pytest.mark.postgresql
@pytest.mark.parametrize("way", ["reading", "snapshot", "writing", Mode.SINGLE, Mode.SNAPSHOT, Mode.CURRENT])
@pytest.mark.direct
async def test_a_connection_that_died_while_it_was_idle_is_replaced_unseen(
    settings: DatabaseSettings, way: str | Mode
) -> None:
    engines = Engines(settings.model_copy(update={"pool_pre_ping_idle_s": 0.05}))

    async def backend() -> int:
        if isinstance(way, Mode):
            async with RequestSession(engines, way) as session:
                ((number,),) = await session.rows(text("SELECT pg_backend_pid()"))
        else:
            async with getattr(engines, way)().connect() as connection:
                number = await connection.scalar(text("SELECT pg_backend_pid()"))
        return int(number)

    first = await backend()
    assert await backend() == first
    kill_unnoticed(settings)
    time.sleep(0.1)  # noqa: ASYNC251 - the loop must not hear of it
    assert await backend() != first
    assert engines.pools()["primary"]._replace(size=0) == (0, 1, 0, 0)
    await engines.dispose()


@pytest.mark.postgresql
@pytest.mark.direct
async def test_a_connection_that_the_socket_says_is_lost_is_replaced_whatever_its_age(
    settings: DatabaseSettings,
) -> None:
    engines = Engines(settings.model_copy(update={"pool_pre_ping": False}))
    async with RequestSession(engines) as session:
        first = await session.rows(text("SELECT pg_backend_pid()"))
    kill_unnoticed(settings)
    await asyncio.sleep(0.05)
    async with RequestSession(engines) as session:
        assert await session.rows(text("SELECT pg_backend_pid()")) != first
    await engines.dispose()


@pytest.mark.postgresql
@pytest.mark.parametrize(("idle_s", "pre_ping", "pings"), [(0.0, True, 2), (60.0, True, 0), (0.0, False, 0)])
async def test_only_a_connection_that_was_idle_is_asked_whether_it_lives(
    settings: DatabaseSettings, idle_s: float, pre_ping: bool, pings: int
) -> None:
    engines = Engines(settings.model_copy(update={"pool_pre_ping_idle_s": idle_s, "pool_pre_ping": pre_ping}))
    asked: list[str] = []
    async with engines.primary.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
    driver.add_query_logger(lambda record: asked.append(record.query))
    async with engines.primary.connect():
        pass
    async with RequestSession(engines, Mode.SINGLE) as session:
        await session.rows(text("SELECT 1"))
    await asyncio.sleep(0)
    assert asked.count(";") == pings
    await engines.dispose()


@pytest.mark.postgresql
async def test_a_transaction_that_somebody_left_open_does_not_come_out_of_the_pool(engines: Engines) -> None:
    async with engines.reading().connect() as connection:
        pooled: Any = await connection.get_raw_connection()
        driver = pooled.driver_connection
        await driver.execute("BEGIN")
        await connection.execute(text("SELECT 1"))
    async with engines.writing().connect() as connection:
        assert id((await connection.get_raw_connection()).driver_connection) == id(driver)
        assert not driver.is_in_transaction()


@pytest.mark.nouns
async def test_foreign_keys_hold_on_both_databases(engines: Engines) -> None:
    async with engines.writing().connect() as connection:
        with pytest.raises(IntegrityError):
            await connection.execute(text("INSERT INTO user_roles (user_id, role_id) VALUES (1, 1)"))


async def test_pools_say_how_many_connections_are_out(engines: Engines) -> None:
    assert engines.pools() == {"primary": PoolState(size=2, checked_in=0, checked_out=0, overflow=0)}
    async with engines.reading().connect(), engines.snapshot().connect(), engines.writing().connect():
        assert engines.pools() == {"primary": PoolState(size=2, checked_in=0, checked_out=3, overflow=1)}
    assert engines.pools()["primary"].checked_out == 0


@pytest.mark.postgresql
@pytest.mark.direct
@pytest.mark.parametrize("way", [Mode.SINGLE, Mode.SNAPSHOT, Mode.CURRENT])
async def test_after_an_outage_one_new_connection_serves_whoever_comes_one_after_the_other(
    settings: DatabaseSettings, way: Mode
) -> None:
    engines = Engines(settings.model_copy(update={"pool_size": 4}))

    async def backend(meet: asyncio.Barrier | None = None) -> int:
        async with RequestSession(engines, way) as session:
            ((number,),) = await session.rows(text("SELECT pg_backend_pid()"))
            if meet is not None:
                await meet.wait()
            return int(number)

    meet = asyncio.Barrier(4)
    before = await asyncio.gather(*(backend(meet) for _ in range(4)))
    assert len(set(before)) == 4
    await asyncio.to_thread(kill_unnoticed, settings)
    after = [await backend() for _ in range(6)]
    await engines.dispose()
    assert len(set(after)) == 1
    assert not {*after} & {*before}


async def test_replicas_are_used_in_turn_and_never_for_writing(database: Database) -> None:
    url = SecretStr(database.url)
    engines = Engines(settings_for(database).model_copy(update={"replica_urls": (url, url)}))
    for ways in (engines.reading, engines.snapshot):
        pools = [ways().pool for _ in range(4)]
        assert pools == [engine.pool for engine in engines.replicas] * 2
    assert engines.writing().pool is engines.primary.pool
    assert list(engines.pools()) == ["primary", "replica 1", "replica 2"]
    await engines.dispose()


@pytest.mark.nouns
@pytest.mark.sqlite
async def test_two_sqlite_writers_wait_for_each_other(engines: Engines) -> None:
    async def add(name: str) -> None:
        async with engines.writing().begin() as connection:
            seen = await connection.scalar(text("SELECT count(*) FROM tags"))
            await connection.execute(
                text("INSERT INTO tags (name, slug) VALUES (:name, :slug)"), {"name": name, "slug": f"{name}-{seen}"}
            )

    await asyncio.gather(*(add(f"tag{n}") for n in range(10)))
    async with engines.reading().connect() as connection:
        slugs = (await connection.scalars(text("SELECT slug FROM tags"))).all()
    # Each read the table and then wrote: had two read the same, two would end in the same number.
    assert sorted(slug.rpartition("-")[2] for slug in slugs) == [str(n) for n in range(10)]


async def test_who_counts_on_a_connection_has_one_while_the_pool_is_empty(database: Database) -> None:
    settings = settings_for(database).model_copy(update={"pool_size": 1, "pool_max_overflow": 0})
    engines = Engines(settings)
    apart = engines.apart(1, timeout_s=0.2)
    async with engines.primary.connect(), apart.connect() as connection:
        assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
        with pytest.raises(PoolTimeout):
            await apart.connect()
    await engines.dispose()
    assert apart.pool.checkedout() == 0  # type: ignore[attr-defined]  # it is a queue
