"""Servers over our nouns that keep answers, and a Redis."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, TypeAlias

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Executable
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from db import demo
from db.changes.feed import Feed
from db.session.engines import Engines
from graph.app import create_app
from graph.domain import Domain
from graph.schema import DOMAIN
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer
from tests.databases import Database
from tests.explorer.serving import serving
from tests.policies.viewers import VIEWERS
from tests.rates.conftest import _redis_server, redis_url
from tests.response_cache.shop import make_shop

__all__ = ["_redis_server", "redis_url"]

WHO = "X-Test-Viewer"
FOREVER = 10_000
"""Seconds that no test lasts."""
CALM: Mapping[str, Any] = {
    "response_cache": "memory",
    "record_usage": False,
    "pool_size": 2,
    "commit": "test",
    "queue_timeout_s": 60,
    "operation_timeout_s": 300,
}
"""Nobody is turned away because the machine is busy."""
WIDE: Mapping[str, int] = {
    "max_statements": 10_000,
    "max_rows": 10**9,
    "max_values": 10**9,
    "max_work": 10**9,
    "max_fields": 10**6,
}


async def identify(request: HTTPConnection) -> Viewer:
    """Whoever the header names."""
    name = request.headers.get(WHO)
    return NOBODY if name is None else VIEWERS[name]


class Asking:
    """One server of ours."""

    def __init__(self, http: httpx.AsyncClient, app: Starlette) -> None:
        self.http = http
        self.app = app

    async def ask(self, query: str, who: str | None = None, /, **variables: Any) -> httpx.Response:
        """Send an operation by POST, as somebody. No cookie is kept."""
        self.http.cookies.clear()
        headers = {} if who is None else {WHO: who}
        return await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)

    async def data(self, query: str, who: str | None = None, /, **variables: Any) -> Any:
        """What an operation is answered, without errors."""
        body = (await self.ask(query, who, **variables)).json()
        assert "errors" not in body, body
        return body["data"]

    async def figures(self) -> dict[str, float]:
        """What `/metrics` says of the response cache."""
        prefix = "trellis_response_cache_"
        lines = (await self.http.get("/metrics")).text.splitlines()
        pairs = (line.removeprefix(prefix).rsplit(" ", 1) for line in lines if line.startswith(prefix))
        return {name: float(value) for name, value in pairs}


Serve: TypeAlias = Callable[..., Awaitable[Asking]]
"""`await serve(feed, cached_operations="Tags=60")`: a server over the demo that keeps answers."""

ServeAny: TypeAlias = Callable[..., Awaitable[Asking]]
"""`await serve_any(database, feed, domain)`: the same over any database and nouns."""

Write: TypeAlias = Callable[[Executable], Awaitable[None]]


@pytest.fixture
async def engines(database: Database) -> AsyncIterator[Engines]:
    """Engines on the demo, past every server."""
    engines = Engines(Settings(database_url=SecretStr(database.url), pool_size=2))
    await demo.fill(engines, scale=1)
    yield engines
    await engines.dispose()


@pytest.fixture
def write(engines: Engines) -> Write:
    """Change something as another process would: no server hears of it by itself."""

    async def write(statement: Executable) -> None:
        async with engines.writing().begin() as connection:
            await connection.execute(statement)

    return write


@pytest.fixture
async def serve_any() -> AsyncIterator[ServeAny]:
    """Start servers; they stop at the end of the test."""
    async with AsyncExitStack() as stack:

        async def start(database: Database, feed: Feed | None, domain: Domain, **settings: Any) -> Asking:
            told = {**CALM, **settings}
            made = Settings(database_url=SecretStr(database.url), **told)
            app = create_app(made, domain=domain, identify=identify, feed=feed)
            origin = await stack.enter_async_context(serving(app))
            return Asking(await stack.enter_async_context(httpx.AsyncClient(base_url=origin, timeout=60)), app)

        yield start


@pytest.fixture
async def serve(database: Database, engines: Engines, serve_any: ServeAny) -> Serve:
    """Start servers over the demo."""

    async def start(feed: Feed | None = None, **settings: Any) -> Asking:
        return await serve_any(database, feed, DOMAIN, **settings)

    return start


@pytest.fixture
async def shop(blank_database: Database) -> AsyncIterator[Engines]:
    """Engines on the shop, past every server."""
    engines = await make_shop(blank_database)
    yield engines
    await engines.dispose()
