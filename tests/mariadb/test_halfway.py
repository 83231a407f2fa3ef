"""Revisions that stop half-way, on a database that does not undo what makes tables."""

import asyncio
from typing import Any

import pytest
from alembic.operations import Operations
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from db import migrate
from db.own.place import HALFWAY
from db.refusals import HalfDone
from db.session.engines import Engines
from migrations.halfway import Journal, take_away
from tests.databases import Database, settings_for

STEPS = (
    "CREATE TABLE boxes (id INTEGER PRIMARY KEY)",
    "INSERT INTO boxes VALUES (1), (2)",
    "CREATE TABLE lids AS SELECT id FROM boxes",
    "DROP TABLE boxes",
)
WHOLE = "INSERT INTO history VALUES ('0001')"


class Stopped(Exception):
    """The process has ended."""


def run(connection: Connection, until: int, steps: tuple[str, ...] = STEPS, *, breaks: bool = False) -> None:
    """Run steps, as a revision of a process does that ends before one of them, or in the middle of it."""
    journal = Journal(connection, "history")
    for number, step in enumerate(steps):
        if number == until and not breaks:
            raise Stopped

        def work(step: str = step, number: int = number) -> Any:
            connection.execute(text(step))
            if number == until:
                raise Stopped

        journal.run(text(step), step, work)
    connection.commit()


async def everything(connection: AsyncConnection) -> tuple[list[str], list[int]]:
    names = await connection.run_sync(lambda it: sorted(inspect(it).get_table_names()))
    rows = [] if "lids" not in names else list(await connection.scalars(text("SELECT id FROM lids ORDER BY id")))
    return names, rows


@pytest.mark.parametrize("breaks", [False, True])
@pytest.mark.parametrize("until", range(len(STEPS)))
async def test_whatever_statement_a_process_ends_at_the_next_one_does_the_rest(
    engines: Engines, until: int, *, breaks: bool
) -> None:
    async with engines.primary.connect() as connection:
        with pytest.raises(Stopped):
            await connection.run_sync(run, until, breaks=breaks)
        await connection.invalidate()  # without a word, as a process that is killed
    async with engines.primary.connect() as connection:
        await connection.run_sync(run, len(STEPS))
        assert await everything(connection) == (["lids", HALFWAY], [1, 2])


async def test_a_statement_that_has_failed_is_not_taken_for_done(engines: Engines) -> None:
    async with engines.primary.connect() as connection:
        await connection.execute(text("CREATE TABLE lids (somebodys INTEGER)"))
        for _ in range(2):
            with pytest.raises(DBAPIError, match="lids"):
                await connection.run_sync(run, len(STEPS))
            await connection.rollback()
        assert await connection.scalar(text("SELECT count(*) FROM boxes")) == 2


async def test_a_revision_that_has_changed_is_refused_with_the_cure(engines: Engines) -> None:
    async with engines.primary.connect() as connection:
        with pytest.raises(Stopped):
            await connection.run_sync(run, 2)
        await connection.commit()
        with pytest.raises(HalfDone, match="Bring back what it said before"):
            await connection.run_sync(run, len(STEPS), ("CREATE TABLE crates (id INTEGER)", *STEPS[1:]))


async def test_a_journal_that_says_nothing_goes(engines: Engines) -> None:
    async with engines.primary.connect() as connection:
        await connection.run_sync(lambda it: Journal(it, "history"))
        await connection.run_sync(take_away)
        assert await everything(connection) == ([], [])


@pytest.mark.nouns
def test_an_upgrade_that_fails_in_the_middle_goes_on_where_it_stopped(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(empty)
    with monkeypatch.context() as broken:
        make = Operations.create_table

        def fail(self: Operations, name: str, *given: Any, **named: Any) -> Any:
            if name == "documents":
                raise Stopped
            return make(self, name, *given, **named)

        broken.setattr(Operations, "create_table", fail)
        with pytest.raises(Stopped):
            migrate.upgrade(settings)
    assert migrate.current(settings) is None
    migrate.upgrade(settings)
    assert migrate.current(settings) == migrate.newest()
    names = asyncio.run(_names(Engines(settings)))
    assert {"posts", "documents", "transfers"} <= names
    assert HALFWAY not in names


async def _names(engines: Engines) -> set[str]:
    async with engines.primary.connect() as connection:
        names, _ = await everything(connection)
    await engines.dispose()
    return set(names)
