"""A database file of somebody else's stays as it is; one that Trellis makes has a write-ahead log."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.migrate import current, newest, upgrade
from db.session import Mode, RequestSession
from db.session.engines import Engines
from db.settings import DatabaseSettings

pytestmark = pytest.mark.sqlite


def settings_of(url: str, timeout_s: float = 30) -> DatabaseSettings:
    return DatabaseSettings(database_url=SecretStr(url), statement_timeout_s=timeout_s)


def somebodys(folder: Path, journal: str = "delete") -> Path:
    """A file that another program has made."""
    file = folder / "theirs.db"
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("CREATE TABLE sayings (body TEXT)")
        connection.execute("INSERT INTO sayings VALUES ('one')")
    connection.close()
    return file


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def asked(url: str, *questions: str) -> list[object]:
    engines = Engines(settings_of(url))
    try:
        async with engines.reading().connect() as connection:
            return [await connection.scalar(text(question)) for question in questions]
    finally:
        await engines.dispose()


@pytest.mark.parametrize("journal", ["delete", "truncate", "persist"])
async def test_reading_somebodys_file_changes_no_byte_of_it(tmp_path: Path, journal: str) -> None:
    file = somebodys(tmp_path, journal)
    before = contents(tmp_path)
    found = await asked(f"sqlite:///{file}", "SELECT body FROM sayings", "PRAGMA journal_mode", "PRAGMA synchronous")
    assert found == ["one", "delete", 2]
    assert contents(tmp_path) == before


async def test_somebodys_write_ahead_log_stays_one(tmp_path: Path) -> None:
    file = somebodys(tmp_path, "wal")
    found = await asked(f"sqlite:///{file}", "SELECT body FROM sayings", "PRAGMA journal_mode", "PRAGMA synchronous")
    assert found == ["one", "wal", 1]


@pytest.mark.parametrize("query", ["?mode=ro&uri=true", "?immutable=1&uri=true"])
async def test_a_file_that_is_only_read_is_served(tmp_path: Path, query: str) -> None:
    file = somebodys(tmp_path)
    url = f"sqlite:///file:{file}{query}"
    assert await asked(url, "SELECT body FROM sayings") == ["one"]
    with pytest.raises(DBAPIError, match="readonly"):
        await asked(url, "DELETE FROM sayings")


async def test_an_empty_file_that_cannot_be_written_stays_empty(tmp_path: Path) -> None:
    file = tmp_path / "empty.db"
    file.touch()
    assert await asked(f"sqlite:///file:{file}?mode=ro&uri=true", "SELECT 1") == [1]
    assert file.read_bytes() == b""


async def test_a_database_that_trellis_makes_has_a_write_ahead_log(tmp_path: Path) -> None:
    migrated, touched = tmp_path / "migrated.db", tmp_path / "touched.db"
    await asyncio.to_thread(upgrade, settings_of(f"sqlite:///{migrated}"))
    touched.touch()
    assert current(settings_of(f"sqlite:///file:{migrated}?mode=ro&uri=true")) == newest()
    for file in (migrated, touched, tmp_path / "new.db"):
        assert await asked(f"sqlite:///{file}", "PRAGMA journal_mode", "PRAGMA synchronous") == ["wal", 1]


async def test_migrating_somebodys_file_keeps_its_journal(tmp_path: Path) -> None:
    file = somebodys(tmp_path)
    await asyncio.to_thread(upgrade, settings_of(f"sqlite:///{file}"))
    assert await asked(f"sqlite:///{file}", "PRAGMA journal_mode", "SELECT body FROM sayings") == ["delete", "one"]


async def test_a_view_holds_without_a_write_ahead_log_and_commits_wait_for_its_end(tmp_path: Path) -> None:
    engines = Engines(settings_of(f"sqlite:///{somebodys(tmp_path)}"))
    ask = text("SELECT count(*) FROM sayings")
    async with engines.writing().connect() as writer, RequestSession(engines, Mode.SNAPSHOT) as reader:
        assert [tuple(row) for row in await reader.rows(ask)] == [(1,)]
        await writer.execute(text("INSERT INTO sayings VALUES ('two')"))
        committing = asyncio.create_task(writer.commit())
        await asyncio.sleep(0.05)
        assert [tuple(row) for row in await reader.rows(ask)] == [(1,)]
        assert not committing.done()
        await reader.close()
        await committing
    async with RequestSession(engines, Mode.SNAPSHOT) as reader:
        assert [tuple(row) for row in await reader.rows(ask)] == [(2,)]
    await engines.dispose()
