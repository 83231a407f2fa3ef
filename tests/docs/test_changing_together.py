"""The operations of docs/changing.md that make several changes together answer as the page says, on every database."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from db.session.engines import Engines
from graph.prepare.documents import OperationRequest
from tests.mutations.asking import Asking, make_user
from tests.writing.asking import EVERYTHING

PAGE = Path(__file__).resolve().parents[2] / "docs" / "changing.md"
BLOCK = re.compile(r"^```(graphql|json)\n(.*?)^```$", re.M | re.S)
SECTIONS = ("A free slug for an equal title", "Several changes in one transaction")


@pytest.mark.parametrize("section", SECTIONS)
async def test_the_operations_of_the_page_answer_as_it_says(engines: Engines, section: str) -> None:
    ask = Asking(engines, await make_user(engines, "admin", "author", "editor", name="Ada"))
    blocks = BLOCK.findall(_section(section))
    assert [language for language, _ in blocks] == ["graphql", "json"] * (len(blocks) // 2)
    assert blocks
    for (_, document), (_, answer) in zip(blocks[::2], blocks[1::2], strict=True):
        assert await _answer(ask, document) == json.loads(answer)


def _section(title: str) -> str:
    return PAGE.read_text(encoding="utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]


async def _answer(ask: Asking, document: str) -> Any:
    result = await ask.schema.operations.answer(OperationRequest(document), ask.context(), EVERYTHING)
    assert not result.errors, result.errors
    return result.data
