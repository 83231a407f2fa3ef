"""Clients that hold a server by doing nothing: it loses its patience, and others do not notice (promise 19)."""

import asyncio
import json
from contextlib import AsyncExitStack, suppress
from urllib.parse import urlsplit

from tests.promises.process import ServerProcess
from tests.promises.trials.finding import Finding, broken, percentile
from tests.promises.trials.stage import ONE_ROW, Clients, stage

IDLERS = 400
READERS = 6
PATIENCE_S = 45
"""After so long, the server must have closed what makes no progress."""
SETTINGS = {"max_connections_per_address": "0"}
"""Those who idle and those who are served come from one address here."""
HEADS = (
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
)
LARGE = "{ posts(first: 100) { nodes { " + " ".join(f"a{n}: title" for n in range(2_800)) + " } } }"
"""About 15 MB of answer, which is allowed."""


async def unfinished(_dialect: str, _minutes: float) -> Finding:
    """400 requests of which the end never comes."""
    async with (
        stage("sqlite", scale=1) as made,
        ServerProcess(made.url, **SETTINGS) as server,
        AsyncExitStack() as stack,
    ):
        closed = list[int]()
        address, clients = urlsplit(server.origin), Clients(server.origin)

        async def idle(number: int) -> None:
            with suppress(ConnectionError):
                reader, writer = await asyncio.open_connection(address.hostname, address.port)
                stack.callback(writer.close)
                writer.write(HEADS[number % len(HEADS)])
                while await reader.read(1_000):
                    pass
            closed.append(number)

        waiting = [asyncio.create_task(idle(number)) for number in range(IDLERS)]
        async with clients.open() as http:
            for _ in range(PATIENCE_S):
                await asyncio.sleep(1)
                await clients.ask(http, ONE_ROW)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    seconds = percentile([one.seconds for one in clients.told], 0.99)
    figure = f"of {IDLERS}, {IDLERS - len(closed)} open after {PATIENCE_S} s; one row in {seconds * 1000:.0f} ms"
    served = all(one.fine for one in clients.told)
    return Finding(figure, broken(all_are_closed=len(closed) == IDLERS, others_are_served=served and seconds < 1))


async def slow_readers(_dialect: str, _minutes: float) -> Finding:
    """Six large answers that nobody takes."""
    async with stage("sqlite", scale=5) as made, ServerProcess(made.url) as server, AsyncExitStack() as stack:
        clients, address = Clients(server.origin), urlsplit(server.origin)
        async with clients.open() as http:
            await clients.ask(http, ONE_ROW)
            before = server.memory_mib()
            body = json.dumps({"query": LARGE}).encode()
            head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            for _ in range(READERS):
                reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=1_000)
                stack.callback(writer.close)
                writer.write(head % len(body) + body)
                await reader.read(10)
            held = server.memory_mib() - before
            await asyncio.sleep(PATIENCE_S)
            left = server.memory_mib() - before
            told = await clients.ask(http, ONE_ROW)
    figure = f"{READERS} answers of 15 MB: {held:.0f} MiB held, {left:.0f} after {PATIENCE_S} s"
    return Finding(figure, broken(given_up=left < max(40.0, held / 2), others_are_served=told.fine))
