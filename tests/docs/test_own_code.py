"""Pages on fields, policies and mutations of one's own: operations are answered as the page says, to whom it says."""

import json
import re
from collections.abc import AsyncIterator

import pytest

from db.settings import HOUSE
from graph.viewer import NOBODY, Viewer
from tests.databases import Database
from tests.docs.workshop import KEEPER, AskingWorkshop, make_workshop

PAGES = ("own-fields", "policies", "own-mutations")
PAIR = re.compile(r"^```graphql\n# as ([^\n]+)\n(.*?)^```\n+```json\n(.*?)^```$", re.M | re.S)
VIEWERS = {
    "nobody": NOBODY,
    "member 1": Viewer(1),
    "member 2": Viewer(2),
    "a keeper": Viewer(3, frozenset({KEEPER})),
}


@pytest.fixture
async def workshop(blank_database: Database) -> AsyncIterator[AskingWorkshop]:
    """The workshop of the pages."""
    made = await make_workshop(blank_database)
    yield made
    await made.engines.dispose()


@pytest.mark.parametrize("name", PAGES)
async def test_what_the_page_asks_is_answered_as_it_says(workshop: AskingWorkshop, name: str) -> None:
    page = (HOUSE / "docs" / f"{name}.md").read_text(encoding="utf-8")
    pairs = PAIR.findall(page)
    assert len(pairs) == page.count("```graphql") > 0
    for viewer, document, answer in pairs:
        assert await workshop.by(VIEWERS[viewer])(document) == json.loads(answer), (viewer, document)
