"""What live queries and subscriptions cost a server: one on many sockets, and changes of what it shows.

`python -m bench.live 2000` prints the memory of a socket, the processor time of a second of silence, that of one change
until everybody has been told, and the runs that it took; `python -m bench.live 500 followed postgraphile` the same of
sockets that follow posts, ours and PostGraphile's by LISTEN and NOTIFY. One process serves on one core; clients, writer
and PostgreSQL have the others. A server that polls would run each group of viewers once in an interval, changes or none
(Hasura's design, a second and batches of 100:
https://github.com/hasura/graphql-engine/blob/master/architecture/live-queries.md).
"""

import argparse
import asyncio
import json
import os
import re
import resource
import statistics
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import asyncpg
import httpx
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Ping, Request, TextMessage

from bench import interpreter
from bench.cores import divide
from bench.data import Size
from bench.database import database
from bench.operations import TOKEN_KEY
from bench.processes import Running, running
from bench.servers import CONNECTIONS_TO_DATABASE, POSTGRAPHILE, Launch, Server, on_node
from db.settings import HOUSE
from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from graph.types.post import Post

SIZE = Size(users=200, posts=4_000, tags=50)
POST = 1
CHANGES = 10
SILENCE_S = 10
PATIENCE_S = 60
FILES_BESIDE = 200
OPENED_AT_ONCE = 50
PROTOCOL = "graphql-transport-ws"
PUBLISH = "UPDATE posts SET status = 'published', published_at = now() WHERE id = $1"
CHANGE = "UPDATE posts SET title = $2 WHERE id = $1"
NOTIFY = """
    CREATE FUNCTION bench_notify() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_notify('bench_posts', json_build_object('id', NEW.id)::text); RETURN NEW; END $$;
    CREATE TRIGGER bench_notify AFTER UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION bench_notify();
"""
"""What tells PostGraphile of changes."""
QUERY = "query ($id: ID!) @live(throttleMs: 50) { node(id: $id) { ... on Post { title author { name } } } }"
FOLLOWED = "subscription { postsChanged { node { title author { name } } } }"
FOLLOWED_BY_POSTGRAPHILE = "subscription { postsChanged { node { title userByAuthorId { name } } } }"
RUNS = re.compile(r"^trellis_live_query_runs_total (\S+)$", re.M)


@dataclass(frozen=True)
class Asked:
    """What every socket asks, and of which server."""

    query: str
    serve: Callable[[int], Server]
    shown_by: str = "postsChanged"
    """Which field of the data has the post, or its change."""
    variables: Mapping[str, str] = field(default_factory=dict)
    prepare: str = ""
    """What is done to the database before."""

    def title(self, data: Any) -> str:
        """The title that an answer shows."""
        found = data[self.shown_by]
        title: str = found.get("node", found)["title"]
        return title


@dataclass
class Audience:
    """All clients, and what they have been told."""

    asked: Asked
    told: dict[str, int] = field(default_factory=dict)
    """How many have been told of a title."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, text: str) -> None:
        """Count a message."""
        message = json.loads(text)
        assert message["type"] in ("connection_ack", "next", "ping"), message
        if message["type"] == "next":
            assert "errors" not in message["payload"], message
            title = self.asked.title(message["payload"]["data"])
            self.told[title] = self.told.get(title, 0) + 1
            self.changed.set()

    async def all_told(self, title: str, sockets: int) -> None:
        """Wait until so many have been told."""
        async with asyncio.timeout(PATIENCE_S):
            while self.told.get(title, 0) < sockets:
                self.changed.clear()
                await self.changed.wait()


@dataclass(frozen=True)
class Costs:
    """What they cost."""

    kib: float
    """Resident memory of a socket with its query."""
    silent_ms: float
    """Processor time of one second in which nothing changes."""
    change_ms: float
    """Processor time of one change until everybody has been told: the median."""
    runs: float
    """Runs of one change: the mean."""


class Hearer(Protocol):
    """Whoever hears what a socket is told."""

    asked: Asked

    def hear(self, text: str) -> None:
        """Take a message."""


class Closed(RuntimeError):
    """The server has closed a socket."""

    def __init__(self, code: int, reason: str | None) -> None:
        self.code = code
        super().__init__(f"closed: {code} {reason}")


async def socket(port: int, audience: Hearer, ready: asyncio.Event, token: str | None = None) -> None:
    """One client: it asks, and listens until it is cancelled. Raises `Closed`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    connection = WSConnection(ConnectionType.CLIENT)
    writer.write(connection.send(Request(host="127.0.0.1", target="/graphql", subprotocols=[PROTOCOL])))
    payload = {"query": audience.asked.query, "variables": audience.asked.variables}
    init = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"} if token else {}}
    asking = {"type": "subscribe", "id": "1", "payload": payload}
    text = ""
    try:
        while received := await reader.read(65_536):
            connection.receive_data(received)
            for event in connection.events():
                match event:
                    case AcceptConnection():
                        writer.write(connection.send(TextMessage(data=json.dumps(init))))
                    case TextMessage():
                        text += event.data
                        if event.message_finished:
                            if "connection_ack" in text:
                                writer.write(connection.send(TextMessage(data=json.dumps(asking))))
                                ready.set()
                            audience.hear(text)
                            text = ""
                    case Ping():
                        writer.write(connection.send(event.response()))
                    case CloseConnection():
                        raise Closed(int(event.code), event.reason)
        raise RuntimeError("the server has closed a connection")
    finally:
        writer.close()


@asynccontextmanager
async def sockets(count: int, port: int, audience: Audience) -> AsyncIterator[None]:
    """So many clients that have asked."""
    async with asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[None]] = []
        for start in range(0, count, OPENED_AT_ONCE):
            ready = [asyncio.Event() for _ in range(min(OPENED_AT_ONCE, count - start))]
            tasks += [group.create_task(socket(port, audience, each)) for each in ready]
            await asyncio.wait_for(asyncio.gather(*(each.wait() for each in ready)), PATIENCE_S)
        yield
        for task in tasks:
            task.cancel()


async def runs(port: int) -> float:
    """How often the server has run live queries; a peer has none."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    return sum(float(found) for found in RUNS.findall(text))


async def costs(server: Running, url: str, count: int, asked: Asked) -> Costs:
    """Open the sockets, wait, and change."""
    audience = Audience(asked)
    writer = await asyncpg.connect(url)
    try:
        await writer.execute(PUBLISH, POST)
        async with sockets(1, server.port, Audience(asked)):  # what is made once is made now
            await asyncio.sleep(1)
        before = server.memory_mib()
        async with sockets(count, server.port, audience):
            await asyncio.sleep(2)
            kib = 1_024 * (server.memory_mib() - before) / count
            began = server.cpu_s()
            await asyncio.sleep(SILENCE_S)
            silent_ms = 1_000 * (server.cpu_s() - began) / SILENCE_S
            before_all = await runs(server.port)
            took = [await _change_ms(server, writer, f"Roses {number}", audience, count) for number in range(CHANGES)]
            ran = await runs(server.port) - before_all
        return Costs(kib, silent_ms, statistics.median(took), ran / CHANGES)
    finally:
        await writer.close()


async def _change_ms(
    server: Running, writer: "asyncpg.Connection[asyncpg.Record]", title: str, audience: Audience, count: int
) -> float:
    began = server.cpu_s()
    await writer.execute(CHANGE, POST, title)
    await audience.all_told(title, count)
    await asyncio.sleep(1)  # what is done after that is its own, too
    return 1_000 * (server.cpu_s() - began)


def served(count: int) -> Server:
    """`trellis serve`, with limits that let so many in."""

    def launch(url: str, port: int) -> Launch:
        limits = dict.fromkeys(("MAX_SOCKETS", "MAX_SOCKETS_PER_ADDRESS", "MAX_SOCKETS_PER_VIEWER"), count + 10)
        limits |= {"MAX_CONNECTIONS": count + FILES_BESIDE, "MAX_CONNECTIONS_PER_ADDRESS": count + FILES_BESIDE}
        settings = {"DATABASE_URL": url, "TOKEN_KEYS": TOKEN_KEY, "POOL_SIZE": CONNECTIONS_TO_DATABASE, **limits}
        command = [str(interpreter.python()), "-c", "from graph.cli import main; main()", "serve", "--port", str(port)]
        return Launch(command, HOUSE, {f"TRELLIS_{name}": str(value) for name, value in settings.items()})

    return Server("trellis-live", "Trellis", launch, "trellis")


@contextmanager
def many_files(count: int) -> Iterator[None]:
    """Be allowed so many open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + FILES_BESIDE)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _postgraphile(_count: int) -> Server:
    """PostGraphile with a subscription; it knows no limits."""
    return Server("postgraphile-live", "PostGraphile 5", on_node(POSTGRAPHILE, "live.mjs"), "postgraphile")


ASKED: Mapping[str, Asked] = {
    "live": Asked(QUERY, served, "node", {"id": encode_id(entity_of(Post), (POST,))}),
    "followed": Asked(FOLLOWED, served),
    "postgraphile": Asked(FOLLOWED_BY_POSTGRAPHILE, _postgraphile, prepare=NOTIFY),
}
"""By their names on the command line."""


async def _prepare(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statements)
    await connection.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.live", description="What live things cost a server.")
    parser.add_argument("sockets", type=int, nargs="?", default=2_000)
    parser.add_argument("what", nargs="*", default=["live"], metavar=" ".join(ASKED))
    given = parser.parse_args()
    if unknown := {*given.what} - {*ASKED}:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(ASKED)}")
    count, cores = given.sockets, divide()
    sys.stdout.write(f"{count:,} sockets, load average {os.getloadavg()[0]:.1f}\n")
    for name in given.what:
        asked = ASKED[name]
        with many_files(count), database(SIZE) as url:
            if asked.prepare:
                asyncio.run(_prepare(url, asked.prepare))
            with running(asked.serve(count), url, cores.server) as server:
                found = asyncio.run(costs(server, url, count, asked))
        sys.stdout.write(
            f"{name}: {found.kib:.1f} KiB a socket, {found.silent_ms:.2f} ms of a silent second,"
            f" {found.change_ms:.0f} ms a change ({1_000 * found.change_ms / count:.0f} µs a socket),"
            f" {found.runs:.1f} runs a change\n"
        )


if __name__ == "__main__":
    main()
