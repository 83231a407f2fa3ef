"""The huge collections of docs/asking.md are answered over the demo's rows, on every database."""

from db import demo
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.schema import make_schema
from graph.viewer import Viewer
from tests.docs.test_readme import BLOCK, HOUSE

PAGE = (HOUSE / "docs" / "asking.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## Huge collections\n")[2].partition("\n## ")[0]
SCHEMA = make_schema()
ADMIN = Viewer(1, frozenset({"admin"}))


async def test_the_collection_of_the_page_is_answered(engines: Engines) -> None:
    await demo.fill(engines, scale=1)
    (document,) = (body for language, body in BLOCK.findall(SECTION) if language == "graphql")
    result = await SCHEMA.execute(document, context_value=ContextFactory(engines, viewer=ADMIN))
    assert result.errors is None
    assert result.data is not None
    assert any(account["incomingTransfers"]["totalCount"] for account in result.data["accounts"]["nodes"])
