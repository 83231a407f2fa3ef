"""A server whose listeners hear of its mutations, of other servers' and of other programs', and of nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from db.changes import Kind, RowChange
from db.session.engines import Engines
from graph.app import create_app
from graph.changes import Changes
from graph.settings import Settings
from graph.viewer import Viewer
from tests.databases import Database, StatementRecorder, engine_statements, settings_for
from tests.db.changes.logs import Heard, becomes, run
from tests.explorer.serving import serving
from tests.http.client import Client
from tests.mutations.asking import ADMIN

pytestmark = pytest.mark.nouns

CREATE = 'mutation { createTag(input: {name: "%s", slug: "%s"}) { tag { id } errors { __typename } } }'


async def admin(_request: HTTPConnection) -> Viewer:
    return ADMIN


def application(database: Database, **settings: Any) -> Starlette:
    known: dict[str, Any] = {
        "database_url": SecretStr(database.url),
        "pool_size": 3,
        "record_usage": False,
        "changes_poll_s": 0.05,
    }
    return create_app(Settings(**(known | settings)), identify=admin)


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[Client]:
    async with serving(app) as origin, Client(origin) as client:
        yield client


def of(app: Starlette) -> Changes:
    found = app.state.changes
    assert isinstance(found, Changes)
    return found


async def test_listeners_of_two_servers_hear_of_mutations_of_one_and_of_other_programs(database: Database) -> None:
    one, other = application(database), application(database)
    heard, there = Heard(), Heard()
    for app, listener in ((one, heard), (other, there)):
        of(app).feed.listen(listener)  # before it runs
    engines = Engines(settings_for(database))
    async with served(one) as client, served(other):
        for listener in (heard, there):
            await listener.until(lambda listener=listener: bool(listener.lost))  # type: ignore[misc]
        assert (await client.ask(CREATE % ("a", "a"))).data["createTag"]["errors"] == []
        await run(
            engines, "INSERT INTO tags (name, slug) VALUES ('b', 'b')", "UPDATE tags SET name = 'B' WHERE slug = 'b'"
        )
        for listener in (heard, there):
            await listener.until(lambda listener=listener: len(listener.changes) == 3)  # type: ignore[misc]
        position = of(one).feed.position
        assert await of(other).feed.since(0) == there.batches
    await engines.dispose()
    assert heard.batches == there.batches
    assert position == heard.batches[-1].position
    first, second, third = heard.changes
    assert (first.kind, second.kind) == (Kind.INSERT, Kind.INSERT)
    assert third == RowChange("tags", second.key, Kind.UPDATE, frozenset({"name"}))


async def test_a_mutation_sends_the_same_statements_whoever_listens(
    database: Database, statements: StatementRecorder
) -> None:
    app = application(database, changes_poll_s=60)
    heard = Heard()
    async with served(app) as client:
        with statements() as alone, engine_statements() as beside:
            await client.ask(CREATE % ("a", "a"))
            await asyncio.gather(*[it for it in asyncio.all_tasks() if it.get_name() == "changes were written"])
        of(app).feed.listen(heard)
        await becomes(lambda: of(app).follower.is_relay and bool(heard.lost))
        with statements() as seen:
            await client.ask(CREATE % ("b", "b"))
            await heard.until(lambda: len(heard.changes) == 2)
    about_tags = [it for it in seen if "tags" in it]
    assert about_tags == [it for it in alone if "tags" in it]
    assert len(about_tags) == 2  # INSERT, and SELECT for the payload
    # On PostgreSQL, whether anybody follows is asked once, beside the mutation.
    assert len([it for it in beside if "pg_notify" in it]) == (database.dialect == "postgresql")


async def test_a_server_whose_log_is_off_has_no_feed(database: Database) -> None:
    assert application(database, changes=False).state.changes is None
