"""The real application behind a real server, with or without a database."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeAlias

import pytest
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from db import demo
from db.models.role import ADMIN
from db.session.engines import Engines
from graph.app import create_app
from graph.domain import Identification
from graph.settings import Settings
from graph.viewer import Viewer
from tests.databases import Database
from tests.explorer.serving import serving
from tests.http.client import Client

Serve: TypeAlias = Callable[..., Awaitable[Client]]
"""`await serve(url, explorer=False)`: a client of a server with these settings."""


async def an_admin(_request: HTTPConnection) -> Viewer:
    """Everybody is an admin: for tests that are not about who may see what."""
    return Viewer(None, frozenset({ADMIN}), key_id=0)


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start servers; they stop at the end of the test. `identify` tells who sent each request."""
    async with AsyncExitStack() as stack:

        async def start(database_url: str, identify: Identification | None = None, **settings: Any) -> Client:
            app = create_app(Settings(database_url=SecretStr(database_url), **settings), identify=identify)
            return await stack.enter_async_context(Client(await stack.enter_async_context(serving(app))))

        yield start


@pytest.fixture
async def filled(database: Database) -> Database:
    """A database with the small demo."""
    engines = Engines(Settings(database_url=SecretStr(database.url)))
    try:
        await demo.fill(engines, scale=1)
    finally:
        await engines.dispose()
    return database


@pytest.fixture
async def api(filled: Database, serve: Serve) -> Client:
    """A client of the API over the small demo, on both databases. It sees everything."""
    return await serve(filled.url, an_admin)


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
        async with serving(create_app(Settings.model_construct(database_url=SecretStr(url)))) as origin:
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
