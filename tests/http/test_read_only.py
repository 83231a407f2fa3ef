"""A database that takes no changes is read, and says so to whoever would change it."""

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from tests.databases import Database
from tests.documents.serving import BOOKS, CREATE, DOMAIN, TITLES, identify, make_library
from tests.http.conftest import Serve

NOBODY = 65534
READING = (
    f"""
NOBODY = {NOBODY}  # whoever is root may write everywhere; servers run as somebody else
"""
    + """
import asyncio, concurrent.futures.thread, os, sys  # NOBODY may not read the interpreter's modules
from pydantic import SecretStr
from sqlalchemy import text
from db.dialects import failure_of
from db.own.place import VersionTable
from db.probing import Probe, Wanted
from db.revisions import History
from db.session.engines import Engines
from db.settings import DatabaseSettings

async def main():
    engines = Engines(DatabaseSettings(database_url=SecretStr("sqlite:///" + sys.argv[1])))
    if os.getuid() == 0:
        os.setuid(NOBODY)
    async with engines.reading().connect() as connection:
        print(await connection.scalar(text("SELECT body FROM sayings")))
    nothing = History(frozenset(), frozenset())
    nowhere = VersionTable("none")
    probe = Probe(engines.probing()["primary"], Wanted((), nothing, nothing, nowhere, nowhere), takes_changes=True)
    print((await probe.look(30)).problem)
    try:
        async with engines.writing().begin() as connection:
            await connection.execute(text("INSERT INTO sayings VALUES ('two')"))
    except Exception as error:
        print(failure_of(error).name)
    await engines.dispose()

asyncio.run(main())
"""
)


async def read_only(database: Database) -> str:
    """Let a database with books take no changes any more; its URL."""
    engines = await make_library(database)
    name = make_url(database.url).database
    if database.dialect == "postgresql":
        async with engines.reading().connect() as connection:
            await connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    await engines.dispose()
    return database.url if database.dialect == "postgresql" else f"sqlite:///file:{name}?mode=ro&uri=true"


async def test_what_takes_no_changes_is_read_and_says_so_to_who_would_change_it(
    blank_database: Database, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    client = await serve(await read_only(blank_database), identify, domain=DOMAIN, record_usage=False)
    assert (await client.ask(BOOKS)).data == TITLES
    refused = await client.post(json.dumps({"query": CREATE}), authorization="keeper")
    assert (refused.status, refused.code) == (200, "READ_ONLY")
    assert refused.messages == [
        "The database takes no changes now, and nothing was changed; it can be read. Try again later."
    ]
    ready = await client.http.get("/readyz")
    assert (ready.status_code, ready.json()["reasons"]) == (503, [{"reason": "read_only"}])
    assert (await client.ask(BOOKS)).data == TITLES
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert all(line.startswith("The database takes no changes") for line in said)  # none within a second of another


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that becomes one that nobody may write; everybody may reach it, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="trellis-read-only-"))
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


@pytest.mark.process
@pytest.mark.parametrize("journal", ["wal", "delete"])
@pytest.mark.parametrize("open_elsewhere", [False, True], ids=["alone", "beside a writer"])
def test_a_folder_that_cannot_be_written_is_served(folder: Path, journal: str, open_elsewhere: bool) -> None:
    file = folder / "100% theirs #1.db"
    writer = sqlite3.connect(file)
    writer.execute(f"PRAGMA journal_mode = {journal}")
    writer.execute("CREATE TABLE sayings (body TEXT)")
    writer.execute("INSERT INTO sayings VALUES ('one')")
    writer.commit()
    if not open_elsewhere:
        writer.close()
    for path in folder.iterdir():
        path.chmod(0o644)
    folder.chmod(0o555)
    before = sorted(path.name for path in folder.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", READING, str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    writer.close()
    assert (done.stdout.split(), done.stderr) == (["one", "read_only", "READ_ONLY"], "")
    if not open_elsewhere:
        assert sorted(path.name for path in folder.iterdir()) == before
