"""`$VIEWER` is the viewer's own id in filters of ids; of nobody it is no row's."""

import uuid
from typing import Any

import pytest

from db import demo
from db.relations import EVERYTHING, ViewerId, Visibility
from db.session.engines import Engines
from db.statements import StatementCache
from graph.context import ContextFactory
from graph.policies import visibility
from graph.schema import make_schema
from graph.viewer import NOBODY, Viewer
from tests.entity.conftest import Filled
from tests.entity.owned import ADA, OWNED
from tests.entity.serving import serve

SOMEBODY = "query ($where: SomebodyTypeFilter) { somebody(where: $where) { totalCount } }"
POSTS = """query ($where: PostFilter) {
  posts(first: 100, where: $where) { nodes { author { id } } }
  viewer { id posts(where: {author: {id: {eq: "$VIEWER"}}}) { totalCount } }
}"""


@pytest.mark.parametrize("visible", [EVERYTHING, Visibility(lambda _model: None)], ids=["everything", "a policy"])
async def test_it_is_nobody_for_all_who_are_no_row(dialect: str, filled: Filled, visible: Visibility) -> None:
    async with serve(await filled(OWNED, dialect), OWNED) as api:
        cache = StatementCache()

        async def found(id_: ViewerId | None, where: dict[str, Any]) -> int:
            contexts = ContextFactory(api.engines, viewer=Viewer(id_), visible=visible, statements=cache)
            result: Any = await api.schema.execute(SOMEBODY, {"where": where}, context_value=contexts)
            assert result.errors is None
            total: int = result.data["somebody"]["totalCount"]
            return total

        for id_, number in ((ADA, 1), (str(ADA), 1), (uuid.UUID(int=1), 0), (7, 0), ("x", 0), (None, 0)):
            assert await found(id_, {"id": {"eq": "$VIEWER"}}) == number
            assert await found(id_, {"id": {"in": ["$VIEWER"]}}) == number
            assert await found(id_, {"not": {"id": {"eq": "$VIEWER"}}}) == 1 - number
            assert await found(id_, {"id": {"ne": "$VIEWER"}}) == 1 - number
            assert await found(id_, {"id": {"notIn": ["$VIEWER"]}}) == 1 - number


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
