"""What the README says is true: its commands run, its answer is the server's, its excerpts are the code's."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from graph.schema import DOMAIN
from graph.settings import Settings
from tests.databases import Database

HOUSE = Path(__file__).resolve().parents[2]
README = (HOUSE / "README.md").read_text(encoding="utf-8")
SETTINGS = Settings.model_fields | DOMAIN.settings.model_fields
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.M | re.S)
BIN = Path(sys.executable).parent
ADDRESS = "http://127.0.0.1:8000"
START_S = 60
POST = """+++
title = "Hello"
date = 2026-03-01
authors = ["Ada Ashworth"]
+++
Good morning.
"""


def blocks(language: str) -> list[str]:
    """The code blocks of a language, in order."""
    return [body for found, body in BLOCKS if found == language]


def environment(database: Database) -> dict[str, str]:
    """The environment of a command: our own tools first, and the test's database."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "TRELLIS_DATABASE_URL": database.url}


@contextmanager
def serving(database: Database, port: int) -> Iterator[str]:
    """`make serve` on another port; gives the server's address."""
    process = subprocess.Popen(
        ["make", "serve", f"PORT={port}"],
        cwd=HOUSE,
        env=environment(database),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_S
        while not alive(address):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, f"no answer from {address}"
            time.sleep(0.1)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=START_S)


def alive(address: str) -> bool:
    """Whether a server answers there."""
    try:
        with urlopen(f"{address}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError):
        return False


async def test_make_serve_answers_the_query_as_the_readme_says(database: Database, unused_tcp_port: int) -> None:
    commands = [block for block in blocks("sh") if "curl" in block]
    answers = blocks("json")
    assert len(commands) == len(answers) == 2

    def ask() -> list[str]:
        with serving(database, unused_tcp_port) as address:
            run = (["bash", "-c", command.replace(ADDRESS, address)] for command in commands)
            return [subprocess.run(line, capture_output=True, text=True, check=True).stdout for line in run]

    assert [json.loads(found) for found in await asyncio.to_thread(ask)] == [json.loads(answer) for answer in answers]


async def test_the_commands_of_the_readme_run(database: Database, tmp_path: Path) -> None:
    commands = [block for block in blocks("sh") if block.startswith("trellis")]
    assert len(commands) == 2
    (tmp_path / "password.txt").write_text("a good password\n", encoding="utf-8")
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "hello.md").write_text(POST, encoding="utf-8")
    for line in chain.from_iterable(block.splitlines() for block in reversed(commands)):
        await asyncio.to_thread(
            subprocess.run, ["sh", "-c", line], cwd=tmp_path, env=environment(database), check=True, timeout=START_S
        )
    assert (tmp_path / "tags.ndjson").read_text(encoding="utf-8").count("\n") > 0


def test_make_knows_the_targets_that_the_readme_names() -> None:
    targets = set(re.findall(r"\bmake (\w+)", README)) - {"serve"}
    assert targets
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=HOUSE, check=True, capture_output=True)


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: str(block).splitlines()[0])
def test_an_excerpt_is_what_the_file_says(block: str) -> None:
    name, _, code = block.partition("\n")
    assert code.strip() in (HOUSE / name.removeprefix("# ")).read_text(encoding="utf-8")


def settings_table() -> str:
    """The table of all settings, as the code has them."""
    rows = [
        f"| `TRELLIS_{name.upper()}` | {shown_default(name)} | {field.description} |"
        for name, field in SETTINGS.items()
    ]
    return "\n".join(["| variable | default | what it does |", "|---|---|---|", *rows])


def shown_default(name: str) -> str:
    """A default as the table shows it."""
    if name == "database_url":
        return "`sqlite:///var/trellis.db`"
    value = SETTINGS[name].default
    return "" if value in (None, ()) else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def test_the_table_of_settings_is_the_codes() -> None:
    table = README.partition("<!-- settings -->\n")[2].partition("<!-- /settings -->")[0].strip()
    assert table == settings_table()
