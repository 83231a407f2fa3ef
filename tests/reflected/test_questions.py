"""Random questions about a database that nobody has mapped: its API answers as SQL does."""

from collections.abc import Iterable
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import text

from tests.databases import Database
from tests.entity.serving import Api
from tests.reflected.library import reflected, sql_of
from tests.reflected.questions import Asker, Question

QUESTIONS = 200


async def test_random_questions_are_answered_as_sql_answers_them(blank_database: Database) -> None:
    async with reflected(blank_database, sql_of(blank_database.dialect)) as (api, plan, _):
        asker = Asker(plan, Random(4))
        for _ in range(QUESTIONS):
            question = asker.question()
            assert await answered(api, question) == await found(api, question), question


async def answered(api: Api, question: Question) -> list[Any]:
    (value,) = (await api.ask(question.document)).values()
    if question.kind == "rows":
        return [tuple(map(plain, row.values())) for row in value["nodes"]]
    if question.kind == "aggregate":
        return [(value["count"], *(plain(one) for name, it in value.items() if name != "count" for one in it.values()))]
    return in_order((plain(*group["key"].values()), group["count"]) for group in value["groupBy"])


async def found(api: Api, question: Question) -> list[Any]:
    rows = [tuple(map(plain, row)) for row in await api.rows(text(question.sql))]
    return in_order(rows) if question.kind == "groups" else rows


def plain(value: object) -> object:
    """A value as both say it: numbers as decimals, days and words as texts."""
    if isinstance(value, bool) or value is None:
        return value
    try:
        return Decimal(str(value)).normalize()
    except ArithmeticError:
        return str(value).upper().replace(" ", "_")


def in_order(rows: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return sorted(rows, key=repr)
