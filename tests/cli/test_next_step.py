"""`trellis` alone: where one is, and what to do next."""

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from db import demo
from db.session.engines import Engines
from db.settings import HOUSE
from graph import VERSION
from graph.cli.actions import next_step
from graph.cli.errors import Exit
from tests.cli.running import environment, trellis
from tests.databases import Database

NOT_NEEDED = {"alembic", "strawberry", "uvicorn", "graph.entity", "graph.schema"}
"""What takes a second and more, or belongs to servers."""
IMPORTED = """
import contextlib, sys
from graph.cli import run
with contextlib.suppress(SystemExit):
    run([])
print(*sys.modules)
"""


def steps(said: str) -> list[str]:
    """The commands that are named."""
    return [re.split(r" {3,}", line.strip())[0] for line in said.partition("\nNext:\n")[2].splitlines()[:-2] if line]


def next_of(url: str, **variables: Any) -> list[str]:
    return steps(trellis(TRELLIS_DATABASE_URL=url, **variables).stdout)


@pytest.mark.nouns
def test_from_nothing_each_step_leads_to_the_next(blank_database: Database) -> None:
    url = blank_database.url
    assert next_of(url) == ["trellis db upgrade"]
    if blank_database.dialect == "sqlite":
        assert not Path(url.removeprefix("sqlite:///")).exists()  # nothing is made
    trellis("db", "upgrade", TRELLIS_DATABASE_URL=url)
    assert next_of(url) == ["trellis demo", "trellis serve"]
    trellis("demo", TRELLIS_DATABASE_URL=url)
    said = trellis(TRELLIS_DATABASE_URL=url, TRELLIS_PORT="8123").stdout
    assert said.startswith(f"Trellis {VERSION} in {HOUSE}\nThe database ")
    assert steps(said) == ["trellis serve"]
    assert "serve http://127.0.0.1:8123/graphql; GraphiQL for browsers\n" in said


@pytest.mark.nouns
async def test_rows_of_ones_own_are_no_reason_for_a_demo(database: Database, engines: Engines) -> None:
    async with engines.writing().begin() as connection:
        await connection.execute(text("INSERT INTO tags (name, slug) VALUES ('Mine', 'mine')"))
    assert next_of(database.url) == ["trellis serve"]


async def test_an_older_revision_is_brought_up_to_date(database: Database, engines: Engines) -> None:
    trellis("db", "downgrade", "-1", "--yes", TRELLIS_DATABASE_URL=database.url)
    said = trellis(TRELLIS_DATABASE_URL=database.url).stdout
    assert "is at an older revision than the code" in said
    assert steps(said) == ["trellis db upgrade"]
    trellis("db", "upgrade", TRELLIS_DATABASE_URL=database.url)


async def test_a_strange_revision_is_for_the_doctor(database: Database, engines: Engines) -> None:
    async with engines.writing().begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'strange'"))
    said = trellis(TRELLIS_DATABASE_URL=database.url).stdout
    assert "is at a revision that the code does not know. Deploy the code that belongs to it" in said
    assert steps(said) == ["trellis doctor"]


def test_a_database_that_does_not_answer_is_told_without_its_password_and_no_failure() -> None:
    said = trellis(TRELLIS_DATABASE_URL="postgresql://ada:s3cret@127.0.0.1:1/shop").stdout
    assert "The database shop at 127.0.0.1:1 cannot be reached: " in said
    assert "s3cret" not in said
    assert steps(said) == ["trellis doctor"]


def test_settings_that_cannot_be_read_end_it() -> None:
    assert "TRELLIS_PORT should be a valid integer" in trellis(status=Exit.USAGE, TRELLIS_PORT="many").stderr


@pytest.mark.sqlite
async def test_a_server_that_runs_is_noticed(database: Database, engines: Engines) -> None:
    await demo.fill(engines)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        assert next_of(database.url, TRELLIS_PORT=str(port)) == [f"trellis status --server http://127.0.0.1:{port}"]


def test_without_a_project_it_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site-packages"
    (site / "graph" / "projects" / "house").mkdir(parents=True)
    monkeypatch.setattr(next_step, "HOUSE", site)
    monkeypatch.chdir(tmp_path)
    said = trellis().stdout
    assert said.startswith(f"Trellis {VERSION}, as a package. There is no project here.\n")
    assert [step.split()[1] for step in steps(said)] == ["init", "init", "serve"]


def test_a_package_in_a_project_leads_to_the_projects_own_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site" / "graph" / "projects" / "house").mkdir(parents=True)
    project = tmp_path / "shop"
    for name in ("db", "graph", "migrations", "docs"):
        (project / name).mkdir(parents=True)
    for name in ("alembic.ini", "pyproject.toml"):
        (project / name).touch()
    monkeypatch.setattr(next_step, "HOUSE", tmp_path / "site")
    monkeypatch.chdir(project / "docs")
    said = trellis().stdout
    assert f"{project} is a project, with a command of its own." in said
    assert steps(said) == [str(project / ".venv/bin/trellis")]


@pytest.mark.process
@pytest.mark.sqlite
def test_no_schema_is_made_for_it(database: Database) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED],
        env=environment(TRELLIS_DATABASE_URL=database.url),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\nNext:\n" in done.stdout
    assert set(done.stdout.splitlines()[-1].split()) & NOT_NEEDED == set()


def test_the_command_is_named_as_it_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / ".venv" / "bin" / "trellis"
    program.parent.mkdir(parents=True)
    shutil.copy(sys.executable, program)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(program)])
    monkeypatch.setenv("PATH", "/nowhere")
    assert next_step.typed() == ".venv/bin/trellis"
    monkeypatch.setenv("PATH", str(program.parent))
    assert next_step.typed() == "trellis"
