"""What the page about looking at a database says is true: its command serves, its query is answered."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from db.settings import HOUSE
from tests.cli.running import PATIENCE_S, serving
from tests.docs.following import BLOCK
from tests.reflected.library import sql_of

PAGE = (HOUSE / "docs" / "reflect.md").read_text(encoding="utf-8")


@pytest.mark.process
def test_the_command_serves_and_the_query_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (command,), (query,) = ([body for kind, body in BLOCK.findall(PAGE) if kind == it] for it in ("bash", "graphql"))
    with closing(sqlite3.connect(tmp_path / "library.db")) as connection, connection:
        connection.executescript(";".join(sql_of("sqlite").split("\n\n")))
    monkeypatch.chdir(tmp_path)
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    assert command.startswith("trellis serve ")
    with serving("sqlite:///elsewhere.db", *command.split()[2:]) as (_, address):
        answer = httpx.post(f"{address}/graphql", json={"query": query}, timeout=PATIENCE_S).json()
    assert "errors" not in answer
    assert answer["data"]["authors"]["totalCount"] >= len(answer["data"]["authors"]["nodes"]) == 3
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_every_option_stands_on_the_page() -> None:
    code = (HOUSE / "graph" / "cli" / "serve.py").read_text(encoding="utf-8")
    options = re.findall(r'"(--[a-z]+)"', code.partition("_refuse_alone(\n")[2].partition("from graph")[0])
    assert len(options) == 6
    assert all(option in PAGE for option in options)
