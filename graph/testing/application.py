"""The application under test: a domain and settings enter, an application leaves, as `trellis serve` would run it.

Schemas are made once in a process for each domain and its limits, for that takes seconds where there are many types.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx

from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.app import create_app
from graph.domain import Domain
from graph.entity import Schema
from graph.settings import Settings
from graph.testing.clients import HTTPClient, SchemaClient
from graph.testing.viewers import believing_tests
from graph.viewer import Viewer

ORIGIN = "http://testserver"

_SCHEMAS: dict[tuple[int, str], tuple[Domain, Schema]] = {}


def with_kept_schemas(domain: Domain) -> Domain:
    """The same domain, whose schema is made once for the same limits, wherever the database is."""

    def schema(settings: Settings) -> Schema:
        limits = settings.model_dump_json(exclude={*DatabaseSettings.model_fields} - {"max_cache_bytes"})
        key = (id(domain), limits)
        if key not in _SCHEMAS:
            _SCHEMAS[key] = domain, domain.schema(settings)  # the domain is kept, so that its id is of no other
        return _SCHEMAS[key][1]

    return replace(domain, schema=schema)


@asynccontextmanager
async def http_client(settings: Settings, domain: Domain, viewers: Mapping[str, Viewer]) -> AsyncIterator[HTTPClient]:
    """A client of an application that runs as long as the block lasts, without a network."""
    app = create_app(settings, domain=believing_tests(with_kept_schemas(domain)), is_alone=False)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http,
    ):
        yield HTTPClient(http, settings.primary.get_backend_name(), viewers)


@asynccontextmanager
async def schema_client(
    settings: Settings, engines: Engines, domain: Domain, viewers: Mapping[str, Viewer]
) -> AsyncIterator[SchemaClient]:
    """A client past HTTP, with the services of the domain, which live as long as the block."""
    started = domain.start(engines, settings)
    schema = with_kept_schemas(domain).schema(settings)
    try:
        yield SchemaClient(schema, engines, domain.visibility, [domain.settings(), *started.services], viewers)
    finally:
        started.close()
        for limit in started.limits:
            await limit.counters.close()
