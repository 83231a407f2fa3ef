"""How connections to MariaDB begin and end: views, isolation, limits of time, and statements that nobody waits for."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from db.dialects import dialect_of
from db.reflection import UnreadDatabase, read
from db.session import DeadlineExceeded, Mode, RequestSession
from db.session.engines import Engines
from db.settings import async_url
from tests.databases import Database, settings_for

RUNNING = "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND info LIKE 'SELECT sleep%'"
SETTINGS = "SELECT @@sql_mode, @@time_zone, @@max_statement_time, @@collation_connection, @@tx_read_only"


async def one(engines: Engines, statement: str) -> Any:
    async with engines.reading().connect() as connection:
        return await connection.scalar(text(statement))


async def nobody_sleeps(engines: Engines) -> None:
    async with asyncio.timeout(60):
        while await one(engines, RUNNING):  # noqa: ASYNC110 - a server has no event to wait for
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("scheme", ["mysql", "mariadb", "mysql+asyncmy", "mariadb+asyncmy"])
def test_every_name_leads_to_one_driver(scheme: str) -> None:
    assert async_url(f"{scheme}://me:secret@host/shop").drivername == "mysql+asyncmy"


def test_an_option_that_the_driver_does_not_have_is_named() -> None:
    with pytest.raises(ValueError, match="does not know: jit, sslmode; leave them out"):
        async_url("mysql://host/shop?sslmode=require&jit=off")


def test_the_extra_is_named_where_its_driver_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'trellis\[mysql\]'"):
        async_url("mysql://host/shop")


async def test_a_connection_is_strict_exact_and_in_utc(empty: Database) -> None:
    engines = Engines(settings_for(empty).model_copy(update={"statement_timeout_s": 2.5, "read_only": True}))
    async with engines.reading().connect() as connection:
        mode, zone, limit, collation, read_only = (await connection.execute(text(SETTINGS))).one()
    await engines.dispose()
    assert {"STRICT_ALL_TABLES", "NO_BACKSLASH_ESCAPES"} <= set(mode.split(","))
    assert (zone, float(limit), collation, read_only) == ("+00:00", 2.5, "utf8mb4_nopad_bin", 1)


async def test_a_snapshot_stays_and_a_change_sees_what_is_committed(engines: Engines) -> None:
    count = text("SELECT count(*) FROM boxes")
    async with engines.writing().begin() as connection:
        await connection.execute(text("CREATE TABLE boxes (id INTEGER)"))
    async with (
        RequestSession(engines, Mode.SNAPSHOT) as reading,
        engines.writing().connect() as changing,
        engines.writing().connect() as other,
    ):
        assert (await reading.rows(count), await changing.scalar(count)) == ([(0,)], 0)
        await other.execute(text("INSERT INTO boxes VALUES (1)"))
        await other.commit()
        assert (await reading.rows(count), await changing.scalar(count)) == ([(0,)], 1)


async def test_a_change_is_read_committed_and_leaves_the_next_view_as_it_was(engines: Engines) -> None:
    isolation = text(
        "SELECT trx_isolation_level FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = connection_id()"
    )
    async with engines.writing().begin() as connection:
        await connection.execute(text("CREATE TABLE boxes (id INTEGER)"))
    async with RequestSession(engines, Mode.CURRENT) as session:

        async def work(session: RequestSession) -> Any:
            await session.execute(text("INSERT INTO boxes VALUES (1)"))
            return (await session.execute(isolation)).scalar()

        assert await session.write(work) == "READ COMMITTED"
        assert await session.rows(text("SELECT @@tx_isolation")) == [("REPEATABLE-READ",)]


async def test_a_statement_that_nobody_waits_for_is_ended_by_the_server(engines: Engines) -> None:
    async with RequestSession(engines) as session:
        waiting = asyncio.create_task(session.rows(text("SELECT sleep(3600)")))
        async with asyncio.timeout(60):
            while not await one(engines, RUNNING):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await nobody_sleeps(engines)


async def test_a_statement_over_its_time_is_ended_by_the_server(empty: Database) -> None:
    engines = Engines(settings_for(empty).model_copy(update={"statement_timeout_s": 0.3}))
    async with RequestSession(engines) as session:
        with pytest.raises(DeadlineExceeded):
            await session.rows(text("SELECT sleep(3600)"))
    await nobody_sleeps(engines)
    await engines.dispose()


def test_a_place_is_told_without_who_asks() -> None:
    assert dialect_of("mysql").place(async_url("mysql://me:secret@host/shop")) == "shop at host:3306"


async def test_tables_that_were_there_are_not_read_yet_and_that_is_said(engines: Engines) -> None:
    async with engines.primary.connect() as connection:
        with pytest.raises(UnreadDatabase, match="of postgresql and sqlite alone, and not of mysql"):
            await read(connection)
