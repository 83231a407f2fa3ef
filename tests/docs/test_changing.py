"""docs/changing.md: each mutation of these sections does, one after the other, what the JSON below it says."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.databases import Database
from tests.docs.stall import AskingStall, make_stall

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "changing.md").read_text(encoding="utf-8")
SECTIONS = ("Numbers that are counted", "Many rows at once", "Made or changed")
PAIR = re.compile(r"^```graphql\n(.*?)^```\n+```json\n(.*?)^```$", re.M | re.S)


def section(title: str) -> str:
    """The text of a section of the page."""
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


@pytest.fixture
async def stall(blank_database: Database) -> AsyncIterator[AskingStall]:
    """The stall of the page."""
    made = await make_stall(blank_database)
    yield made
    await made.engines.dispose()


@pytest.mark.parametrize("title", SECTIONS)
async def test_what_the_page_asks_is_answered_as_it_says(stall: AskingStall, title: str) -> None:
    pairs = PAIR.findall(section(title))
    assert len(pairs) == section(title).count("```graphql") > 0
    for document, answer in pairs:
        assert await stall(document) == json.loads(answer), document
