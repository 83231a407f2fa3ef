"""`trellis doctor`: what is wrong is named with the cure, and what is right is right."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from db import migrate
from db.session.engines import Engines
from graph import VERSION
from graph.cli.actions import doctor as action
from graph.cli.errors import Exit
from graph.manual import address, whereabouts
from tests.cli.running import serving, trellis
from tests.databases import Database

SECRET = "correct-horse"
FREE: dict[str, Any] = {"TRELLIS_PORT": "0"}
"""Any port that is free: others on this machine may listen on the default one."""


def told(url: str, *arguments: str, status: Exit = Exit.OK, **variables: Any) -> dict[str, Any]:
    """What the doctor says, as JSON."""
    done = trellis("doctor", "--json", *arguments, status=status, TRELLIS_DATABASE_URL=url, **FREE | variables)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["trellis"] == VERSION
    return found


def found(report: dict[str, Any], state: str) -> list[tuple[str, str]]:
    """The checks that were found like this, with what was said."""
    return [(it["check"], it["said"]) for it in report["results"] if it["state"] == state]


def cures(report: dict[str, Any]) -> list[str]:
    return [it["cure"] for it in report["results"] if it["state"] != "ok"]


def test_a_database_as_the_code_wants_it_is_well(database: Database) -> None:
    report = told(database.url)
    assert report["status"] == "ok", found(report, "warning") + found(report, "broken")
    checks = [check for check, _ in found(report, "ok")]
    common = ["python", "libraries", "port", "schema", "settings", "identity", "database"]
    of_servers = ["clock", "connections", "pooler"] if database.dialect == "postgresql" else ["disk"]
    assert checks == [*common, *of_servers, "revision", "tables"]
    said = dict(found(report, "ok"))
    product = "PostgreSQL" if database.dialect == "postgresql" else "SQLite"
    assert said["database"].startswith(f"{product} ")
    assert "UTF" in said["database"]
    assert said["revision"] == f"The database is at revision {migrate.newest()}."


def test_people_read_a_line_for_each_thing_and_a_sum(database: Database) -> None:
    done = trellis("doctor", TRELLIS_DATABASE_URL=database.url, **FREE)
    *lines, nothing, total = done.stdout.splitlines()
    assert lines[0].startswith(f"ok       python        Trellis {VERSION} on Python 3.")
    assert (nothing, total) == ("", f"{len(lines)} ok, 0 warnings, 0 broken.")


def test_what_is_broken_has_its_cure_and_its_page_and_the_status_is_one(blank_database: Database) -> None:
    done = trellis("doctor", status=Exit.FAILED, TRELLIS_DATABASE_URL=blank_database.url, **FREE)
    assert "\nbroken   database      The database " in done.stdout
    assert "Run `trellis db upgrade`" in done.stdout
    assert f"\n{' ' * 23}See {whereabouts(address('operations', 'The start'))}\n" in done.stdout
    assert done.stdout.splitlines()[-1].endswith(" broken.")
    if blank_database.dialect == "sqlite":
        assert not Path(blank_database.url.removeprefix("sqlite:///")).exists()


def test_a_database_that_does_not_answer_is_named_without_its_password() -> None:
    report = told(f"postgresql://ada:{SECRET}@127.0.0.1:1/shop", status=Exit.FAILED)
    assert found(report, "broken")[0][0] == "database"
    assert SECRET not in json.dumps(report)


async def test_an_older_revision_is_named(database: Database) -> None:
    trellis("db", "downgrade", "-1", "--yes", TRELLIS_DATABASE_URL=database.url)
    report = told(database.url, status=Exit.FAILED)
    assert "Run `trellis db upgrade`." in cures(report)
    trellis("db", "upgrade", TRELLIS_DATABASE_URL=database.url)


@pytest.mark.nouns
async def test_tables_that_differ_from_the_models_are_counted(database: Database, engines: Engines) -> None:
    async with engines.writing().begin() as connection:
        await connection.execute(text("ALTER TABLE tags ADD COLUMN colour text"))
    report = told(database.url, status=Exit.FAILED)
    assert found(report, "broken") == [("tables", "The tables and the models differ in 1 places.")]


@pytest.mark.sqlite
def test_a_stale_schema_is_a_warning(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = tmp_path / "schema.graphql"
    stale.write_text("scalar Stray\n")
    monkeypatch.setattr(action, "SCHEMA", stale)
    report = told(database.url)
    assert report["status"] == "warning"
    assert found(report, "warning") == [("schema", "schema.graphql is not that of the code.")]


@pytest.mark.sqlite
def test_an_address_that_somebody_else_has_is_broken(database: Database) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        report = told(database.url, status=Exit.FAILED, TRELLIS_PORT=port)
    ((check, said),) = found(report, "broken")
    assert (check, said) == ("port", f"127.0.0.1:{port} cannot be listened on: Address already in use.")


@pytest.mark.process
@pytest.mark.sqlite
def test_an_address_that_a_server_of_ours_has_is_well(database: Database) -> None:
    with serving(database.url) as (_, origin):
        report = told(database.url, TRELLIS_PORT=origin.rpartition(":")[2])
    assert ("port", f"Trellis serves {origin} already.") in found(report, "ok")


@pytest.mark.sqlite
def test_variables_that_nobody_reads_and_values_that_cannot_be_read_are_named(database: Database) -> None:
    report = told(database.url, status=Exit.FAILED, TRELLIS_DATABSE_URL=SECRET)
    assert "did you mean TRELLIS_DATABASE_URL?" in found(report, "broken")[0][1]
    report = told(database.url, status=Exit.FAILED, TRELLIS_POOL_SIZE=SECRET, TRELLIS_MAX_PAGE="0")
    pages = {it["page"] for it in report["results"] if it["state"] == "broken"}
    assert pages == {address("settings", "TRELLIS_POOL_SIZE"), address("settings", "TRELLIS_MAX_PAGE")}
    assert SECRET not in json.dumps(report)


@pytest.mark.sqlite
def test_settings_by_which_no_server_starts_are_named(database: Database) -> None:
    open_to_all = {"TRELLIS_HOST": "0.0.0.0", "TRELLIS_DEV_VIEWER": "somebody"}
    assert found(told(database.url, status=Exit.FAILED, **open_to_all), "broken")[0][0] == "port"
    report = told(database.url, status=Exit.FAILED, TRELLIS_PROXY_USER_HEADER="X-User-Id")
    ((check, said),) = found(report, "broken")
    assert check == "identity"
    assert said.startswith("TRELLIS_PROXY_USER_HEADER is believed of no proxy")


@pytest.mark.sqlite
def test_a_store_of_files_is_tried_and_left_empty(database: Database, tmp_path: Path) -> None:
    pytest.importorskip("obstore")
    store = tmp_path / "files"
    report = told(database.url, TRELLIS_FILES=store.as_uri())
    assert ("files", "The store of files takes a file, and lets it go again.") in found(report, "ok")
    assert [it for it in store.rglob("*") if it.is_file()] == []
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, where a folder is wanted")
    assert found(told(database.url, status=Exit.FAILED, TRELLIS_FILES=blocked.as_uri()), "broken")[0][0] == "files"


@pytest.mark.postgresql
def test_more_connections_than_the_database_allows_are_broken(database: Database) -> None:
    report = told(database.url, "--workers", "1000", status=Exit.FAILED, TRELLIS_LIMITS_STORAGE="database")
    ((check, said),) = found(report, "broken")
    assert check == "connections"
    assert said.startswith("1000 processes may open 16000 connections, and the database allows ")
    assert cures(report)[0].startswith("Set TRELLIS_POOL_SIZE to 1 or less")


@pytest.mark.sqlite
def test_several_workers_that_count_alone_are_a_warning(database: Database) -> None:
    assert told(database.url, "--workers", "2")["status"] == "ok"
    report = told(database.url, "--workers", "2", TRELLIS_RATE_LIMIT="100/minute")
    assert [check for check, _ in found(report, "warning")] == ["settings"]


@pytest.mark.sqlite
def test_replicas_are_looked_at_by_name(database: Database, tmp_path: Path) -> None:
    away = f"sqlite:///{tmp_path / 'away.db'}"
    report = told(database.url, TRELLIS_REPLICA_URLS=away)
    assert [check for check, _ in found(report, "warning")] == ["replicas"]
    assert "`replica 1`" in found(report, "warning")[0][1]
