"""`trellis status`, run as people run it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from db import migrate
from db.session.engines import Engines
from graph.cli.actions.status import _size
from graph.cli.errors import Exit
from tests.cli.running import serving, trellis
from tests.databases import Database, settings_for

NEWEST = migrate.newest()
TOKEN = "a-token-for-metrics-alone"


def status(database: Database, *arguments: str, **variables: Any) -> dict[str, Any]:
    done = trellis("status", "--json", *arguments, TRELLIS_DATABASE_URL=database.url, **variables)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def test_the_largest_tables_come_first(database: Database) -> None:
    engines = Engines(settings_for(database))
    async with engines.writing().begin() as connection:
        for number in range(13):
            await connection.execute(text(f"CREATE TABLE small_{number} (a text)"))
        await connection.execute(text("CREATE TABLE large (a text)"))
        await connection.execute(text("INSERT INTO large VALUES (:it)"), [{"it": f"{n}" * 200} for n in range(2000)])
        if database.dialect == "mysql":  # its sizes are those of the last time that it looked
            await connection.execute(text("ANALYZE TABLE large"))
    await engines.dispose()
    found = status(database)["database"]
    tables = found["tables"]
    assert tables[0]["name"].removeprefix("public.") == "large"
    assert len(tables) == 10
    assert [it["bytes"] for it in tables] == sorted((it["bytes"] for it in tables), reverse=True)
    assert found["bytes"] > tables[0]["bytes"] > 400_000
    assert found["revision"] == {"at": NEWEST, "code": NEWEST, "state": "newest"}
    assert "usage_0001" in found["own_revisions"]


def test_people_read_lines(database: Database) -> None:
    done = trellis("status", TRELLIS_DATABASE_URL=database.url)
    assert re.match(r"database   \S.*, [\d.]+ [kM]B\nrevision   \S+, the newest\nown tables \S", done.stdout)
    assert re.search(r"^table      \S+: [\d.]+ kB", done.stdout, re.MULTILINE)


def test_a_database_without_tables_has_no_revision(blank_database: Database) -> None:
    if blank_database.dialect == "sqlite":
        done = trellis("status", status=Exit.UNAVAILABLE, TRELLIS_DATABASE_URL=blank_database.url)
        assert "is not there. Run `trellis db upgrade`" in done.stderr
        assert not Path(blank_database.url.removeprefix("sqlite:///")).exists()
    else:
        assert status(blank_database)["database"]["revision"] == {"at": None, "code": NEWEST, "state": "none"}


def test_replicas_that_are_none_say_so(database: Database) -> None:
    found = status(database, TRELLIS_REPLICA_URLS=database.url)["replicas"]
    assert found == {"replica 1": {"problem": "it replays no log of the primary"}}


@pytest.mark.postgresql
def test_a_replica_that_is_away_is_a_line(database: Database) -> None:
    found = status(database, TRELLIS_REPLICA_URLS="postgresql://127.0.0.1:1/nothing")["replicas"]
    assert list(found["replica 1"]) == ["problem"]


@pytest.mark.nouns
@pytest.mark.process
@pytest.mark.sqlite
def test_a_running_server_tells_its_pools_and_caches(database: Database) -> None:
    with serving(database.url, TRELLIS_METRICS_TOKEN=TOKEN) as (_, address):
        server = status(database, "--server", address, TRELLIS_METRICS_TOKEN=TOKEN)["server"]
        assert server["readiness"]["pools"]["primary"]["size"] > 0
        assert all(it.keys() == {"entries", "bytes", "max_bytes"} for it in server["caches"].values())
        assert server["caches"]
        told = trellis("status", "--server", address, TRELLIS_DATABASE_URL=database.url, TRELLIS_METRICS_TOKEN=TOKEN)
        assert re.search(r"^server     http://\S+: trellis \S+, process \d+, up \d+ s, .*, ok$", told.stdout, re.M)
        assert re.search(r"^pool       primary: \d+ in use, \d+ idle, of \d+$", told.stdout, re.M)
        assert re.search(r"^cache      .+: [\d,]+ entries, \S+ \S+ of \S+ MB$", told.stdout, re.M)
        arguments = ("status", "--server", address)
        stranger = trellis(*arguments, status=Exit.UNAVAILABLE, TRELLIS_DATABASE_URL=database.url)
        assert "Set TRELLIS_METRICS_TOKEN" in stranger.stderr


@pytest.mark.sqlite
@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "nonsense", "http://["])
def test_a_server_that_cannot_be_asked_is_named(database: Database, address: str) -> None:
    done = trellis("status", "--server", address, status=Exit.UNAVAILABLE, TRELLIS_DATABASE_URL=database.url)
    assert done.stderr.startswith(f"Error: The server at {address} cannot be asked: ")


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (2_500_000, "2.5 MB"), (3e15, "3000.0 TB")],
)
def test_sizes_are_said_in_units(number: float, said: str) -> None:
    assert _size(number) == said
