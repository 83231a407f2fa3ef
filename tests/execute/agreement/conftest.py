"""Two executors side by side, on the harbour."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from graph.entity import Schema
from graph.settings import Settings
from tests.databases import Database
from tests.entity.serving import fill, serve
from tests.execute.agreement.broken import BROKEN
from tests.execute.agreement.executing import Pair, most_were_run
from tests.execute.agreement.harbour_types import HARBOUR
from tests.execute.agreement.known import known_to


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
    ours, theirs = (Schema(HARBOUR.query, Settings.model_construct(max_work=10_000)) for _ in range(2))
    ours.operations.executor_class = executor or ours.operations.executor_class
    async with serve(database, HARBOUR) as api:
        yield Pair(ours, theirs, api.engines, await known_to(theirs, api.engines))
    gc.collect()  # what graphql-core left behind is told of while this test still ignores it
