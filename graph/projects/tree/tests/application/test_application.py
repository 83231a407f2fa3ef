"""The application is served: it starts, its tables and its schema are as the code wants, each operation is answered."""

from pathlib import Path

import httpx
import pytest

from db import migrate
from db.session.engines import Engines
from db.settings import HOUSE
from graph.app import create_app
from graph.context import ContextFactory
from graph.domain import own_features
from graph.schema import DOMAIN, make_schema
from graph.settings import Settings

OPERATIONS = sorted(Path(__file__).with_name("operations").glob("*.graphql"))
SCHEMA = make_schema()


async def test_the_server_starts_and_answers_over_http(served: Settings) -> None:
    app = create_app(served)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://application") as client,
    ):
        answer = await client.post("/graphql", json={"query": "{ __typename }"})
    assert answer.json() == {"data": {"__typename": "Query"}}


def test_the_tables_are_as_the_models_want_them(served: Settings) -> None:
    assert migrate.check(served, own=own_features(DOMAIN, served)) == []


def test_schema_graphql_is_that_of_the_code() -> None:
    kept = (HOUSE / "schema.graphql").read_text(encoding="utf-8")
    assert kept.rstrip() == SCHEMA.as_str().rstrip(), "Run `make schema` and commit what changes."


async def test_each_operation_is_answered(served: Settings, subtests: pytest.Subtests) -> None:
    engines = Engines(served)
    for file in OPERATIONS:
        with subtests.test(file.name):
            operation = file.read_text(encoding="utf-8")
            result = await SCHEMA.execute(operation, context_value=ContextFactory(engines))
            assert result.errors is None
    await engines.dispose()
