"""Servers that count: what is in the tables afterwards, whoever asked and whatever went wrong."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db import migrate
from db.session.engines import Engines
from graph.usage.writing import COUNTS, OPERATIONS, RUNS
from tests.databases import Database, settings_for
from tests.http.client import Client
from tests.usage.shop import TOYS, WITH_A_WISH, asked_by, shop


async def ask(client: Client, query: str, variables: Mapping[str, Any] | None = None, /, **headers: str) -> Any:
    body = json.dumps({"query": query, "variables": variables}).encode()
    return await client.post(body, **headers)


async def rows(engines: Engines, *columns: Any) -> list[tuple[Any, ...]]:
    async with engines.primary.connect() as connection:
        return sorted(tuple(row) for row in await connection.execute(select(*columns)))


async def counts(engines: Engines) -> list[tuple[Any, ...]]:
    return await rows(engines, COUNTS.c.client, COUNTS.c.version, COUNTS.c.coordinate, COUNTS.c.uses)


async def test_a_server_writes_who_used_what_when_it_stops(database: Database, engines: Engines) -> None:
    async with shop(database.url) as client:
        await ask(client, TOYS, **asked_by("web", "3.2"))
        await ask(client, TOYS, **asked_by("web", "3.2"))
        await ask(client, TOYS, apollographql_client_name="app", apollographql_client_version="1")
        await ask(client, TOYS)
    assert await counts(engines) == [
        ("app", "1", "Query.toys", 1),
        ("app", "1", "Toy.name", 1),
        ("unknown", "", "Query.toys", 1),
        ("unknown", "", "Toy.name", 1),
        ("web", "3.2", "Query.toys", 2),
        ("web", "3.2", "Toy.name", 2),
    ]


async def test_values_of_variables_count_once_for_each_run(database: Database, engines: Engines) -> None:
    async with shop(database.url) as client:
        await ask(client, WITH_A_WISH, {"wish": {"kind": "SOFT", "also": [{"kind": "SOFT"}, {}]}})
        await ask(client, WITH_A_WISH, {"wish": {"kind": "HARD"}})
        await ask(client, WITH_A_WISH)
    found = {coordinate: uses for _, _, coordinate, uses in await counts(engines)}
    document = {"Query.toys": 3, "Query.toys(wish:)": 3, "Toy.name": 3, "Wish": 3}
    assert found == document | {"Wish.kind": 2, "Wish.also": 1, "Kind.SOFT": 1, "Kind.HARD": 1}


async def test_servers_add_up(database: Database, engines: Engines) -> None:
    async with shop(database.url) as one, shop(database.url) as other:
        for client in (one, other, other):
            await ask(client, TOYS)
    assert [uses for *_, uses in await counts(engines)] == [3, 3]
    assert await rows(engines, RUNS.c.runs, RUNS.c.failed) == [(3, 0)]


async def test_what_is_refused_does_not_count_and_what_fails_does(database: Database, engines: Engines) -> None:
    async with shop(database.url) as client:
        for refused in ("{ toys { name", "{ nothing }", "query ($n: Int!) { toys(limit: $n) { name } }"):
            assert (await ask(client, refused)).errors
        assert (await ask(client, "{ broken }")).errors
    assert await counts(engines) == [("unknown", "", "Query.broken", 1)]
    assert await rows(engines, RUNS.c.runs, RUNS.c.failed) == [(1, 1)]


async def test_documents_are_kept_without_the_values_in_them(database: Database, engines: Engines) -> None:
    async with shop(database.url) as client:
        for word in ("ada@example.com", "grace@example.com"):
            await ask(
                client,
                f'query Mine {{ toys(wish: {{word: "{word}"}}, limit: 4711) {{ ...F }} }} fragment F on Toy {{ name }}',
            )
    ((name, document),) = await rows(engines, OPERATIONS.c.name, OPERATIONS.c.document)
    assert name == "Mine"
    assert 'toys(wish: { word: "" }, limit: 0)' in document
    assert "example.com" not in document
    assert "4711" not in document
    assert "fragment F on Toy" in document


async def test_a_server_writes_at_intervals(database: Database, engines: Engines) -> None:
    async with shop(database.url, usage_interval_s=0.05) as client:
        await ask(client, TOYS)
        for _ in range(200):
            if await counts(engines):
                break
        assert len(await counts(engines)) == 2


async def test_nothing_is_counted_where_nobody_wants_it(database: Database, engines: Engines) -> None:
    async with shop(database.url, record_usage=False) as client:
        await ask(client, TOYS)
        assert "trellis_usage" not in (await client.http.get("/metrics")).text
    assert await counts(engines) == []


async def test_without_tables_a_server_answers_and_says_once_what_to_run(
    blank_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with shop(blank_database.url, usage_interval_s=0.05) as client:
        for _ in range(10):
            assert (await ask(client, TOYS)).data
        migrate_later = settings_for(blank_database)
        while "trellis_usage_failed_writes_total 0.0" in (await client.http.get("/metrics")).text:
            pass
        migrate.upgrade(migrate_later)
    (said,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert "run `trellis db upgrade`" in said
    engines = Engines(migrate_later)
    try:
        assert [uses for *_, uses in await counts(engines)] == [10, 10]
    finally:
        await engines.dispose()


@pytest.mark.sqlite
async def test_a_database_that_cannot_be_written_costs_nothing_but_counts(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    file = Path(database.url.removeprefix("sqlite:///"))
    async with shop(f"sqlite:///file:{file}?mode=ro&uri=true") as client:
        assert (await ask(client, TOYS)).data
    assert [record.getMessage() for record in caplog.records if "cannot be written" in record.getMessage()]
