"""Random changes of databases that nobody has mapped: their API does what SQL of another hand does, and no more."""

from collections.abc import Callable
from random import Random

import pytest

from tests.databases import Database
from tests.reflected import library, nasty
from tests.reflected.answers import opened
from tests.reflected.changes import Changer
from tests.reflected.library import reflected

CHANGES = 50


@pytest.mark.parametrize("sql_of", [library.sql_of, nasty.sql_of], ids=["library", "nasty"])
async def test_random_changes_are_as_sql_makes_them(blank_database: Database, sql_of: Callable[[str], str]) -> None:
    async with reflected(blank_database, sql_of(blank_database.dialect), writable=True) as (api, plan, _):
        database = await opened(blank_database.url)
        changer = Changer(plan, database, Random(5), api.ask)
        try:
            for _ in range(CHANGES):
                assert await changer.change() is None
        finally:
            await database.close()
