"""`trellis serve --reflect`, as people type it."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from graph.cli.errors import Exit
from tests.cli.running import PATIENCE_S, serving, trellis

NOWHERE = "postgresql://nobody:s3cret@127.0.0.1:1/nothing"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database of two tables and a view."""
    file = tmp_path / "shop.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(
            "CREATE TABLE makers (id integer PRIMARY KEY, name text NOT NULL);"
            "CREATE TABLE lamps (id integer PRIMARY KEY, watts integer, maker_id integer REFERENCES makers (id));"
            "CREATE VIEW bright AS SELECT watts FROM lamps WHERE watts > 50;"
            "INSERT INTO makers VALUES (1, 'Ada'); INSERT INTO lamps VALUES (1, 60, 1);"
        )
    return file


@pytest.mark.process
def test_workers_show_the_database_and_leave_it_as_it_is(file: Path) -> None:
    before = file.read_bytes()
    with (
        serving("sqlite:///elsewhere.db", "--reflect", f"sqlite:///{file}", "--workers", "2") as (_, address),
        httpx.Client(transport=httpx.HTTPTransport(retries=8), timeout=PATIENCE_S) as client,
    ):
        query = "{ lamps { nodes { watts maker { name } } } brights { totalCount } }"
        answer = client.post(f"{address}/graphql", json={"query": query}).json()
        page = client.get(f"{address}/graphql", headers={"Accept": "text/html"}).text
    assert answer == {
        "data": {"lamps": {"nodes": [{"watts": 60, "maker": {"name": "Ada"}}]}, "brights": {"totalCount": 1}}
    }
    assert "query LampPage" in page
    assert file.read_bytes() == before
    assert [each.name for each in file.parent.iterdir()] == ["shop.db"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--reflect", "shop.db"], Exit.USAGE, r"--reflect is not a database URL that Trellis knows; use sqlite:///"),
        (["--reflect", "sqlite:///none.db"], Exit.UNAVAILABLE, r"none\.db is not there\. Correct --reflect\.$"),
        (["--reflect", NOWHERE], Exit.UNAVAILABLE, r"cannot be reached: .* that --reflect is right\.$"),
        (
            ["--only", "lamps"],
            Exit.USAGE,
            r"--only goes with --reflect URL\. Give that as well, or leave --only out\.$",
        ),
        (["--public"], Exit.USAGE, r"--public goes with --reflect URL\."),
        (
            ["--reflect", "sqlite:///none.db", "--host", "0.0.0.0"],
            Exit.USAGE,
            r"shows every row to whoever reaches 0\.0\.0\.0, and others may\. .* or say --public as well\.$",
        ),
        (["--reflect", "sqlite:///none.db", "--host", "0.0.0.0", "--public"], Exit.UNAVAILABLE, r"is not there"),
        (["--reflect", "sqlite:///none.db", "--host", "::1"], Exit.UNAVAILABLE, r"is not there|cannot be listened on"),
    ],
)
def test_what_cannot_be_served_is_refused_with_the_cure(arguments: list[str], status: Exit, said: str) -> None:
    refused = trellis("serve", "--port", "0", *arguments, status=status, TRELLIS_START_CHECKS="true").stderr
    assert re.search(said, refused, re.MULTILINE), refused
    assert "s3cret" not in refused


def test_no_connection_through_pgbouncer_can_be_told_to_write_nothing() -> None:
    refused = trellis("serve", "--reflect", NOWHERE, status=Exit.USAGE, TRELLIS_PGBOUNCER="true").stderr
    assert "Give --reflect the address of the server itself and unset TRELLIS_PGBOUNCER, or say --writable." in refused


@pytest.mark.parametrize("choice", [["--only", "lamps"], ["--except", "m*"]])
@pytest.mark.process
def test_tables_are_chosen_and_nothing_is_changed(file: Path, choice: list[str]) -> None:
    with serving("sqlite:///elsewhere.db", "--reflect", f"sqlite:///{file}", *choice) as (_, address):
        query = "{ __schema { queryType { fields { name } } mutationType { name } } }"
        told = httpx.post(f"{address}/graphql", json={"query": query}, timeout=PATIENCE_S).json()["data"]["__schema"]
    assert told["mutationType"] is None
    names = {field["name"] for field in told["queryType"]["fields"]}
    assert "lamps" in names
    assert "makers" not in names
