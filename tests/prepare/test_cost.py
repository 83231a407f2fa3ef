"""The price is an upper bound: no operation needs more statements, rows or values than it said."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

import graph.context
from db.session import RequestSession
from db.session.engines import Engines
from graph.entity import Schema
from graph.settings import Settings
from tests.databases import StatementRecorder
from tests.entity.market import Query
from tests.execute.operations import Ids, made_up
from tests.execute.running import Recording, codes, data_of

OPERATIONS = 30
LISTS = (
    *("artists", "albums", "genres", "mediaTypes", "playlists", "playlistTracks", "tracks", "employees", "customers"),
    *("invoices", "invoiceLines", "boxes", "labels", "things", "people", "addresses", "passports", "messages"),
    *("purchases", "purchaseLines", "deliveries", "teams", "members", "courses", "enrolments", "devices", "readings"),
    "awkwardPages",
)


class CountingSession(RequestSession):
    """Counts the rows that its statements bring."""

    fetched = 0

    async def rows(self, statement: Any, parameters: Any = None, found_by: Any = None) -> Sequence[Any]:
        rows: Sequence[Any] = await super().rows(statement, parameters, found_by)
        self.fetched += len(rows)
        return rows


async def ids_of(schema: Schema, engines: Engines) -> Ids:
    """Some ids of each type."""
    found: dict[str, list[str]] = {}
    for name in LISTS:
        nodes = (await data_of(schema, engines, f"{{ {name}(first: 5) {{ nodes {{ id __typename }} }} }}"))[name][
            "nodes"
        ]
        found[nodes[0]["__typename"]] = [node["id"] for node in nodes]
    return found


def values_in(data: Any) -> int:
    """How many fields an answer holds, except the names of types, which cost nothing."""
    if isinstance(data, dict):
        return sum(1 + values_in(value) for name, value in data.items() if name != "__typename")
    return sum(map(values_in, data)) if isinstance(data, list) else 0


async def test_a_row_that_was_read_before_does_not_run_ahead_of_its_level(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    artist = (await ids_of(schema, filled))["Artist"][0]
    query = """query ($id: ID!) {
        artist(id: $id) { id }
        albums(first: 20) { nodes { artist { albums { nodes { tracks { nodes { id } } } } } } }
    }"""
    with statements() as seen:
        await data_of(schema, filled, query, {"id": artist})
    # The artist, the albums, their other artists, all the artists' albums, all their tracks.
    assert len(seen) == 5


async def test_no_operation_needs_more_than_its_price(
    filled: Engines, statements: StatementRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph.context, "RequestSession", CountingSession)
    schema = Schema(Query, Settings.model_construct(max_work=10_000))
    ids = await ids_of(schema, filled)
    answered, most = 0, 0
    for seed in range(OPERATIONS):
        operation = made_up(schema._schema, ids, Random(seed))  # noqa: SLF001 - Strawberry has no public way to it
        context = Recording(filled)
        with statements() as seen:
            result = await schema.execute(
                operation.text,
                variable_values=operation.variables,
                context_value=context,
                operation_extensions={"cost": True},
            )
        if codes(result) == {"TOO_COSTLY"}:
            assert seen == []
            continue
        assert result.errors is None, f"seed {seed}: {operation}: {result.errors}"
        assert result.extensions is not None
        cost, session = result.extensions["cost"], context.made.session
        assert isinstance(session, CountingSession)
        assert len(seen) <= cost["statements"], f"seed {seed}: {operation}"
        assert session.fetched <= cost["rows"], f"seed {seed}: {operation}"
        assert values_in(result.data) <= cost["values"], f"seed {seed}: {operation}"
        answered, most = answered + 1, max(most, len(seen))
    assert answered > OPERATIONS * 0.8  # otherwise the bound would hold for want of trying
    assert most >= 10
