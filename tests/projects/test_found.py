"""`trellis init URL`: a project for a database that was there before, whose checks and tests pass, and no write."""

import re
import sqlite3
import subprocess
from pathlib import Path

import pytest

from db.settings import HOUSE
from tests.databases import Database
from tests.db.reflection.databases import rows
from tests.projects import sample
from tests.projects.conftest import BIN, run_in

INIT = (str(BIN / "trellis"), "init")

HELD = r"""
    SELECT relnamespace\:\:regnamespace\:\:text, relname, relkind\:\:text, attname, atttypid\:\:regtype\:\:text
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid WHERE relkind IN ('r', 'v', 'm') AND attnum > 0
        AND relnamespace\:\:regnamespace\:\:text IN ('public', 'shop', 'trellis') ORDER BY 1, 2, 4
"""


def init(database: Database, folder: Path, *options: str) -> str:
    """Make a project for a database; the report."""
    chosen = [] if options else sample.SCHEMAS[database.dialect]
    command = ("trellis", "init", database.url, str(folder), *chosen, *options)
    return run_in(HOUSE, *command)


async def held(database: Database) -> object:
    """Whatever is in a database: its bytes, or its tables with their columns and rows."""
    if database.dialect == "sqlite":
        with sqlite3.connect(database.url.removeprefix("sqlite:///")) as connection:
            return list(connection.iterdump())
    return await rows(database, HELD)


async def test_a_project_for_a_database_passes_its_checks_and_its_tests_and_writes_nothing_there(
    blank_database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    await sample.make(blank_database)
    before = await held(blank_database)
    report = init(blank_database, folder)
    (folder / ".venv").symlink_to(BIN.parent)
    assert "key of table nothing_but_rows" in report
    page = (folder / "docs/guesses.md").read_text()
    told = [line.removeprefix("- ").removeprefix("left out: ") for line in report.splitlines() if line.startswith("- ")]
    assert told
    assert re.search(r"^- \*\*(type|function) .*\*\*.*[^)\n]$", page, re.M) is None
    assert all(line.partition(": ")[0] in page for line in told if not line.startswith("and "))
    for file, line in re.findall(r"\((db/models/\w+\.py):(\d+)\)", page):
        assert re.match(r"    \w+(: | = )|class ", (folder / file).read_text().splitlines()[int(line) - 1])
    run_in(folder, "ruff", "format", "--check")
    run_in(folder, "ruff", "check")
    run_in(folder, "lint-imports", "--no-logo")
    run_in(folder, "trellis", "schema", "export", "--check")
    run_in(folder, "trellis", "db", "check")
    run_in(folder, "mypy", "--package", "graph", "--package", "db", "--package", "tests.application")
    said = run_in(folder, "python", "-m", "pytest", "-q", "tests/application")
    assert " passed" in said
    assert " skipped" not in said
    assert await held(blank_database) == before
    changes = (folder / "graph/mutations/book.py").read_text()
    assert "    may=with_right(ADMINS),\n    create=ADMINS,\n" in changes
    assert '        compare("pages", ">", 0),\n' in changes
    assert not (folder / "graph/mutations/prolific.py").exists()
    assert not (folder / "graph/mutations/nothing_but_row.py").exists()
    if blank_database.dialect == "postgresql":
        assert 'one_of("status", ["new", "old"])' in (folder / "graph/mutations/person.py").read_text()
        schema = (folder / "schema.graphql").read_text()
        assert re.search(r'"""What is on the "door"."""\n  label: String\n', schema)
        assert re.search(r"\n  nextMood: ShopMood\n", schema)


async def test_nobody_but_admins_sees_a_table_until_its_line_is_opened(
    blank_database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    await sample.make(blank_database)
    init(blank_database, folder, "--only", "authors,books", "--name", "other", "--read-only")
    assert sorted(it.name for it in (folder / "graph/mutations").glob("*.py")) == ["__init__.py", "rights.py"]
    assert "Mutation" not in (folder / "schema.graphql").read_text()
    policies = folder / "graph/policies.py"
    assert '    # models.Book: owners(own("owner_id")),\n    models.Book: admins,\n' in policies.read_text()
    policies.write_text(policies.read_text().replace("models.Author: admins", "models.Author: everybody"))
    ask = (
        "import asyncio, os; from graph.schema import DOMAIN, make_schema; from graph.context import ContextFactory;"
        " from graph.settings import Settings; from graph.viewer import NOBODY; from db.session.engines import Engines;"
        " engines = Engines(Settings()); context = ContextFactory(engines, visible=DOMAIN.visibility(NOBODY));"
        " asked = '{ authors { totalCount } books { totalCount } }';"
        " print(asyncio.run(make_schema().execute(asked, context_value=context)).data)"
    )
    said = run_in(folder, "python", "-c", ask, TRELLIS_DATABASE_URL=blank_database.url)
    assert said == "{'authors': {'totalCount': 3}, 'books': {'totalCount': 0}}\n"
    assert re.search(r'^name = "other"$', (folder / "pyproject.toml").read_text(), re.M)


REFUSED = {
    ("sqlite:///nothing.db", "x"): "nothing.db is not there. Correct the URL",
    ("oracle://x/y", "x"): "is not a database URL that Trellis knows",
    ("postgresql://a:b@127.0.0.1:1/y", "x"): "The database y at 127.0.0.1:1 cannot be reached",
    ("mysql://a:b@127.0.0.1:1/y", "x"): "The database y at 127.0.0.1:1 cannot be reached",
    (): "Name its URL and a folder, or say `--empty FOLDER`",
}


def test_what_cannot_be_read_is_refused_and_no_folder_is_left(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for arguments, sentence in REFUSED.items():
        with subtests.test(sentence):
            done = subprocess.run(
                [*INIT, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode != 0
            assert sentence in done.stderr
            assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
