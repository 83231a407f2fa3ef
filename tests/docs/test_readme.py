"""What the README says is true: its commands run, its answer is the server's, its excerpts are the code's."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import asyncpg
import pytest
from sqlalchemy import make_url

from manual.settings import table
from tests.databases import Database

HOUSE = Path(__file__).resolve().parents[2]
README = (HOUSE / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
BLOCKS = BLOCK.findall(README)
PAGES = sorted((HOUSE / "docs").glob("*.md"))
A_NOUN = BLOCK.findall(README.partition("## Add a noun\n")[2].partition("\n## ")[0])
OF_A_PROJECT = "your-database.md"
"""The page that tests/projects/test_tutorial.py follows."""
EXCERPTS = [
    body
    for text in (README, *(page.read_text(encoding="utf-8") for page in PAGES if page.name != OF_A_PROJECT))
    for language, body in BLOCK.findall(text)
    if language == "python" and not re.match(r"# \S*/(test_)?event\.py\n", body)
]
"""Blocks of code that stand in a file of ours; those of the noun that is added make their files."""
BIN = Path(sys.executable).parent
ADDRESS = "http://127.0.0.1:8000"
START_S = 60
PATIENCE_S = 240


def blocks(language: str) -> list[str]:
    """The code blocks of a language, in order."""
    return [body for found, body in BLOCKS if found == language]


def environment(database: Database) -> dict[str, str]:
    """The environment of somebody who has read nothing yet: without our commands, with the test's database."""
    path = os.pathsep.join(folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder) != BIN)
    return {**os.environ, "PATH": path, "TRELLIS_DATABASE_URL": database.url, "TRELLIS_START_CHECKS": "true"}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files of the project in a folder of their own, with the environment that `make setup` makes."""
    folder = tmp_path / "trellis"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=HOUSE, capture_output=True, check=True
    )
    for name in filter(lambda name: (HOUSE / name).is_file(), listed.stdout.decode().splitlines()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(HOUSE / name, folder / name)
    (folder / ".venv").symlink_to(BIN.parent)
    (folder / "var").mkdir()
    return folder


def run_in(clone: Path, database: Database, *scripts: str) -> str:
    """Run blocks of commands in one shell, after the one that the page says to begin with; gives what they print."""
    # Our environment has installed the house that it stands in, and shall take the clone instead.
    variables = environment(database) | {
        "PYTHONPATH": str(clone),
        "PYTEST_ADDOPTS": f"-p no:cacheprovider -k {database.dialect}",
    }
    script = "\n".join(["set -e", ". .venv/bin/activate", *scripts])
    done = subprocess.run(
        ["sh", "-c", script], cwd=clone, env=variables, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


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
    *commands, _of_the_noun = [block for block in blocks("sh") if "curl" in block]
    answers = blocks("json")
    assert len(commands) == len(answers) == 2

    def ask() -> list[str]:
        with serving(database, unused_tcp_port) as address:
            run = (["bash", "-c", command.replace(ADDRESS, address)] for command in commands)
            return [subprocess.run(line, capture_output=True, text=True, check=True).stdout for line in run]

    assert [json.loads(found) for found in await asyncio.to_thread(ask)] == [json.loads(answer) for answer in answers]


def test_the_page_says_first_how_its_commands_are_reached() -> None:
    activation, *_ = [place for place, block in enumerate(blocks("sh")) if block == ". .venv/bin/activate\n"]
    assert [block for block in blocks("sh")[:activation] if not block.startswith("make ")] == []


async def test_the_commands_of_the_readme_run(database: Database, clone: Path) -> None:
    commands = [block for block in blocks("sh") if "trellis user" in block or "trellis export" in block]
    assert len(commands) == 2
    await asyncio.to_thread(run_in, clone, database, "trellis demo --if-empty", *commands)  # as after `make serve`
    assert (clone / "var" / "tags.ndjson").read_text(encoding="utf-8").count("\n") > 0


@pytest.mark.postgresql
async def test_the_role_and_the_database_that_the_readme_makes_are_enough(
    blank_database: Database, clone: Path
) -> None:
    (block,) = [block for block in blocks("sh") if "psql" in block]
    mine = f"{make_url(blank_database.url).database}_role"  # a server has one `trellis` only: it may be somebody's
    statements = [re.sub(r"(?<!')\btrellis\b", mine, statement) for statement in re.findall(r'-c "([^"]*)"', block)]
    assert len(statements) == 2
    (url,) = re.findall(r"postgresql://\S+", block)
    there = make_url(blank_database.url)
    made = make_url(url).set(username=mine, database=mine, host=there.host, port=there.port)
    server = await asyncpg.connect(blank_database.url)
    try:
        for statement in statements:
            await server.execute(statement)
        empty = Database(made.render_as_string(hide_password=False), "postgresql")
        await asyncio.to_thread(run_in, clone, empty, "trellis db upgrade", "trellis db check")
    finally:
        await server.execute(f"DROP DATABASE IF EXISTS {mine} WITH (FORCE)")
        await server.execute(f"DROP ROLE IF EXISTS {mine}")
        await server.close()


async def test_a_noun_is_added_as_the_readme_says(blank_database: Database, clone: Path, unused_tcp_port: int) -> None:
    *steps, (_, asked) = [(language, body) for language, body in A_NOUN if body not in EXCERPTS]

    def run(*scripts: str) -> str:
        return run_in(clone, blank_database, *scripts).replace("\n", "")

    await asyncio.to_thread(run, "trellis db upgrade")
    for language, body in steps:
        if language == "sh" and "pytest" in body and blank_database.dialect == "sqlite":
            continue  # those tests run on both databases, and take a third of the time of this one
        if language == "sh":
            await asyncio.to_thread(run, body)
        else:
            write(clone, language, body)
    here = f"http://127.0.0.1:{unused_tcp_port}"
    sign_in = next(block for block in blocks("sh") if "signIn" in block).partition("\n\n")[0]
    answers = await asyncio.to_thread(
        run,
        "trellis demo --if-empty",
        f"trellis serve --port {unused_tcp_port} & trap 'kill $!' EXIT",
        f"until curl -sf {here}/healthz > var/health; do sleep 0.2; done",
        sign_in.replace(ADDRESS, here),
        asked.replace(ADDRESS, here),
    )
    assert '{"createEvent":{"event":{"startsAt":"2026-05-01T10:00:00+00:00"},"errors":[]}}' in answers
    assert '{"events":{"totalCount":1,"nodes":[{"title":"Open day"}]},"event":{"title":"Open day"}}' in answers


def write(clone: Path, language: str, block: str) -> None:
    """Do what a block of the page says: make its file, or add its lines with `+` to those that are there."""
    name, _, code = block.partition("\n")
    file = clone / name.removeprefix("# ")
    if language == "python":
        assert not file.exists()
        file.write_text(code, encoding="utf-8")
        return
    lines = code.splitlines(keepends=True)
    there = "".join(line[1:] for line in lines if not line.startswith("+"))
    text = file.read_text(encoding="utf-8")
    assert text.count(there) == 1, f"{name} does not have {there!r} once"
    file.write_text(text.replace(there, "".join(line[1:] for line in lines)), encoding="utf-8")


def test_make_knows_the_targets_that_the_readme_names() -> None:
    targets = set(re.findall(r"\bmake (\w+)", README)) - {"serve"}
    assert targets
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=HOUSE, check=True, capture_output=True)


@pytest.mark.parametrize("block", EXCERPTS, ids=lambda block: " ".join(str(block).split()[1:6]))
def test_an_excerpt_is_what_the_file_says(block: str) -> None:
    name, _, code = block.partition("\n")
    assert code.strip() in (HOUSE / name.removeprefix("# ")).read_text(encoding="utf-8")


def test_the_table_of_settings_is_the_codes() -> None:
    told = README.partition("<!-- settings -->\n")[2].partition("<!-- /settings -->")[0].strip()
    assert told == table()
