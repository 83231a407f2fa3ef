"""Fixtures that wait for something, by pytest-asyncio, in its strict and in its auto mode."""

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

import pytest_asyncio

if TYPE_CHECKING:
    from db.session.engines import Engines
    from graph.domain import Domain
    from graph.settings import Settings
    from graph.testing.clients import HTTPClient, SchemaClient
    from graph.viewer import Viewer


@pytest_asyncio.fixture
async def engines(settings: "Settings") -> "AsyncIterator[Engines]":
    """Engines on `database`, for rows that a test writes past the API, and for `schema_client`."""
    from db.session.engines import Engines

    engines = Engines(settings)
    yield engines
    await engines.dispose()


@pytest_asyncio.fixture
async def client(
    settings: "Settings", domain: "Domain", viewers: "Mapping[str, Viewer]"
) -> "AsyncIterator[HTTPClient]":
    """A client of the whole application, over HTTP without a network."""
    from graph.testing.application import http_client

    async with http_client(settings, domain, viewers) as client:
        yield client


@pytest_asyncio.fixture
async def schema_client(
    settings: "Settings", engines: "Engines", domain: "Domain", viewers: "Mapping[str, Viewer]"
) -> "AsyncIterator[SchemaClient]":
    """A client straight to the schema, past HTTP."""
    from graph.testing.application import schema_client

    async with schema_client(settings, engines, domain, viewers) as client:
        yield client
