"""What docs/tutorial.md says is true: from an empty folder, each step is done as it says and answered as it says."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from db.settings import HOUSE
from tests.cli.running import serving
from tests.databases import Database
from tests.projects.conftest import BIN, run_in

PAGE = (HOUSE / "docs/tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
LEFT_OUT = ("cd ", "make setup", "make check", "sudo ", "TRELLIS_DEV_VIEWER=", "TRELLIS_HOST=")
"""What is done otherwise here: the environment is that of this tree, and the server is asked past HTTP until step 9.

What `make check` says has a test of its own, for it takes as long as all the rest and is the same on every database.
"""
WRITES = (".venv/bin/trellis noun ", "make schema")
"""The commands that write code."""
ADDRESS = "http://127.0.0.1:8000"
ASK = """
import asyncio, json, sys
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.policies import visibility
from graph.schema import make_schema
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer

async def answers():
    engines, schema = Engines(Settings()), make_schema()
    for who, document in json.loads(sys.argv[1]):
        viewer = Viewer(None, frozenset({"admin"})) if who == "an admin" else NOBODY
        contexts = ContextFactory(engines, viewer=viewer, visible=visibility(viewer))
        result = await schema.execute(document, context_value=contexts)
        yield [result.data, [str(it) for it in result.errors or []]]
    await engines.dispose()


async def main():
    print(json.dumps([it async for it in answers()]))


asyncio.run(main())
"""
"""A program that asks one operation after the other: a process for each would make the schema each time."""
Asked: TypeAlias = tuple[str, str]
"""Who asks, and the operation."""
ADMIN_AND_STRANGER = ("an admin", "a stranger")


def edit(folder: Path, block: str) -> None:
    """Do what a diff of the page says: its lines with `-` and without a sign are there once, those with `+` come."""
    name, _, text = block.partition("\n")
    file, lines = folder / name.removeprefix("# "), text.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if not line.startswith("+"))
    after = "".join(line[1:] for line in lines if not line.startswith("-"))
    there = file.read_text(encoding="utf-8")
    assert there.count(before) == 1, f"{name} does not have {before!r} once"
    file.write_text(there.replace(before, after), encoding="utf-8")


def test_the_page_takes_a_newcomer_from_nothing_to_a_mutation(blank_database: Database, tmp_path: Path) -> None:
    folder, url = tmp_path / "garden", blank_database.url
    answers = [json.loads(body) for language, body in BLOCKS if language == "json"]
    asked: list[Asked] = []
    for language, body in BLOCKS:
        if language not in ("graphql", "json"):
            answered(folder, url, asked, answers)
            asked.clear()
        if language == "sh":
            for line in (line for line in body.splitlines() if not line.startswith(LEFT_OUT)):
                do(folder, line, url)
        elif language == "diff":
            edit(folder, body)
        elif language == "py":
            write(folder, body)
        elif language == "text":
            assert ask_by_the_client(folder, url) == body
        elif language == "graphql":
            who = body.partition("\n")[0].removeprefix("# ")
            assert who in ADMIN_AND_STRANGER
            asked.append((who, body))
    assert (asked, answers) == ([], [])


def test_the_code_of_the_page_passes_make_check(project: Path) -> None:
    commands: list[str] = []
    for language, body in BLOCKS:
        if language == "sh":
            commands += body.splitlines()
            for line in (line for line in body.splitlines() if line.startswith(WRITES)):
                do(project, line, "")
        elif language == "diff":
            edit(project, body)
    assert "make check" in commands
    do(project, "make check", "")


def answered(folder: Path, url: str, asked: Sequence[Asked], answers: list[object]) -> None:
    """Ask the operations that stand one after the other, and take their answers from those that the page tells."""
    if asked:
        said = json.loads(run_in(folder, "python", "-c", ASK, json.dumps(asked), TRELLIS_DATABASE_URL=url))
        assert said == [[answers.pop(0), []] for _ in asked]


def write(folder: Path, block: str) -> None:
    """Make the file of a block."""
    name, _, code = block.partition("\n")
    file = folder / name.removeprefix("# ")
    assert not file.exists()
    file.write_text(code, encoding="utf-8")


def ask_by_the_client(folder: Path, url: str) -> str:
    """What the client of the page prints, as a stranger."""
    client = folder / "../plants.py"
    with serving(url, PYTHONPATH=str(folder)) as (_, address):
        client.write_text(client.read_text(encoding="utf-8").replace(ADDRESS, address), encoding="utf-8")
        return run_in(folder, "python", str(client))


def do(folder: Path, line: str, url: str) -> None:
    """Do what a line of commands says."""
    if "init" in line.split():
        run_in(HOUSE, "trellis", *line.replace("../garden", str(folder)).split()[1:])
        (folder / ".venv").symlink_to(BIN.parent)
    elif line == ".venv/bin/python ../plants.py":
        assert (folder / "../plants.py").exists()  # it is run where its output is told, below
    elif line == "make serve":
        run_in(folder, "trellis", "db", "upgrade", TRELLIS_DATABASE_URL=url)
    else:
        program, *words = line.split()
        arguments = ["-o", ".venv/.ready", *words] if program == "make" else words
        run_in(folder, program.rpartition("/")[2], *arguments)
