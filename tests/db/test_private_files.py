"""What Trellis makes is for whoever runs the server; what is there keeps its mode."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from db import migrate
from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.auth.key_file import kept_key


@pytest.fixture(autouse=True)
def wide_umask() -> Iterator[None]:
    """A umask that narrows nothing, as nobody's should be."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


async def write(file: Path) -> dict[str, str]:
    """Write into a database, new or not; the modes of its files while it is open."""
    engines = Engines(DatabaseSettings(database_url=SecretStr(f"sqlite:///{file}")))
    async with engines.writing().begin() as connection:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS seeds (id INTEGER)"))
    async with engines.writing().begin() as connection:
        await connection.execute(text("INSERT INTO seeds VALUES (1)"))
        found = {path.name: mode(path) for path in file.parent.iterdir()}
    await engines.dispose()
    return found


@pytest.mark.sqlite
async def test_a_database_is_readable_by_its_owner_alone_and_so_are_the_files_beside_it(tmp_path: Path) -> None:
    found = await write(tmp_path / "trellis.db")
    assert {"trellis.db", "trellis.db-wal", "trellis.db-shm"} == found.keys()
    assert set(found.values()) == {"0o600"}


@pytest.mark.sqlite
async def test_a_database_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "trellis.db"
    file.touch()
    file.chmod(0o640)
    assert set((await write(file)).values()) == {"0o640"}


@pytest.mark.sqlite
def test_migrations_make_a_folder_and_a_file_for_their_owner(tmp_path: Path) -> None:
    file = tmp_path / "var" / "trellis.db"
    migrate.upgrade(DatabaseSettings(database_url=SecretStr(f"sqlite:///{file}")))
    assert (mode(file.parent), mode(file)) == ("0o700", "0o600")


def test_a_key_is_made_for_its_owner_in_a_folder_that_keeps_its_mode(tmp_path: Path) -> None:
    new, shared = tmp_path / "var" / "token.key", tmp_path / "shared" / "token.key"
    shared.parent.mkdir(0o750)
    for file, folder in ((new, "0o700"), (shared, "0o750")):
        kept_key(file)
        assert (mode(file.parent), mode(file)) == (folder, "0o600")


@pytest.mark.sqlite
async def test_where_no_file_can_be_made_the_driver_says_so(tmp_path: Path) -> None:
    with pytest.raises(OperationalError, match="unable to open database file"):
        await write(tmp_path / "missing" / "trellis.db")
