"""Random questions about databases that nobody has mapped: their API answers as SQL of another hand does."""

from collections.abc import Callable
from random import Random

import pytest

from tests.databases import Database
from tests.reflected import library, nasty
from tests.reflected.answers import opened
from tests.reflected.library import reflected
from tests.reflected.wider_questions import WiderAsker

QUESTIONS = 40


@pytest.mark.parametrize("sql_of", [library.sql_of, nasty.sql_of], ids=["library", "nasty"])
async def test_random_questions_are_answered_as_sql_answers_them(
    blank_database: Database, sql_of: Callable[[str], str]
) -> None:
    async with reflected(blank_database, sql_of(blank_database.dialect)) as (api, plan, _):
        database = await opened(blank_database.url)
        asker = WiderAsker(plan, database, Random(4), api.ask)
        try:
            for _ in range(QUESTIONS):
                assert await asker.question() is None
        finally:
            await database.close()
