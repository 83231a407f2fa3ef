"""Each `.graphql` file beside this one is run on both databases, over the small demo.

Its answer must be the `.json` beside it, the same on both; its statements must be those of the `.sql` beside it, which
has a part for each. `make snapshots` writes them anew; read the difference before you commit it.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from db import demo
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.schema import make_schema
from tests.databases import Database, StatementRecorder

FOLDER = Path(__file__).parent
OPERATIONS = sorted(FOLDER.glob("*/*.graphql"))
SCHEMA = make_schema()
WRITE = os.environ.get("TRELLIS_WRITE_SNAPSHOTS") == "1"


def read_parts(file: Path) -> dict[str, str]:
    """The statements in a `.sql` file, by database."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return {name: body.strip() for name, body in re.findall(r"^-- (\w+)\n(.*?)(?=^-- \w+\n|\Z)", text, re.M | re.S)}


def write_part(file: Path, dialect: str, statements: str) -> None:
    """Replace the statements of one database."""
    parts = read_parts(file) | {dialect: statements}
    file.write_text("\n\n".join(f"-- {name}\n{parts[name]}" for name in sorted(parts)) + "\n", encoding="utf-8")


async def answer(text: str, engines: Engines, statements: StatementRecorder) -> tuple[Any, list[str]]:
    """What the operation answers, and the statements it took."""
    with statements() as seen:
        result = await SCHEMA.execute(text, context_value=ContextFactory(engines))
    errors = [error.formatted for error in result.errors or []]
    return {"data": result.data} | ({"errors": errors} if errors else {}), seen


async def test_every_operation_answers_and_costs_what_its_snapshots_say(
    database: Database, engines: Engines, statements: StatementRecorder, subtests: pytest.Subtests
) -> None:
    await demo.fill(engines, scale=1)
    assert OPERATIONS
    for operation in OPERATIONS:
        found, seen = await answer(operation.read_text(encoding="utf-8"), engines, statements)
        sql = ";\n\n".join(seen) + ";"
        if WRITE:
            text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
            operation.with_suffix(".json").write_text(text, encoding="utf-8")
            write_part(operation.with_suffix(".sql"), database.dialect, sql)
        with subtests.test(str(operation.relative_to(FOLDER))):
            assert found == json.loads(operation.with_suffix(".json").read_text(encoding="utf-8"))
            assert sql == read_parts(operation.with_suffix(".sql"))[database.dialect]


async def test_twice_the_data_costs_the_same_statements(
    database: Database, engines: Engines, statements: StatementRecorder, subtests: pytest.Subtests
) -> None:
    await demo.fill(engines, scale=2)
    for operation in OPERATIONS:
        with subtests.test(str(operation.relative_to(FOLDER))):
            _, seen = await answer(operation.read_text(encoding="utf-8"), engines, statements)
            assert len(seen) == read_parts(operation.with_suffix(".sql"))[database.dialect].count(";")
