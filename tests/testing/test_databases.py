"""Databases that revisions fill: each test gets what they wrote, and no more."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from graph.testing.databases import PostgreSQLDatabases
from graph.testing.runs import Run


class FilledDatabases(PostgreSQLDatabases):
    """Databases whose template has a table with a row, in a schema of its own, as revisions may leave them."""

    def _make_template(self) -> str:
        name = super()._make_template()
        url = make_url(self.server).set(database=name).render_as_string(hide_password=False)
        said(url, "CREATE SCHEMA other", "CREATE TABLE other.word (word text)", "INSERT INTO other.word VALUES ('a')")
        return name


def said(url: str, *statements: str) -> list[list[Any]]:
    """What a database answers to some statements."""

    async def ask() -> list[list[Any]]:
        connection = await asyncpg.connect(url)
        try:
            return [[*row] for statement in statements for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(ask())


@pytest.fixture
def filled(trellis_run: Run, tmp_path: Path, _postgresql: PostgreSQLDatabases) -> Iterator[FilledDatabases]:
    """Such databases, in a run of its own; they are dropped with those of the tests around."""
    folder = tmp_path / f"run-{trellis_run.name.removeprefix('trellis_')}"
    folder.mkdir()
    made = FilledDatabases(Run(folder), _postgresql.server)
    yield made
    made.close()


def test_rows_of_revisions_are_there_for_each_test_and_rows_of_tests_for_none(filled: FilledDatabases) -> None:
    for _ in range(2):
        with filled.migrated() as made:
            assert said(made.url, "SELECT word FROM other.word") == [["a"]]
            said(made.url, "INSERT INTO other.word VALUES ('b')")
