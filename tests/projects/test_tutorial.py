"""What docs/your-database.md says is true: its commands run, in their order, and its query is answered as it says."""

import json
import re
from pathlib import Path

from db.session.engines import Engines
from db.settings import HOUSE
from tests.databases import Database, settings_for
from tests.projects.conftest import BIN, run_in

PAGE = (HOUSE / "docs/your-database.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
ANSWER = """
import asyncio, json, sys
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.schema import make_schema
from graph.settings import Settings

result = asyncio.run(make_schema().execute(sys.argv[1], context_value=ContextFactory(Engines(Settings()))))
print(json.dumps([result.data, [str(it) for it in result.errors or []]]))
"""


def blocks(language: str) -> list[str]:
    """The blocks of a language, in order."""
    return [body for found, body in BLOCKS if found == language]


async def test_the_page_takes_a_newcomer_from_a_url_to_an_answer(blank_database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "library"
    engines = Engines(settings_for(blank_database))
    async with engines.writing().begin() as connection:
        for statement in blocks("sql")[0].split(";\n"):
            await connection.exec_driver_sql(statement) if statement.strip() else None
    await engines.dispose()

    init, checks, noun, sync = (block.splitlines() for block in blocks("sh"))
    command = init[0].replace("../library", str(folder)).split()
    run_in(HOUSE, "trellis", "init", blank_database.url, *command[3:])
    (folder / ".venv").symlink_to(BIN.parent)
    assert checks == ["make check", "make test", "make serve"]
    # Not to be set up: the environment is that of this tree.
    run_in(folder, "make", "-o", ".venv/.ready", "test")
    said = run_in(folder, "python", "-c", ANSWER, blocks("graphql")[0], TRELLIS_DATABASE_URL=blank_database.url)
    assert json.loads(said) == [json.loads(blocks("json")[0]), []]
    assert blocks("python")[0] in (folder / "graph/policies.py").read_text(encoding="utf-8")
    changes = (folder / "graph/mutations/book.py").read_text(encoding="utf-8")
    assert [line for line in blocks("py")[0].splitlines() if line not in changes.splitlines()] == []
    run_in(folder, "trellis", *noun[0].split()[1:])
    for line in sync:
        assert "The project says what the database has." in run_in(folder, "trellis", *line.split()[1:])
