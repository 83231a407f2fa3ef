"""Engines open connections as the settings say, and know how to begin."""

import asyncio

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from db.engine import Engines, PoolState
from db.settings import DatabaseSettings
from tests.databases import Database, settings_for


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


async def test_foreign_keys_hold_on_both_databases(engines: Engines) -> None:
    async with engines.writing().connect() as connection:
        with pytest.raises(IntegrityError):
            await connection.execute(text("INSERT INTO user_roles (user_id, role_id) VALUES (1, 1)"))


async def test_pools_say_how_many_connections_are_out(engines: Engines) -> None:
    assert engines.pools() == {"primary": PoolState(size=2, checked_in=0, checked_out=0, overflow=0)}
    async with engines.reading().connect(), engines.snapshot().connect(), engines.writing().connect():
        assert engines.pools() == {"primary": PoolState(size=2, checked_in=0, checked_out=3, overflow=1)}
    assert engines.pools()["primary"].checked_out == 0


async def test_replicas_are_used_in_turn_and_never_for_writing(database: Database) -> None:
    url = SecretStr(database.url)
    engines = Engines(settings_for(database).model_copy(update={"replica_urls": (url, url)}))
    for ways in (engines.reading, engines.snapshot):
        pools = [ways().pool for _ in range(4)]
        assert pools == [engine.pool for engine in engines.replicas] * 2
    assert engines.writing().pool is engines.primary.pool
    assert list(engines.pools()) == ["primary", "replica 1", "replica 2"]
    await engines.dispose()


async def test_ping_names_the_databases_that_do_not_answer(database: Database) -> None:
    lost = "sqlite:////nowhere/trellis.db" if database.dialect == "sqlite" else "postgresql://127.0.0.1:1/nowhere"
    engines = Engines(settings_for(database).model_copy(update={"replica_urls": (SecretStr(lost),)}))
    answers = await engines.ping(timeout_s=5)
    assert answers["primary"] is None
    assert answers["replica 1"] is not None
    await engines.dispose()


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
