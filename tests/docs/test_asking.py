"""The questions of docs/asking.md are answered, on every database."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from db import demo
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.schema import make_schema
from graph.viewer import Viewer

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "asking.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"^```graphql\n(.*?)^```$", PAGE, re.M | re.S)
ADMIN = Viewer(1, frozenset({"admin"}))
LEAVES_A_CURSOR = ("cursor", "endCursor")


def values_of(name: str, data: Any) -> Iterator[Any]:
    """Every value of a name in an answer."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from [value] if key == name else values_of(name, value)
    elif isinstance(data, list):
        for one in data:
            yield from values_of(name, one)


async def test_every_question_of_the_page_is_answered(engines: Engines) -> None:
    """A question that takes a cursor takes the last one that the answers before it have given."""
    await demo.fill(engines, scale=1)
    schema, cursor = make_schema(), None
    for question in QUESTIONS:
        contexts = ContextFactory(engines, viewer=ADMIN)
        result: Any = await schema.execute(question, {"cursor": cursor}, context_value=contexts)
        assert result.errors is None, f"{question}: {result.errors}"
        assert any(values_of("nodes", result.data)) or "totalCount" in question, question
        cursor = next((found for name in LEAVES_A_CURSOR for found in values_of(name, result.data) if found), cursor)
    assert QUESTIONS
