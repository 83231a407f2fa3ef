"""What is measured of the log of changes: one database has it, and the other one has not."""

import asyncio
from collections.abc import Sequence

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from bench import changes
from db.own import Change
from db.session.engines import Engines
from db.settings import DatabaseSettings
from tests.databases import Database


async def recorded(url: str) -> int:
    """How many changes of rows are in the log."""
    engines = Engines(DatabaseSettings(database_url=SecretStr(url)))
    async with engines.primary.connect() as connection:
        found = await connection.scalar(select(func.count()).select_from(Change))
    await engines.dispose()
    return int(found or 0)


@pytest.mark.nouns
async def test_changes_of_one_database_are_recorded_and_those_of_its_copy_are_not(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "WARM", 1)

    def measured() -> Sequence[int]:
        with (
            changes.beside(database.url, "plain", 1, recorded=False) as plain,
            changes.beside(database.url, "logged", 1, recorded=True) as logged,
        ):
            both = plain, logged
            before = [asyncio.run(recorded(url)) for url in both]
            found = asyncio.run(changes.measure(*both, 1))
            assert list(found) == list(changes.MUTATIONS)
            assert all(cost.without > 0 for cost in found.values())
            return [asyncio.run(recorded(url)) - known for url, known in zip(both, before, strict=True)]

    # Two accounts, opened and filled. Then two rounds: 8 posts, each with its first contributor; 8 changes of a post; 8
    # transfers, each with its row and two accounts; 1,000 posts as the 8.
    expected = 2 * 2 + 2 * (8 * 2 + 8 + 8 * 3 + 1_000 * 2)
    assert await asyncio.to_thread(measured) == [0, expected]
