"""The demo behind a server that answers live queries, and others who change it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple, TypeAlias

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
from graph.live_queries import LiveQueries
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer
from tests.databases import Database
from tests.db.changes.logs import connected, log_of, number_all
from tests.explorer.serving import serving
from tests.live.wire import SocketClient
from tests.policies.viewers import VIEWERS

WHO = "x-test-viewer"
PATIENCE_S = 60
CALM: Mapping[str, Any] = {
    "record_usage": False,
    "pool_size": 3,
    "queue_timeout_s": 60,
    "operation_timeout_s": 300,
    "changes_poll_s": 0.05,
    "live_throttle_ms": 0,
    "live_min_throttle_ms": 0,
    "max_sockets_per_address": 0,
    "max_sockets_per_viewer": 0,
}
"""Nobody is turned away because the machine is busy."""


class Shown(NamedTuple):
    """A server, and who is known there."""

    origin: str
    app: Starlette
    people: dict[str, Viewer]

    @property
    def queries(self) -> LiveQueries:
        """Its live queries."""
        queries: LiveQueries = self.app.state.live_queries
        return queries

    @property
    def runs(self) -> int:
        """How often one of them was run."""
        return self.queries.counts.runs

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something is the case."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():  # noqa: ASYNC110 - a server tells nobody
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def heard_of(self) -> AsyncIterator[None]:
        """Wait at the end until the server has heard of what was changed in the block."""
        feed: Feed = self.app.state.changes.feed
        before = feed.position
        yield
        await self.until(lambda: feed.position > before)

    async def answer(self, query: str, who: str = "nobody", /, **variables: Any) -> Any:
        """The answer to the query itself, as it is now."""
        async with httpx.AsyncClient(base_url=self.origin, timeout=PATIENCE_S, verify=False) as http:
            asked = {"query": query.replace(" @live", "", 1), "variables": variables}
            return (await http.post("/graphql", json=asked, headers={WHO: who})).json()

    async def figures(self) -> dict[str, float]:
        """What `/metrics` tells, by series."""
        async with httpx.AsyncClient(base_url=self.origin, verify=False) as http:
            lines = (await http.get("/metrics")).text.splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}


class Watcher:
    """Somebody who asks live queries over one WebSocket, and keeps their newest answers."""

    def __init__(self, client: SocketClient) -> None:
        self.client = client
        self.newest: dict[str, Any] = {}
        self.told: dict[str, int] = {}
        """How many answers each was told."""

    async def begin(self, id_: str, query: str, **variables: Any) -> Any:
        """Ask one; its first answer."""
        await self.client.subscribe(id_, query, **variables)
        while id_ not in self.newest:
            await self.hear()
        return self.newest[id_]

    async def hear(self) -> str:
        """Take the next answer; whose it is. No answer is told twice."""
        message = await self.client.next()
        assert message["type"] == "next", message
        id_, payload = message["id"], message["payload"]
        assert payload != self.newest.get(id_), payload
        self.newest[id_] = payload
        self.told[id_] = self.told.get(id_, 0) + 1
        return str(id_)

    async def becomes(self, id_: str, payload: Any) -> None:
        """Take answers until the newest one of a query is this."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while self.newest[id_] != payload:
                    await self.hear()
        except TimeoutError:
            shown = json.dumps([self.newest[id_], payload], indent=1)[:2_000]
            raise AssertionError(f"{id_} stays as it was: {shown}") from None


Show: TypeAlias = Callable[..., Awaitable[Shown]]
"""`await show(live_runs=1)`: a server over the demo with these settings; `feed=` in the place of the log."""

Watch: TypeAlias = Callable[..., Awaitable[Watcher]]
"""`await watch(shown, "a member")`."""

Write: TypeAlias = Callable[..., Awaitable[None]]
"""`await write(statement, …)`: changes in one transaction, as another program makes them."""


@pytest.fixture
async def engines(database: Database) -> AsyncIterator[Engines]:
    """Engines on the demo, past every server."""
    engines = Engines(Settings(database_url=SecretStr(database.url), pool_size=2))
    await demo.fill(engines, scale=1)
    async with connected(engines) as connection:  # so that no server hears of the demo
        await number_all(connection, log_of(engines))
    yield engines
    await engines.dispose()


@pytest.fixture
def write(engines: Engines) -> Write:
    """Change something as another program does."""

    async def write(*statements: Executable) -> None:
        async with engines.writing().begin() as connection:
            for statement in statements:
                await connection.execute(statement)

    return write


@pytest.fixture
async def show(database: Database, engines: Engines) -> AsyncIterator[Show]:
    """Start servers; they stop at the end of the test."""
    async with AsyncExitStack() as stack:

        async def start(feed: Feed | None = None, **settings: Any) -> Shown:
            people: dict[str, Viewer] = dict(VIEWERS)

            async def identify(request: HTTPConnection) -> Viewer:
                name = request.headers.get(WHO)
                return NOBODY if name is None else people[name]

            told = {**CALM, **settings}
            app = create_app(Settings(database_url=SecretStr(database.url), **told), identify=identify, feed=feed)
            return Shown(await stack.enter_async_context(serving(app, ws_ping_interval=None)), app, people)

        yield start


@pytest.fixture
async def shown(show: Show) -> Shown:
    """A server over the demo."""
    return await show()


@pytest.fixture
async def watch() -> AsyncIterator[Watch]:
    """Open sockets; those that are open at the end of the test are left."""
    clients: list[SocketClient] = []

    async def begin(shown: Shown, who: str = "nobody") -> Watcher:
        client = await SocketClient.begun(shown.origin, None, **{WHO.replace("-", "_"): who})
        clients.append(client)
        return Watcher(client)

    yield begin
    for client in clients:
        client.leave()
