"""What trials play on: a database with the demo in it, and clients that write down what they are told.

Nothing of the developer's settings and no database of theirs is touched: PostgreSQL is a server of the trial's own.
"""

import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import asyncpg
import httpx
from asyncpg._testbase.fuzzer import TCPFuzzingProxy
from pydantic import SecretStr
from sqlalchemy import make_url

from db import demo
from db.migrate import upgrade
from db.session.engines import Engines
from graph.identity import api_keys
from graph.settings import Settings
from tests.attacks.filling import add_posts, patient
from tests.promises.bank import written
from tests.promises.server import FragileServer, fragile_server

PATIENCE_S = 90
FEED = "{ posts(first: 50) { nodes { title author { name } tags(first: 3) { nodes { name } } } } }"
ONE_ROW = '{ tag(slug: "soil") { name } }'
TAGS = "{ tags(first: 1) { nodes { name } } }"

LOST = "no answer"
"""In place of a code, where none came."""


@dataclass(frozen=True)
class Stage:
    """A database with the demo in it."""

    url: str
    server: FragileServer | None = None
    """PostgreSQL; None on SQLite."""

    @property
    def settings(self) -> Settings:
        """Settings that lead there."""
        return Settings(database_url=SecretStr(self.url))

    @asynccontextmanager
    async def locked(self, table: str) -> AsyncIterator[None]:
        """Keep everybody from reading a table of PostgreSQL."""
        async with self.connection() as connection, connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection to PostgreSQL past the server."""
        url = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(url)
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def proxied(self) -> AsyncIterator[tuple[TCPFuzzingProxy, str]]:
        """A wire to PostgreSQL that can be cut, and the URL through it."""
        url = make_url(self.url)
        proxy = TCPFuzzingProxy(backend_host=str(url.host), backend_port=url.port or 5432)
        await asyncio.to_thread(proxy.start)
        try:
            yield proxy, url.set(host="127.0.0.1", port=proxy.listening_port).render_as_string(hide_password=False)
        finally:
            if proxy.loop is None or not proxy.loop.is_closed():  # a trial may have stopped it
                await asyncio.to_thread(proxy.stop)


@asynccontextmanager
async def stage(dialect: str, *, scale: int = 10, posts: int = 0) -> AsyncIterator[Stage]:
    """A stage on SQLite or PostgreSQL; it is gone at the end. With a scale of 0, its tables are empty."""
    if dialect == "postgresql":
        async with fragile_server() as server:
            made = Stage(server.url, server)
            await _fill(made, scale, posts)
            yield made
        return
    with tempfile.TemporaryDirectory(prefix="trellis-promises-") as folder:
        made = Stage(f"sqlite:///{Path(folder) / 'trellis.db'}")
        await _fill(made, scale, posts)
        yield made


async def _fill(made: Stage, scale: int, posts: int) -> None:
    await asyncio.to_thread(upgrade, made.settings)
    engines = Engines(patient(made.settings))
    try:
        if scale:
            await demo.fill(engines, scale)
        if posts:
            await add_posts(engines, posts)
    finally:
        await engines.dispose()


async def admin_headers(settings: Settings) -> dict[str, str]:
    """The headers of somebody who may do everything."""

    async def work(transaction: Any) -> str:
        return await api_keys.create(transaction, "promises", ["admin"])

    return {"Authorization": f"Bearer {await written(settings, work)}"}


class Told(NamedTuple):
    """What a client was told, and when."""

    status: int
    codes: frozenset[str]
    seconds: float
    at: float
    headers: Mapping[str, str]
    body: Any = None

    @property
    def fine(self) -> bool:
        return self.status == 200 and not self.codes


@dataclass
class Clients:
    """Clients of one server, who write down what they are told."""

    origin: str
    headers: Mapping[str, str] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    patience_s: float = PATIENCE_S

    @asynccontextmanager
    async def open(self) -> AsyncIterator[httpx.AsyncClient]:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(
            base_url=self.origin, timeout=self.patience_s, verify=False, limits=limits, headers=self.headers
        ) as http:
            yield http

    async def ask(self, http: httpx.AsyncClient, document: str, **variables: Any) -> Told:
        """Ask once."""
        started = time.monotonic()
        try:
            answer = await http.post("/graphql", json={"query": document, "variables": variables})
        except httpx.TransportError as error:
            told = Told(0, frozenset({f"{LOST}: {type(error).__name__}"}), time.monotonic() - started, started, {})
        else:
            body = answer.json()
            codes = frozenset(error["extensions"]["code"] for error in body.get("errors", ()))
            seconds = time.monotonic() - started
            told = Told(answer.status_code, codes, seconds, started, dict(answer.headers), body.get("data"))
        self.told.append(told)
        return told

    async def ask_on(self, http: httpx.AsyncClient, document: str, until: asyncio.Event, pause_s: float = 0.0) -> None:
        """Ask again and again until told to stop."""
        while not until.is_set():
            await self.ask(http, document)
            await asyncio.sleep(pause_s)

    def codes(self) -> Counter[str]:
        """How often each code was told."""
        return Counter(code for told in self.told for code in told.codes)


async def status_of(origin: str, path: str, timeout_s: float = 10) -> int:
    """The status of a probe; 0 without an answer."""
    try:
        async with httpx.AsyncClient(timeout=timeout_s, verify=False) as http:
            return (await http.get(f"{origin}{path}")).status_code
    except httpx.TransportError:
        return 0


async def begun(origin: str, document: str) -> asyncio.StreamWriter:
    """Send a request whose answer nobody is going to read; whoever closes it leaves."""
    address = urlsplit(origin)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    body = json.dumps({"query": document}).encode()
    head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    return writer


async def whole_again(origin: str, document: str = FEED, *, answers: int = 10, within_s: float = 60) -> float:
    """Seconds until the server answers so many requests in a row without an error."""
    started, clients, row = time.monotonic(), Clients(origin), 0
    first = started
    async with asyncio.timeout(within_s), clients.open() as http:
        while row < answers:
            told = await clients.ask(http, document)
            row = row + 1 if told.fine else 0
            first = told.at if row == 1 else first
            await asyncio.sleep(0.05)
    return first - started
