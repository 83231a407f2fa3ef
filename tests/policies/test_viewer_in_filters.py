"""`$VIEWER` finds what is the viewer's own, and nothing for nobody, also where statements are kept and foreseen."""

from typing import Any

from db import demo
from db.session.engines import Engines
from db.statements import StatementCache
from graph.context import ContextFactory
from graph.policies import visibility
from graph.schema import make_schema
from graph.viewer import NOBODY, Viewer

POSTS = """query ($where: PostFilter) {
  posts(first: 100, where: $where) { nodes { author { id } } }
  viewer { id posts(where: {author: {id: {eq: "$VIEWER"}}}) { totalCount } }
}"""


async def test_everybody_finds_what_is_theirs(engines: Engines) -> None:
    await demo.fill(engines, scale=1)
    schema, cache = make_schema(), StatementCache()

    async def ask(viewer: Viewer, where: dict[str, Any]) -> Any:
        contexts = ContextFactory(engines, viewer=viewer, visible=visibility(viewer), statements=cache)
        result: Any = await schema.execute(POSTS, {"where": where}, context_value=contexts)
        return result

    found: dict[int, int] = {}
    for round_ in range(4):  # what is foreseen after a while is nobody's
        for number in (1, 2, 3, 4, 5, 6):
            data = (await ask(Viewer(number), {"author": {"id": {"eq": "$VIEWER"}}})).data
            found[number] = len(data["posts"]["nodes"])
            assert {post["author"]["id"] for post in data["posts"]["nodes"]} <= {data["viewer"]["id"]}, round_
            assert data["viewer"]["posts"]["totalCount"] == len(data["posts"]["nodes"])
            others = (await ask(Viewer(number), {"author": {"id": {"ne": "$VIEWER"}}})).data["posts"]["nodes"]
            assert others
            assert data["viewer"]["id"] not in {post["author"]["id"] for post in others}
    assert len(set(found.values())) > 1
    assert (await ask(NOBODY, {"author": {"id": {"eq": "$VIEWER"}}})).data == {"posts": {"nodes": []}, "viewer": None}
    refused = await ask(Viewer(1), {"id": {"eq": "$VIEWER"}})
    assert [error.message for error in refused.errors] == [
        "where.id: $VIEWER is no post; ask for the id where a relation leads to viewers."
    ]
