"""A station that is heard over a real server, as `trellis serve` serves it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, NamedTuple, TypeAlias

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from graph.app import create_app
from graph.live import Live
from graph.live.sockets import Transport
from graph.serving.gate import Gate
from graph.serving.limits import Limits
from graph.serving.protocol import LimitedProtocol
from graph.serving.server import LimitedState
from graph.serving.sockets import LimitedSocket
from graph.settings import Settings
from tests.databases import Database
from tests.entity.serving import fill
from tests.execute.workshop_types import WORKSHOP
from tests.explorer.serving import serving
from tests.live.radio import Station
from tests.serving.wire import SWEEP_S

PATIENCE_S = 30


class Heard(NamedTuple):
    """A station behind a server."""

    origin: str
    station: Station
    app: Starlette
    gate: Gate

    @property
    def live(self) -> Live:
        """Its sockets and streams."""
        live: Live = self.app.state.live
        return live

    def open(self, transport: Transport = Transport.WEBSOCKET) -> int:
        """How many are open."""
        return sum(socket.transport is transport for socket in self.live.sockets.open)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something is the case."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():  # noqa: ASYNC110 - a server tells nobody
                await asyncio.sleep(0.01)

    async def figures(self) -> dict[str, float]:
        """What `/metrics` tells, by series."""
        async with httpx.AsyncClient(base_url=self.origin, verify=False) as client:
            lines = (await client.get("/metrics")).text.splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}


Hear: TypeAlias = Callable[..., Awaitable[Heard]]
"""`await hear(max_sockets=3)`: a station behind a server with these settings."""

ServeStation: TypeAlias = Callable[..., Awaitable[Heard]]
"""`await serve_station(url, max_sockets=3)`: the same on the database with this URL."""


@pytest.fixture
async def workshop(blank_database: Database) -> Database:
    """A database with the workshop, on both databases."""
    await fill(blank_database, WORKSHOP)
    return blank_database


@pytest.fixture
async def serve_station() -> AsyncIterator[ServeStation]:
    """Start servers by the URL of a database; they stop at the end of the test."""
    async with AsyncExitStack() as stack:

        async def start(url: str, write_timeout_s: float = 20, **settings: Any) -> Heard:
            station = Station()
            made = Settings(database_url=SecretStr(url), pool_size=2, pool_max_overflow=3, **settings)
            app = create_app(made, domain=station.domain)
            gate = Gate(Limits.of(made)._replace(write_timeout_s=write_timeout_s), SWEEP_S)
            origin = await stack.enter_async_context(
                serving(
                    app,
                    http=LimitedProtocol,
                    state=LimitedState(gate),
                    ws=LimitedSocket,
                    ws_max_size=made.max_body_bytes,
                    ws_per_message_deflate=made.socket_compression,
                )
            )
            return Heard(origin, station, app, gate)

        yield start


@pytest.fixture
async def hear(workshop: Database, serve_station: ServeStation) -> Hear:
    """Start servers on a database with the workshop."""

    async def start(**settings: Any) -> Heard:
        return await serve_station(workshop.url, **settings)

    return start


@pytest.fixture
async def heard(hear: Hear) -> Heard:
    """A station on both databases."""
    return await hear()


@pytest.fixture
async def bare(serve_station: ServeStation, no_database: str) -> Heard:
    """A station without a database: for what is decided before any row is read."""
    return await serve_station(no_database)


@pytest.fixture
def no_database(tmp_path: Any) -> str:
    """The URL of a database that cannot be opened."""
    return f"sqlite:///{tmp_path / 'nowhere' / 'trellis.db'}"
