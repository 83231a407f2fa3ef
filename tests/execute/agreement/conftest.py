"""Two executors side by side, on the demo and on the harbour."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from db.session.engines import Engines
from graph.entity import Schema
from graph.schema import make_schema
from graph.settings import Settings
from tests.databases import Database
from tests.entity.serving import fill, serve
from tests.execute.agreement.broken import BROKEN
from tests.execute.agreement.executing import Pair
from tests.execute.agreement.harbour_types import HARBOUR
from tests.execute.agreement.known import known_to


@pytest.fixture
async def club(schema: Schema, filled: Engines) -> AsyncIterator[Pair]:
    """The real schema, on the small demo."""
    pair = Pair(schema, make_schema(), filled, await known_to(schema, filled))
    yield pair
    most_were_run(pair)


@pytest.fixture
async def port(blank_database: Database) -> AsyncIterator[Pair]:
    """Resolvers of every kind, on a few rows."""
    async with harbour_pair(blank_database) as pair:
        yield pair
    most_were_run(pair)


@pytest.fixture(params=BROKEN)
async def broken(request: pytest.FixtureRequest, blank_database: Database) -> AsyncIterator[Pair]:
    """An executor with a mistake, which must be found."""
    async with harbour_pair(blank_database, request.param) as pair:
        yield pair
    assert pair.tally.disagreed > 0


@asynccontextmanager
async def harbour_pair(database: Database, executor: type[Any] | None = None) -> AsyncIterator[Pair]:
    """The harbour under our executor, or another one, and graphql-core's."""
    await fill(database, HARBOUR)
    ours, theirs = (Schema(HARBOUR.query, Settings.model_construct()) for _ in range(2))
    ours.execution_context_class = executor or ours.execution_context_class
    async with serve(database, HARBOUR) as api:
        yield Pair(ours, theirs, api.engines, await known_to(theirs, api.engines))
    gc.collect()  # what graphql-core left behind is told of while this test still ignores it


def most_were_run(pair: Pair) -> None:
    """Refused operations agree trivially: they must be few. And errors must not be."""
    tally = pair.tally
    assert tally.run > tally.tried * 0.9
    assert tally.failed > tally.tried * 0.1
