"""The ground under the other tests: a database of its own for each, and nothing left behind."""

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from db.session.engines import Engines
from tests.cli.running import hear_interrupts
from tests.databases import Database, PostgreSQLDatabases, engine_statements

OWN_A_RUN = """
import sys
from graph.testing import postgresql, runs

with runs.begin() as run:
    print(run.folder, postgresql.server_url(run), flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, None])
@pytest.mark.process
def test_a_server_ends_with_the_process_that_owns_the_run(end: signal.Signals | None) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWN_A_RUN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=hear_interrupts,
    )
    assert owner.stdout is not None
    folder, url = owner.stdout.readline().split()
    assert asyncio.run(answers(url))
    if end is not None:
        owner.send_signal(end)
        assert owner.wait() != 0  # by the signal, and not because its stdin is closed
    owner.communicate()
    deadline = time.monotonic() + 60
    while Path(folder).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(folder).exists()
    assert not asyncio.run(answers(url))


async def answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url)
    except OSError:
        return False
    await connection.close()
    return True


@pytest.mark.nouns
def test_rows_of_one_test_are_gone_in_the_next_and_numbers_begin_anew(postgresql: PostgreSQLDatabases) -> None:
    for _ in range(2):
        with postgresql.migrated() as database:
            assert change(database, "INSERT INTO tags (name, slug) VALUES ('a', 'a') RETURNING id") == 1
            assert change(database, "SELECT count(*) FROM tags") == 1


@pytest.mark.nouns
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE tags DROP COLUMN slug",
        "DROP TABLE transfers",
        "CREATE TABLE stray ()",
        "DROP INDEX ix_posts_title_id",
        "ALTER TABLE accounts DROP CONSTRAINT ck_accounts_balance_is_not_negative",
        "UPDATE alembic_version SET version_num = '0000'",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 64', current_database()); END $$",
    ],
)
def test_a_test_that_changes_the_tables_leaves_a_new_database(postgresql: PostgreSQLDatabases, statement: str) -> None:
    with postgresql.migrated() as changed:
        change(changed, statement)
    with postgresql.migrated() as fresh:
        assert fresh.url != changed.url


@pytest.mark.nouns
def test_a_connection_left_open_does_not_stop_the_next_test(postgresql: PostgreSQLDatabases) -> None:
    async def leave_open(url: str) -> asyncpg.Connection:
        connection = await asyncpg.connect(url)
        await connection.execute("BEGIN")
        await connection.execute("INSERT INTO tags (name, slug) VALUES ('a', 'a')")
        return connection

    with asyncio.Runner() as runner:
        with postgresql.migrated() as database:
            left = runner.run(leave_open(database.url))
        with postgresql.migrated() as database:
            assert change(database, "INSERT INTO tags (name, slug) VALUES ('a', 'a') RETURNING id") == 1
        left.terminate()


def change(database: Database, statement: str) -> object:
    async def run() -> object:
        connection = await asyncpg.connect(database.url)
        answer = await connection.fetchval(statement)
        await connection.close()
        return answer

    return asyncio.run(run())


@pytest.fixture
def postgresql(_postgresql: PostgreSQLDatabases) -> PostgreSQLDatabases:
    return _postgresql


async def test_a_recorder_hears_statements_and_no_framing(engines: Engines) -> None:
    with engine_statements() as seen:
        async with engines.writing().begin() as connection:
            await connection.execute(text("SELECT 1"))
            async with connection.begin_nested():
                await connection.execute(text("SELECT 2"))
    async with engines.reading().connect() as connection:
        await connection.execute(text("SELECT 3"))
    assert seen == ["SELECT 1", "SELECT 2"]


@pytest.mark.postgresql
def test_a_mark_limits_a_test_to_one_database(database: Database) -> None:
    assert database.dialect == "postgresql"
