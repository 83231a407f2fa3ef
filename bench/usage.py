"""What it costs to count usage: CPU time of a request with and without a recorder, in one server, taking turns.

`python -m bench.usage` prints a line for each operation. Requests come as ASGI, without a network, so that what is
measured is the server's own work; turns are single requests, and medians are compared, for others use the machine, too.
"""

import asyncio
import gc
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import uvloop
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.types import Message

from bench.data import Size
from bench.database import database
from bench.trellis_app import identify
from graph.app import create_app
from graph.execute.usage import Usage
from graph.schema import DOMAIN
from graph.settings import Settings

TURNS = int(os.environ.get("TURNS", "5000"))
WARM = 200
SIZE = Size(users=200, posts=4_000, tags=50)

SLUG = "{ post(slug: %s) { title } }"
FEED = """query Feed($first: Int!) { posts(first: $first, orderBy: [{createdAt: DESC}]) {
    nodes { id title createdAt author { id name } tags { nodes { id name } } } } }"""

HEADERS = (
    (b"content-type", b"application/json"),
    (b"accept", b"application/graphql-response+json"),
    (b"graphql-client-name", b"web"),
    (b"graphql-client-version", b"3.2"),
)

Asks = Callable[[Starlette], Awaitable[bytes]]


def asking(query: str, variables: Mapping[str, Any]) -> Asks:
    """One request of an operation, answered in full."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    scope = {"type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b""}
    scope |= {"scheme": "http", "headers": [*HEADERS, (b"content-length", str(len(body)).encode())]}

    async def ask(app: Starlette) -> bytes:
        sent = bytearray()
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return messages.pop() if messages else await asyncio.Future()  # the client stays

        async def send(message: Message) -> None:
            sent.extend(message.get("body", b""))

        await app(dict(scope), receive, send)
        return bytes(sent)

    return ask


async def cpu_us(app: Starlette, ask: Asks) -> float:
    """Microseconds of CPU that one request takes."""
    started = time.process_time_ns()
    await ask(app)
    return (time.process_time_ns() - started) / 1_000


async def compare(name: str, app: Starlette, usage: Usage, ask: Asks) -> None:
    """Print what one request costs, without and with a recorder, in turns."""
    assert b'"errors"' not in await ask(app), await ask(app)
    recorders = (None, usage.recorder)
    times: tuple[list[float], list[float]] = ([], [])
    gc.collect()
    gc.disable()
    for turn in range(TURNS + WARM):
        for which in (0, 1) if turn % 2 else (1, 0):
            usage.recorder = recorders[which]
            took = await cpu_us(app, ask)
            if turn >= WARM:
                times[which].append(took)
    gc.enable()
    usage.recorder = recorders[1]
    without, counting = map(statistics.median, times)
    more = counting - without
    print(f"{name}: {without:.1f} µs, counting {more:+.1f} µs ({more / without:+.2%})", flush=True)  # noqa: T201


async def measure(url: str) -> None:
    """Serve the database, and compare."""
    settings = Settings(database_url=SecretStr(url), usage_interval_s=3_600)
    schema = DOMAIN.schema(settings)
    app = create_app(settings, domain=replace(DOMAIN, schema=lambda _settings: schema), identify=identify)
    usage = schema.operations.usage
    async with app.router.lifespan_context(app):
        found = json.loads(await asking("{ posts(first: 1) { nodes { slug } } }", {})(app))
        slug = json.dumps(found["data"]["posts"]["nodes"][0]["slug"])
        await compare("look-up", app, usage, asking(SLUG % slug, {}))
        await compare("feed", app, usage, asking(FEED, {"first": 50}))


def main() -> None:
    """Own a database, and measure on it."""
    with database(SIZE) as url:
        uvloop.run(measure(url))


if __name__ == "__main__":
    main()
