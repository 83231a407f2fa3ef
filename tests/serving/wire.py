"""A server with limits in this event loop, and clients that send bytes as they like."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Self

from starlette.types import ASGIApp, Receive, Scope, Send

from graph.serving.gate import Gate
from graph.serving.limits import Limits
from graph.serving.protocol import LimitedProtocol
from graph.serving.server import LimitedState
from tests.explorer.serving import serving

PATIENCE_S = 20
SWEEP_S = 0.05
"""How often these servers look for connections that are late: ten times as often as others."""


class Raw:
    """A connection whose bytes the test writes itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes; a server that has closed the connection does not hear them."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except ConnectionError:
            pass

    async def rest(self) -> bytes:
        """Everything until the server ends the connection."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self.reader.read(-1)
        except ConnectionError:
            return b""

    async def answer(self) -> "Answer":
        """One answer, of a length that it tells."""
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            answer = Answer.parse(head)
            body = await self.reader.readexactly(int(answer.headers["content-length"]))
        return answer._replace(body=body)

    def close(self) -> None:
        self.writer.close()


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes = b""

    @classmethod
    def parse(cls, head: bytes) -> Self:
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        return cls(int(first.split()[1]), dict(line.split(": ", 1) for line in lines))

    @property
    def message(self) -> str:
        """The sentence of an error in GraphQL's form."""
        return str(json.loads(self.body)["errors"][0]["message"])


class Served:
    """A server, by its port."""

    def __init__(self, port: int, gate: Gate) -> None:
        self.port = port
        self.gate = gate
        self._connections: list[Raw] = []

    async def connect(self) -> Raw:
        """A connection; it is closed when the server stops."""
        raw = Raw(*await asyncio.open_connection("127.0.0.1", self.port))
        self._connections.append(raw)
        return raw

    async def close(self) -> None:
        """Leave, all at once."""
        for raw in self._connections:
            raw.writer.transport.abort()
        await asyncio.gather(*(raw.writer.wait_closed() for raw in self._connections), return_exceptions=True)

    async def asks(self, data: bytes) -> Answer:
        """The answer to bytes on a connection of their own, whose end comes with it or is ours."""
        raw = await self.connect()
        await raw.send(data)
        return await raw.answer()


@asynccontextmanager
async def limited(app: ASGIApp, **limits: Any) -> AsyncIterator[Served]:
    """Serve an application within limits; those not named are the settings'."""
    gate = Gate(Limits(**limits), SWEEP_S)
    async with serving(app, http=LimitedProtocol, state=LimitedState(gate)) as origin:
        server = Served(int(origin.rpartition(":")[2]), gate)
        try:
            yield server
        finally:
            await server.close()


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers with the body, whose answer is as long as the path says: `/1000`."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message.get("body", b""), message.get("more_body", False)
    size = int(scope["path"].strip("/") or 0)
    body = body or b"x" * size
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]}
    )
    await send({"type": "http.response.body", "body": body})


GET = b"GET /3 HTTP/1.1\r\nHost: x\r\n\r\n"
