"""`trellis db`, run as people run it."""

import asyncio
import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from db import migrate
from db.session.engines import Engines
from graph.cli.errors import Exit
from tests.cli.running import (
    PATIENCE_S,
    TRELLIS,
    Finished,
    environment,
    hear_interrupts,
    refused,
    trellis,
    trellis_process,
)
from tests.databases import Database, settings_for

NEWEST = migrate.newest() or ""


def trellis_db(database: Database, *arguments: str, status: Exit = Exit.OK) -> Finished:
    return trellis("db", *arguments, status=status, TRELLIS_DATABASE_URL=database.url)


@pytest.mark.process
def test_an_upgrade_says_what_it_did_and_the_second_does_nothing(blank_database: Database) -> None:
    first = trellis_process("db", "upgrade", TRELLIS_DATABASE_URL=blank_database.url)
    assert first.stdout == f"The database went from revision none to {NEWEST}.\n"
    assert first.stderr == ""
    assert trellis_db(blank_database, "upgrade").stdout == f"The database is at revision {NEWEST} already.\n"


def test_the_folder_of_a_new_database_is_made(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/some/where/trellis.db", "sqlite")
    assert trellis_db(database, "current").stdout == "none; run `trellis db upgrade`\n"
    assert not (tmp_path / "some").exists()
    trellis_db(database, "upgrade")
    assert (tmp_path / "some" / "where" / "trellis.db").is_file()


@pytest.mark.process
def test_two_upgrades_at_once_wait_for_each_other(blank_database: Database) -> None:
    command = [TRELLIS, "db", "upgrade"]
    variables = environment(TRELLIS_DATABASE_URL=blank_database.url)
    running = [
        subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)
    ]
    errors = [process.communicate(timeout=PATIENCE_S)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], errors
    assert migrate.check(settings_for(blank_database), own=()) == []


def test_current_names_the_revision_first(database: Database) -> None:
    assert trellis_db(database, "current").stdout == f"{NEWEST} (the newest)\n"


def test_check_agrees_or_names_the_differences(database: Database) -> None:
    done = trellis_db(database, "check")
    assert done.stdout == f"The tables are as the models want them, at revision {NEWEST}.\n"


def test_check_of_a_blank_database_fails_with_the_cure(blank_database: Database) -> None:
    done = trellis_db(blank_database, "check", status=Exit.FAILED)
    assert done.stderr == refused(
        f"The database is at revision none, the newest is {NEWEST}. Run `trellis db upgrade`.",
        "command",
        "trellis db check",
    )


def test_a_downgrade_takes_a_revision_with_a_minus_sign(blank_database: Database) -> None:
    trellis_db(blank_database, "upgrade")
    done = trellis_db(blank_database, "downgrade", "-1")
    assert done.stdout.startswith(f"The database went from revision {NEWEST} to ")


@pytest.mark.process
def test_a_downgrade_on_a_terminal_asks_first(blank_database: Database) -> None:
    trellis_db(blank_database, "upgrade")
    ours, theirs = pty.openpty()
    os.write(ours, b"n\n")
    done = subprocess.run(
        [TRELLIS, "db", "downgrade", "base"],
        env=environment(TRELLIS_DATABASE_URL=blank_database.url),
        stdin=theirs,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert b"Rows may be lost" in done.stdout + done.stderr
    assert done.returncode == Exit.FAILED
    assert migrate.current(settings_for(blank_database)) == NEWEST


ASKS_FOR_THE_LOCK = (
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND query LIKE 'SELECT pg_try_advisory_lock%')"
)
"""Whether somebody waits for others who migrate."""
MAKES_AN_INDEX = (
    "SELECT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE datname = current_database()"
    " AND phase LIKE 'waiting%')"
)


@pytest.mark.postgresql
@pytest.mark.process
async def test_control_c_ends_a_waiting_upgrade_quietly(blank_database: Database) -> None:
    # Somebody else is migrating: they hold the lock, and the command waits for it.
    other = await asyncpg.connect(blank_database.url)
    await other.execute(f"SELECT pg_advisory_lock({migrate.LOCK})")
    waiting = await asyncio.create_subprocess_exec(
        *(TRELLIS, "db", "upgrade"),
        env=environment(TRELLIS_DATABASE_URL=blank_database.url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=hear_interrupts,
    )
    while not await other.fetchval(ASKS_FOR_THE_LOCK):  # noqa: ASYNC110 - a lock of the server has no event
        await asyncio.sleep(0.05)
    waiting.send_signal(signal.SIGINT)
    assert await waiting.communicate() == (b"", b"")
    assert waiting.returncode == 130
    await other.close()


@pytest.mark.nouns
@pytest.mark.postgresql
@pytest.mark.process
async def test_an_index_that_is_made_beside_others_does_not_wait_for_those_who_migrate_next(
    blank_database: Database,
) -> None:
    trellis_db(blank_database, "upgrade", "0007")
    reader = await asyncpg.connect(blank_database.url)
    reading = reader.transaction(isolation="repeatable_read")
    await reading.start()
    await reader.fetchval("SELECT count(*) FROM sign_ins")  # the index is not done before this view of the table ends
    other = await asyncpg.connect(blank_database.url)
    command = (TRELLIS, "db", "upgrade")
    variables = environment(TRELLIS_DATABASE_URL=blank_database.url)
    first = await asyncio.create_subprocess_exec(*command, env=variables, stderr=asyncio.subprocess.PIPE)
    while not await other.fetchval(MAKES_AN_INDEX):  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.05)
    await other.execute("UPDATE sign_ins SET in_cookie = false")  # nobody who writes waits
    second = await asyncio.create_subprocess_exec(*command, env=variables, stderr=asyncio.subprocess.PIPE)
    while not await other.fetchval(ASKS_FOR_THE_LOCK):  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.05)
    await reading.rollback()
    for process in (first, second):
        _, errors = await process.communicate()
        assert process.returncode == 0, errors
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_sign_ins_expires_at'::regclass"
    assert await other.fetchval(valid)
    await reader.close()
    await other.close()
    assert trellis_db(blank_database, "check").stdout.startswith("The tables are as the models want them")


def test_tables_that_are_there_are_refused_and_can_be_adopted(blank_database: Database) -> None:
    trellis_db(blank_database, "upgrade")
    url, others = blank_database.url, "others"

    def elsewhere(command: str, status: Exit = Exit.OK) -> Finished:
        return trellis("db", command, status=status, TRELLIS_DATABASE_URL=url, TRELLIS_VERSION_TABLE=others)

    refused = elsewhere("upgrade", Exit.FAILED)
    assert refused.stderr.startswith("Error: The database has tables already that the next revisions make: ")
    assert "`trellis db adopt`" in refused.stderr
    adopted = elsewhere("adopt")
    assert adopted.stdout == f"The database is at revision {NEWEST} from now on; no table was changed.\n"
    assert elsewhere("upgrade").stdout == f"The database is at revision {NEWEST} already.\n"


async def set_revision(database: Database, revision: str) -> None:
    engines = Engines(settings_for(database))
    async with engines.writing().begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
    await engines.dispose()


@pytest.mark.nouns
async def test_the_old_release_leaves_a_database_one_ahead_as_it_is(database: Database) -> None:
    ahead = f"{int(NEWEST) + 1:04}"
    await set_revision(database, ahead)
    said = f"The database is at revision {ahead}, one ahead of the code, which can serve it so.\n"
    assert trellis_db(database, "upgrade").stdout == said
    assert trellis_db(database, "current").stdout == f"{ahead}, one ahead of the code, which is at {NEWEST}\n"
    refused = trellis_db(database, "upgrade", "0001", status=Exit.FAILED)
    assert f"is at revision {ahead}, which is not of this code" in refused.stderr


@pytest.mark.nouns
async def test_a_database_that_is_more_than_one_ahead_is_refused(database: Database) -> None:
    beyond = f"{int(NEWEST) + 2:04}"
    await set_revision(database, beyond)
    assert "Deploy the code that belongs to it" in trellis_db(database, "upgrade", status=Exit.FAILED).stderr
    assert "which this code does not know" in trellis_db(database, "current").stdout


@pytest.mark.parametrize("command", ["upgrade", "downgrade"])
def test_a_revision_that_does_not_exist_is_a_usage_error(database: Database, command: str) -> None:
    done = trellis_db(database, command, "nonsense", status=Exit.USAGE)
    assert done.stderr.startswith("Error: There is no way to revision nonsense: ")
    assert f"Known: {', '.join(migrate.revisions())}." in done.stderr


@pytest.mark.nouns
def test_the_statements_are_printed_and_nothing_is_touched(blank_database: Database) -> None:
    done = trellis_db(blank_database, "upgrade", "--sql")
    assert "CREATE TABLE users" in done.stdout
    assert done.stderr == ""
    assert trellis_db(blank_database, "current").stdout == "none; run `trellis db upgrade`\n"
    done = trellis_db(blank_database, "downgrade", f"{NEWEST}:base", "--sql")
    assert "DROP TABLE users" in done.stdout


def test_pgbouncer_without_a_direct_url_is_a_usage_error() -> None:
    done = trellis(
        "db", "upgrade", status=Exit.USAGE, TRELLIS_DATABASE_URL="postgresql://nowhere/x", TRELLIS_PGBOUNCER="true"
    )
    assert "Set TRELLIS_DIRECT_URL" in done.stderr


@pytest.mark.nouns
def test_revisions_are_checked_for_servers_that_run(database: Database) -> None:
    assert trellis_db(database, "check", "--online").stdout == (
        f"Servers can go on while the revisions after {NEWEST} run.\n"
    )
    found = trellis_db(database, "check", "--online", "--since", "0005", status=Exit.FAILED)
    assert re.search(r"0006_api_keys_are_trellis_s_own\.py:\d+: breaks: DROP TABLE api_keys\n", found.stderr)


def test_a_blank_database_has_no_server_that_could_wait(blank_database: Database) -> None:
    assert "no server runs on it" in trellis_db(blank_database, "check", "--online").stdout


@pytest.mark.nouns
def test_with_a_revision_no_database_is_asked() -> None:
    nowhere = Database("postgresql://nowhere/shop", "postgresql")
    assert trellis_db(nowhere, "check", "--online", "--since", NEWEST).stdout.startswith("Servers can go on")
    done = trellis_db(nowhere, "check", "--online", "--since", "nonsense", status=Exit.USAGE)
    assert "There is no way to revision nonsense" in done.stderr


@pytest.mark.parametrize("option", ["--since", "--running"])
def test_options_of_the_check_of_revisions_go_with_it(option: str) -> None:
    done = trellis("db", "check", option, "0001", status=Exit.USAGE)
    assert done.stderr == refused(
        f"{option} goes with --online. Give that as well, or leave {option} out.", "command", "trellis db check"
    )
