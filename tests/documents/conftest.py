"""Servers over a library on both databases."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, NamedTuple, TypeAlias

import pytest

from db.session.engines import Engines
from graph.documents import Documents
from tests.databases import Database
from tests.documents.serving import app_of, make_library
from tests.explorer.serving import serving
from tests.http.client import Client


class Server(NamedTuple):
    """A server that is running."""

    client: Client
    documents: Documents


Serve: TypeAlias = Callable[..., Awaitable[Server]]
"""`await serve(documents="strict")`: a server with these settings."""


@pytest.fixture
async def engines(blank_database: Database) -> AsyncIterator[Engines]:
    """Engines on the library, past the server."""
    engines = await make_library(blank_database)
    yield engines
    await engines.dispose()


@pytest.fixture
async def serve(blank_database: Database) -> AsyncIterator[Serve]:
    """Start servers; they stop at the end of the test."""
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> Server:
            app, documents = app_of(blank_database, **settings)
            client = await stack.enter_async_context(Client(await stack.enter_async_context(serving(app))))
            return Server(client, documents)

        yield start
