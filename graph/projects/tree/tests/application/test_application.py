"""The application is served: it starts, its tables and its schema are as the code wants, each operation is answered."""

from pathlib import Path

import pytest

from db import migrate
from db.settings import HOUSE
from graph.domain import own_features
from graph.schema import DOMAIN, make_schema
from graph.settings import Settings
from graph.testing import HTTPClient, operations
from graph.testing.options import UPDATE

OPERATIONS = Path(__file__).with_name("operations")


async def test_the_server_starts_and_answers_over_http(client: HTTPClient) -> None:
    assert await client.query("{ __typename }") == {"__typename": "Query"}


def test_the_tables_are_as_the_models_want_them(settings: Settings) -> None:
    assert migrate.check(settings, own=own_features(DOMAIN, settings)) == []


def test_schema_graphql_is_that_of_the_code() -> None:
    kept = (HOUSE / "schema.graphql").read_text(encoding="utf-8")
    assert kept.rstrip() == make_schema().as_str().rstrip(), "Run `make schema` and commit what changes."


async def test_each_operation_is_answered(
    client: HTTPClient, subtests: pytest.Subtests, pytestconfig: pytest.Config
) -> None:
    """Without errors, and as it was written down: `make snapshots` writes answers and statements beside operations."""
    update = pytestconfig.getoption(UPDATE)
    for operation in operations(OPERATIONS, update=update) if OPERATIONS.is_dir() else ():
        with subtests.test(operation.name):
            if update or operation.is_written_down:
                await operation.check(client.as_viewer("an admin"))
            else:
                await client.query(operation.document, operation.variables, viewer=operation.viewer or "an admin")
