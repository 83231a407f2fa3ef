"""The operations of docs/changing.md that make several changes together answer as the page says, on every database."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db import models
from db.session.engines import Engines
from graph.prepare.documents import OperationRequest
from graph.testing.clients import EVERY_KIND
from graph.types.post import Post
from graph.types.user import User
from graph.viewer import Viewer
from tests.mutations.asking import Asking, make_user
from tests.mutations.rows import id_of, rows

PAGE = Path(__file__).resolve().parents[2] / "docs" / "changing.md"
BLOCK = re.compile(r"^```(graphql|json)\n(.*?)^```$", re.M | re.S)
SECTIONS = (
    "A free slug for an equal title",
    "Several changes in one transaction",
    "Rows along with the row that they belong to",
)


@pytest.mark.parametrize("section", SECTIONS)
async def test_the_operations_of_the_page_answer_as_it_says(engines: Engines, section: str) -> None:
    ada = await make_user(engines, "admin", "author", "editor", name="Ada")
    ask = Asking(engines, ada)
    blocks = BLOCK.findall(_section(section))
    assert [language for language, _ in blocks] == ["graphql", "json"] * (len(blocks) // 2)
    assert blocks
    for (_, document), (_, answer) in zip(blocks[::2], blocks[1::2], strict=True):
        assert await _answer(ask, document, await _ids(ask, ada)) == json.loads(answer)


def _section(title: str) -> str:
    return PAGE.read_text(encoding="utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]


async def _ids(ask: Asking, ada: Viewer) -> dict[str, str]:
    """The ids that the page's variables stand for: of Ada, and of each post by its slug."""
    posts = await rows(ask, select(models.Post.slug, models.Post.id))
    return {"ada": id_of(User, ada.id), **{slug: id_of(Post, number) for slug, number in posts}}


async def _answer(ask: Asking, document: str, variables: Mapping[str, str]) -> Any:
    result = await ask.schema.operations.answer(OperationRequest(document, variables), ask.context(), EVERY_KIND)
    assert not result.errors, result.errors
    return result.data
