"""The groups of docs/asking.md are answered over the demo's rows, on every database."""

import pytest

from db import demo
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.schema import make_schema
from graph.viewer import Viewer
from tests.docs.test_readme import BLOCK, HOUSE

PAGE = (HOUSE / "docs" / "asking.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## Groups\n")[2].partition("\n## ")[0]
DOCUMENTS = [body for language, body in BLOCK.findall(SECTION) if language == "graphql"]
SCHEMA = make_schema()
ADMIN = Viewer(1, frozenset({"admin"}))


async def test_every_grouping_of_the_page_is_answered(engines: Engines, subtests: pytest.Subtests) -> None:
    await demo.fill(engines, scale=1)
    assert DOCUMENTS
    for document in DOCUMENTS:
        with subtests.test(document):
            result = await SCHEMA.execute(document, context_value=ContextFactory(engines, viewer=ADMIN))
            assert result.errors is None
