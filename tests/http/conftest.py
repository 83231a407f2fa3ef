"""An application behind a real server, with or without a database: it serves the market of `tests.entity.market`."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeAlias

import pytest
from pydantic import SecretStr

from db.relations import EVERYTHING
from graph.app import create_app
from graph.domain import Domain, Identification
from graph.entity import Schema
from graph.settings import Settings
from tests.databases import Database
from tests.entity.conftest import Filled, dialect
from tests.entity.conftest import filled as samples
from tests.entity.market import MARKET, Query
from tests.explorer.serving import serving
from tests.http.client import Client

__all__ = ["dialect", "samples"]

Serve: TypeAlias = Callable[..., Awaitable[Client]]
"""`await serve(url, explorer=False)`: a client of a server with these settings."""


DOMAIN = Domain(lambda settings: Schema(Query, settings), lambda _viewer: EVERYTHING)
"""Everybody sees the market, and nobody is known."""


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start servers; they stop at the end of the test. `identify` tells who sent each request."""
    async with AsyncExitStack() as stack:

        async def start(
            database_url: str, identify: Identification | None = None, domain: Domain = DOMAIN, **settings: Any
        ) -> Client:
            made = Settings(database_url=SecretStr(database_url), **settings)
            app = create_app(made, domain=domain, identify=identify)
            return await stack.enter_async_context(Client(await stack.enter_async_context(serving(app))))

        yield start


@pytest.fixture
async def filled(dialect: str, samples: Filled) -> Database:
    """A database with the market, on both databases. Nobody writes to it."""
    return await samples(MARKET, dialect)


@pytest.fixture
async def api(filled: Database, serve: Serve) -> Client:
    """A client of the API over the market, on both databases."""
    return await serve(filled.url)


@pytest.fixture
def no_database(tmp_path: Path) -> str:
    """The URL of a database that cannot be opened."""
    return f"sqlite:///{tmp_path / 'nowhere' / 'trellis.db'}"


@pytest.fixture(scope="session")
def _bare_origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    origins: SimpleQueue[str] = SimpleQueue()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    async def run() -> None:
        url = f"sqlite:///{tmp_path_factory.mktemp('bare') / 'nowhere' / 'trellis.db'}"
        # Made without validation, for the developer's environment would be read as well.
        settings = Settings.model_construct(database_url=SecretStr(url), start_checks=False)
        async with serving(create_app(settings, domain=DOMAIN)) as origin:
            origins.put(origin)
            await stop.wait()

    server = threading.Thread(target=loop.run_until_complete, args=(run(),), name="bare-server")
    server.start()
    yield origins.get(timeout=60)
    loop.call_soon_threadsafe(stop.set)
    server.join()
    loop.close()


@pytest.fixture
async def bare(_bare_origin: str) -> AsyncIterator[Client]:
    """A client of a server without a database: for what is decided before any row is read. All tests share it."""
    async with Client(_bare_origin) as client:
        yield client
