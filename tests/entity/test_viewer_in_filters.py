"""`$VIEWER` is the viewer's own id in filters of ids; of nobody it is no row's."""

import uuid
from typing import Any

import pytest

from db.relations import EVERYTHING, ViewerId, Visibility
from db.statements import StatementCache
from graph.context import ContextFactory
from graph.viewer import Viewer
from tests.entity.conftest import Filled
from tests.entity.owned import ADA, OWNED
from tests.entity.serving import serve

SOMEBODY = "query ($where: SomebodyTypeFilter) { somebody(where: $where) { totalCount } }"


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
