"""What it costs to count usage: CPU time of a request with and without, in one process, taking turns.

`python -m bench.usage` prints a line for each operation. Requests come as ASGI, without a network, so that what is
measured is the server's own work; turns are short, so that both see the same machine.
"""

import asyncio
import gc
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import uvloop
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.types import Message

from bench.data import Size
from bench.database import database
from bench.trellis_app import identify
from graph.app import create_app
from graph.settings import Settings

TURNS = int(os.environ.get("TURNS", "600"))
REQUESTS_OF_A_TURN = 10
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
    """Microseconds of CPU that one request of a turn takes."""
    started = time.process_time()
    for _ in range(REQUESTS_OF_A_TURN):
        await ask(app)
    return (time.process_time() - started) / REQUESTS_OF_A_TURN * 1_000_000


async def compare(name: str, without: Starlette, counting: Starlette, ask: Asks) -> None:
    """Print what one request costs."""
    for app in (without, counting):
        assert b'"errors"' not in await ask(app), await ask(app)
        await cpu_us(app, ask)
    gc.collect()
    gc.disable()
    pairs = []
    for turn in range(TURNS):
        first, second = (without, counting) if turn % 2 else (counting, without)
        one, other = await cpu_us(first, ask), await cpu_us(second, ask)
        pairs.append((one, other) if turn % 2 else (other, one))
    gc.enable()
    # Others on the machine only ever add time: the quarter of the turns that they disturbed least is compared.
    before, after = (statistics.quantiles(times, n=4)[0] for times in zip(*pairs, strict=True))
    more = after - before
    print(f"{name}: {before:.0f} µs, counting {more:+.1f} µs ({more / before:+.1%})")  # noqa: T201 - that is the report


async def measure(url: str) -> None:
    """Serve the database twice, and compare."""
    apps = []
    async with AsyncExitStack() as stack:
        for record in (False, True):
            settings = Settings(database_url=SecretStr(url), record_usage=record, usage_interval_s=3_600)
            app = create_app(settings, identify=identify)
            await stack.enter_async_context(app.router.lifespan_context(app))
            apps.append(app)
        without, counting = apps
        found = json.loads(await asking("{ posts(first: 1) { nodes { slug } } }", {})(without))
        slug = json.dumps(found["data"]["posts"]["nodes"][0]["slug"])
        await compare("look-up", without, counting, asking(SLUG % slug, {}))
        await compare("feed", without, counting, asking(FEED, {"first": 50}))


def main() -> None:
    """Own a database, and measure on it."""
    with database(SIZE) as url:
        uvloop.run(measure(url))


if __name__ == "__main__":
    main()
