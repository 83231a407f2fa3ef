"""A PostgreSQL database with the content that is measured, for as long as the run lasts.

Nothing enters, the URL of a migrated, filled and analysed database leaves. The server is the one that the tests use
(embedded binaries, TEST_POSTGRES_URL or the system's); it runs on the cores that this process may use when it starts.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from pydantic import SecretStr
from sqlalchemy import make_url

from bench.data import FULL, Size, content
from bench.installing import FRAISEQL
from db.migrate import upgrade
from db.settings import DatabaseSettings
from graph.testing.postgresql import server_url
from graph.testing.runs import begin

FRAISEQL_VIEWS = FRAISEQL / "views.sql"
ADVANCE_SEQUENCES = """
    SELECT setval(pg_get_serial_sequence(name, 'id'), 1000000)
    FROM unnest(ARRAY['users', 'tags', 'posts', 'accounts']) AS name
"""

MEMBERS = """
    CREATE ROLE "{name}";
    GRANT USAGE ON SCHEMA public TO "{name}";
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{name}";
    ALTER TABLE posts ENABLE ROW LEVEL SECURITY;
    CREATE POLICY members ON posts TO "{name}"
        USING (status = 'published' OR author_id = current_setting('bench.member')::BIGINT);
"""
"""What PostGraphile hides from members by. Others are the database's owner, whom row security leaves alone."""


@contextmanager
def database(size: Size = FULL) -> Iterator[str]:
    """Own a database of this size; it is gone afterwards, also after Ctrl-C."""
    with begin() as run:
        server = server_url(run)
        name = f"trellis_bench_{os.getpid()}"
        asyncio.run(_create(server, name))
        try:
            url = make_url(server).set(database=name).render_as_string(hide_password=False)
            upgrade(DatabaseSettings(database_url=SecretStr(url)))
            asyncio.run(_fill(url, size))
            asyncio.run(_make_members(url, f"{name}_members"))
            yield url
        finally:
            drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'DROP ROLE IF EXISTS "{name}_members"'
            asyncio.run(_execute(server, *drop))


async def server_version(url: str) -> str:
    """PostgreSQL's version, for instance 18.1."""
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval("SHOW server_version"))
    finally:
        await connection.close()


async def _create(server: str, name: str) -> None:
    await _execute(
        server,
        f'CREATE DATABASE "{name}"',
        # One core is PostgreSQL's: compiling and parallel workers would only take it away from other statements.
        f'ALTER DATABASE "{name}" SET jit = off',
        f'ALTER DATABASE "{name}" SET max_parallel_workers_per_gather = 0',
    )


async def _fill(url: str, size: Size) -> None:
    connection = await asyncpg.connect(url)
    try:
        # VACUUM marks pages as visible to all only when the commit behind them is on disk.
        await connection.execute("SET synchronous_commit = on")
        async with connection.transaction():
            for table, columns, records in content(size):
                await connection.copy_records_to_table(table, columns=columns, records=records)
            await connection.execute(ADVANCE_SEQUENCES)
            await connection.execute(FRAISEQL_VIEWS.read_text())
        # VACUUM, so that no server pays for the first visit of a page.
        await connection.execute("VACUUM (FREEZE, ANALYZE)")
    finally:
        await connection.close()


async def _make_members(url: str, name: str) -> None:
    """A role for members, where we may make one; where not, PostGraphile has no number for them, and a reason."""
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
            await connection.execute(MEMBERS.format(name=name))
    finally:
        await connection.close()


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
