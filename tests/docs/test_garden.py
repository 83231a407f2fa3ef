"""The resolvers of docs/resolvers.md do what the page says, on every database."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from graph.context import ContextFactory
from graph.errors import code_of
from graph.viewer import Viewer
from tests.databases import Database, StatementRecorder
from tests.docs.garden import GARDEN
from tests.entity.serving import Api, fill, serve

TREASURER = Viewer(1, frozenset({"treasurer"}))


@pytest.fixture
async def garden(blank_database: Database) -> AsyncIterator[Api]:
    """The garden, filled."""
    await fill(blank_database, GARDEN)
    async with serve(blank_database, GARDEN) as api:
        yield api


async def test_a_loader_of_ones_own_takes_one_statement_for_a_level(garden: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        data = await garden.ask("{ beds { nodes { name tallest again: tallest } } }")
    assert [(bed["name"], bed["tallest"], bed["again"]) for bed in data["beds"]["nodes"]] == [
        ("Shade", 60, 60),
        ("Sun", 210, 210),
        ("Empty", 0, 0),
    ]
    # The beds, and the heights of all of them.
    assert len(seen) == 2


async def test_sibling_resolvers_use_the_session_at_once(garden: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        data = await garden.ask("{ a: signs b: signs largestPlant { name height } beds { totalCount } }")
    signs = ["Shade: 2", "Sun: 1", "Empty: 0"]
    assert data == {
        "a": signs,
        "b": signs,
        "largestPlant": {"name": "Sunflower", "height": 210},
        "beds": {"totalCount": 3},
    }
    # The beds and their plants twice, the number of a plant and its row, the count.
    assert len(seen) == 2 + 2 + 2 + 1


@pytest.mark.parametrize(("viewer", "budgets"), [(TREASURER, [100, 200, 0]), (Viewer(2), [None, None, None])])
async def test_a_field_is_seen_by_those_who_may(
    garden: Api, statements: StatementRecorder, viewer: Viewer, budgets: list[int | None]
) -> None:
    with statements() as seen:
        contexts = ContextFactory(garden.engines, viewer=viewer)
        result: Any = await garden.schema.execute("{ beds { nodes { budget } } }", context_value=contexts)
    assert (result.data, result.errors) == ({"beds": {"nodes": [{"budget": budget} for budget in budgets]}}, None)
    # The beds; each of them as an entity, for those who may see it.
    assert len(seen) == 1 + 3 * (viewer is TREASURER)


async def test_a_field_that_cannot_be_null_is_refused_to_others(garden: Api) -> None:
    result = await garden.schema.execute(
        "{ plants { nodes { secret } } }", context_value=ContextFactory(garden.engines)
    )
    assert result.data is None
    assert [code_of(error) for error in result.errors or ()] == ["FORBIDDEN"]
