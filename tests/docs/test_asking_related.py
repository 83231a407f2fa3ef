"""The questions about related rows in docs/asking.md are answered, on every database, by one statement a list."""

import re
from pathlib import Path
from typing import Any

from db import demo
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.schema import make_schema
from tests.databases import StatementRecorder

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "asking.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## Related rows\n")[2].partition("\n## ")[0]
QUESTIONS = re.findall(r"^```graphql\n(.*?)^```$", SECTION, re.M | re.S)

STATEMENTS = (1, 2, 1, 2)
"""Of the users, their number beside them; of users and the sums of each; of tags; of users and the newest of each."""


async def test_every_question_about_related_rows_is_answered(engines: Engines, statements: StatementRecorder) -> None:
    await demo.fill(engines, scale=1)
    schema = make_schema()
    for question, expected in zip(QUESTIONS, STATEMENTS, strict=True):
        with statements() as seen:
            result: Any = await schema.execute(question, context_value=ContextFactory(engines))
        assert result.errors is None, f"{question}: {result.errors}"
        (connection,) = result.data.values()
        assert connection["nodes"], question
        assert len(seen) == expected, question


async def test_users_come_in_the_order_of_what_they_have_bought(engines: Engines) -> None:
    await demo.fill(engines, scale=1)
    result: Any = await make_schema().execute(QUESTIONS[1], context_value=ContextFactory(engines))
    sums = [user["orders"]["aggregate"]["sum"]["totalPrice"] for user in result.data["users"]["nodes"]]
    bought = [float(total) for total in sums if total is not None]
    assert bought == sorted(bought, reverse=True)
    assert sums[len(bought) :] == [None] * (len(sums) - len(bought))
    assert len(set(bought)) > 1
