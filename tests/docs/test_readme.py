"""What the README says is true: its commands run, its answer and its SQL are the server's, its picture shows them."""

import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import make_url

from db.settings import HOUSE
from tests.databases import Database
from tests.docs.following import PATIENCE_S, environment, page, run_in, serving, wait_for
from tests.docs.picture import FILE, drawing

README = page("README.md")
MOST_LINES = 150
LOOK, INIT = next(block for block in README.blocks("sh") if "--reflect" in block).splitlines()
QUERY, SQL = README.blocks("graphql")[0], README.blocks("sql")[0]
URL = re.compile(r"postgresql://\S+")


async def test_make_serve_answers_the_query_as_the_page_says(database: Database, unused_tcp_port: int) -> None:
    """With the SQL of the page on SQLite, and as many statements on PostgreSQL."""

    def ask() -> Any:
        with serving(database, unused_tcp_port) as address:
            body = {"query": QUERY, "extensions": {"doctor": True}}
            return httpx.post(f"{address}/graphql", json=body, timeout=PATIENCE_S).json()

    answer = await asyncio.to_thread(ask)
    report = answer.pop("extensions")["doctor"]
    reads = [statement["sql"] for statement in report["statements"] if statement["kind"] == "read"]
    assert answer == json.loads(README.blocks("json")[0])
    # The tags, a page of posts for each of them, the counts, the authors.
    assert len(reads) == len(_statements(SQL)) == 4
    if database.dialect == "sqlite":
        assert list(map(_one_line, reads)) == list(map(_one_line, _statements(SQL)))
        assert FILE.read_text(encoding="utf-8") == drawing(QUERY, report)


def _statements(sql: str) -> list[str]:
    return [statement for statement in sql.split(";\n") if statement.strip()]


def _one_line(sql: str) -> str:
    """A statement without its line breaks, and without blanks inside of parentheses."""
    return re.sub(r"\( | \)", lambda found: found[0].strip(), " ".join(sql.split()))


def test_the_page_says_first_how_its_commands_are_reached() -> None:
    blocks = README.blocks("sh")
    (activation,) = [place for place, block in enumerate(blocks) if block.startswith(". .venv/bin/activate\n")]
    before = [line for block in blocks[:activation] for line in block.splitlines()]
    assert [line for line in before if not line.startswith("make ")] == []


async def test_without_make_it_is_served_as_the_page_says(
    database: Database, clone: Path, unused_tcp_port: int
) -> None:
    (block,) = [block for block in README.blocks("sh") if ".ci/setup" in block]
    set_up, *commands, serve = block.splitlines()
    assert os.access(clone / set_up, os.X_OK)  # it has made the environment of this test
    assert serve == ".venv/bin/trellis serve"
    await asyncio.to_thread(run_in, clone, database, *commands, activated=False)

    def ask() -> Any:
        with _running(clone, database, f"{serve} --port {unused_tcp_port}", unused_tcp_port) as address:
            return httpx.post(f"{address}/graphql", json={"query": QUERY}, timeout=PATIENCE_S).json()

    assert await asyncio.to_thread(ask) == json.loads(README.blocks("json")[0])


async def test_the_command_is_reached_by_what_the_page_says(database: Database, clone: Path) -> None:
    (block,) = [block for block in README.blocks("sh") if block.startswith(". .venv/bin/activate\n")]
    assert "Usage: trellis" in await asyncio.to_thread(run_in, clone, database, block, activated=False)


@pytest.mark.postgresql
async def test_the_role_and_the_database_that_the_page_makes_are_enough(blank_database: Database, clone: Path) -> None:
    (block,) = [block for block in README.blocks("sh") if "psql" in block]
    mine = f"{make_url(blank_database.url).database}_role"  # a server has one `trellis` only: it may be somebody's
    statements = [re.sub(r"(?<!')\btrellis\b", mine, statement) for statement in re.findall(r'-c "([^"]*)"', block)]
    assert len(statements) == 2
    (url,) = URL.findall(block)
    there = make_url(blank_database.url)
    made = make_url(url).set(username=mine, database=mine, host=there.host, port=there.port)
    server = await asyncpg.connect(blank_database.url)
    try:
        for statement in statements:
            await server.execute(statement)
        empty = Database(made.render_as_string(hide_password=False), "postgresql")
        # The role of the page is called as the schema of our own tables is.
        same_name = f"export TRELLIS_OWN_SCHEMA={mine}"
        await asyncio.to_thread(run_in, clone, empty, same_name, "trellis db upgrade", "trellis db check")
    finally:
        await server.execute(f"DROP DATABASE IF EXISTS {mine} WITH (FORCE)")
        await server.execute(f"DROP ROLE IF EXISTS {mine}")
        await server.close()


async def test_a_database_is_looked_at_as_the_page_says(database: Database, clone: Path, unused_tcp_port: int) -> None:
    await asyncio.to_thread(run_in, clone, database, "trellis demo --if-empty")
    line = re.sub(r"--port \d+", f"--port {unused_tcp_port}", URL.sub(database.url, LOOK))
    assert line.startswith("trellis serve --reflect ")

    def ask() -> Any:
        with _running(clone, database, f".venv/bin/{line}", unused_tcp_port) as address:
            return httpx.post(f"{address}/graphql", json={"query": "{ posts { totalCount } }"}, timeout=60).json()

    assert (await asyncio.to_thread(ask))["data"]["posts"]["totalCount"] > 0


async def test_a_project_is_made_of_a_database_as_the_page_says(database: Database, clone: Path) -> None:
    empty = re.findall(r"`(trellis init --empty \S+)`", README.text)
    await asyncio.to_thread(run_in, clone, database, URL.sub(database.url, INIT), *empty)
    assert (clone.parent / "library" / "db" / "models" / "post.py").is_file()
    assert (clone.parent / "garden" / "graph" / "schema.py").is_file()


def test_make_knows_the_targets_that_the_page_names() -> None:
    targets = set(re.findall(r"\bmake ([\w-]+)", README.text)) - {"serve"}
    assert {"test", "bench"} < targets
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=HOUSE, check=True, capture_output=True)


def test_it_is_read_in_ten_minutes() -> None:
    assert len(README.text.splitlines()) <= MOST_LINES


@contextmanager
def _running(clone: Path, database: Database, line: str, port: int) -> Iterator[str]:
    """A server that a line of commands starts in the clone; gives its address."""
    process = subprocess.Popen(
        ["sh", "-c", f"exec {line}"],
        cwd=clone,
        env=environment(database) | {"PYTHONPATH": str(clone)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(address, process)
        yield address
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)
