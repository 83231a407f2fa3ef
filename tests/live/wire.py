"""A client of WebSockets that sends what the test wants, right or wrong, and takes nothing that is no message."""

import asyncio
import json
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

from graph.live.messages import SUBPROTOCOL

PATIENCE_S = 30
READ_BYTES = 65_536


class Closed(NamedTuple):
    """How a server has closed."""

    code: int
    reason: str


class Refused(Exception):
    """The handshake was refused."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body
        super().__init__(f"{status}: {body!r}")

    @property
    def code(self) -> str:
        """The code of the one error that is told."""
        (error,) = json.loads(self.body)["errors"]
        return str(error["extensions"]["code"])


class SocketClient:
    """One WebSocket, from the client's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.subprotocol: str | None = None
        self._reader = reader
        self._connection = WSConnection(ConnectionType.CLIENT)
        self._events: list[Event] = []
        self._text = ""
        self.closed_with: Closed | None = None

    @classmethod
    async def open(cls, origin: str, /, *subprotocols: str, **headers: str) -> Self:
        """Shake hands; `graphql-transport-ws` is offered unless others are named. Raises `Refused`."""
        place = urlsplit(origin)
        assert place.hostname is not None
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        client = cls(reader, writer)
        offered = list(subprotocols or (SUBPROTOCOL,))
        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        request = Request(
            host=place.netloc, target="/graphql", subprotocols=offered if offered != [""] else [], extra_headers=named
        )
        client._send(request)
        accepted = await client._event()
        if isinstance(accepted, RejectConnection):
            body = await client._rest_of_refusal()
            client.leave()
            raise Refused(accepted.status_code, body)
        assert isinstance(accepted, AcceptConnection), accepted
        client.subprotocol = accepted.subprotocol
        return client

    @classmethod
    async def begun(cls, origin: str, payload: Any = None, /, **headers: str) -> Self:
        """A socket on which operations may begin."""
        client = await cls.open(origin, **headers)
        await client.send(type="connection_init", **({} if payload is None else {"payload": payload}))
        assert await client.next() == {"type": "connection_ack"}
        return client

    async def send(self, **message: Any) -> None:
        """Send a message."""
        await self.send_text(json.dumps(message))

    async def send_text(self, text: str) -> None:
        """Send a text, whatever it is."""
        self._send(TextMessage(data=text))
        await self.drain()

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""
        self._send(BytesMessage(data=data))
        await self.drain()

    async def send_raw(self, data: bytes) -> None:
        """Send bytes past all framing."""
        self.writer.write(data)
        await self.drain()

    async def drain(self) -> None:
        """Let what was sent leave; a server that has closed does not hear it."""
        with suppress(ConnectionError):
            await self.writer.drain()

    async def subscribe(self, id_: str, query: str, **variables: Any) -> None:
        """Begin an operation."""
        await self.send(id=id_, type="subscribe", payload={"query": query, "variables": variables})

    def queue(self, id_: str, query: str) -> None:
        """Begin an operation when others are sent, too."""
        message = {"id": id_, "type": "subscribe", "payload": {"query": query}}
        self._send(TextMessage(data=json.dumps(message)))

    async def complete(self, id_: str) -> None:
        """End an operation."""
        await self.send(id=id_, type="complete")

    async def next(self) -> dict[str, Any]:
        """The next message. The socket must not be closed."""
        while True:
            event = await self._event()
            if isinstance(event, TextMessage):
                self._text += event.data
                if event.message_finished:
                    text, self._text = self._text, ""
                    message: dict[str, Any] = json.loads(text)
                    return message
            elif isinstance(event, CloseConnection):
                raise AssertionError(f"closed with {event.code}: {event.reason}")

    async def payload(self, id_: str) -> Any:
        """The payload of the next message, which is a `next` of this operation."""
        message = await self.next()
        assert (message["type"], message["id"]) == ("next", id_), message
        return message["payload"]

    async def closed(self) -> Closed:
        """How the server closes, after whatever messages; 1006 where it says nothing."""
        while True:
            event = await self._event()
            if isinstance(event, CloseConnection):
                return Closed(int(event.code), event.reason or "")

    async def close(self, code: int = 1000) -> None:
        """Close, as a client does that is done."""
        self._send(CloseConnection(code=code))
        await self.drain()
        await self.closed()
        self.leave()

    def leave(self) -> None:
        """Go without a word."""
        self.writer.transport.abort()

    async def ping(self) -> None:
        """Ask, as the WebSocket protocol has it."""
        self._send(Ping())
        await self.drain()

    def _send(self, event: Event) -> None:
        self.writer.write(self._connection.send(event))

    async def _event(self) -> Event:
        """The next event; a connection that is lost is a close with 1006."""
        while not self._events:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    data = await self._reader.read(READ_BYTES)
            except ConnectionError:
                data = b""
            if not data:
                return CloseConnection(code=1006, reason="")
            self._connection.receive_data(data)
            for event in self._connection.events():
                if isinstance(event, Ping):
                    self._send(event.response())
                else:
                    self._events.append(event)
        return self._events.pop(0)

    async def _rest_of_refusal(self) -> bytes:
        body = b""
        while True:
            event = await self._event()
            if not isinstance(event, RejectData):
                return body
            body += event.data
            if event.body_finished:
                return body

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
