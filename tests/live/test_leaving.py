"""Nothing is written to a client that has left, however it leaves, and however much was to be told."""

import asyncio
import json
import logging
import socket
import struct
from urllib.parse import urlsplit

import pytest

from tests.live.conftest import ServeStation
from tests.live.wire import SocketClient

EVENTS = 200
LEAVERS = 3
QUERY = "subscription { news { number } }"
RESET = struct.pack("ii", 1, 0)
"""For SO_LINGER: whoever closes sends RST at once, as the kernel of a program that was killed does."""


async def _over_a_socket(origin: str) -> asyncio.StreamWriter:
    client = await SocketClient.begun(origin)
    await client.subscribe("a", QUERY)
    return client.writer


async def _as_events(origin: str) -> asyncio.StreamWriter:
    place, body = urlsplit(origin), json.dumps({"query": QUERY}).encode()
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    head = f"POST /graphql HTTP/1.1\r\nhost: {place.netloc}\r\naccept: text/event-stream\r\n"
    writer.write(f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    await reader.readuntil(b"\r\n\r\n")
    return writer


@pytest.mark.parametrize("begin", [_over_a_socket, _as_events])
async def test_nothing_is_written_to_who_has_left(
    begin: object, serve_station: ServeStation, no_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert callable(begin)
    heard = await serve_station(no_database, max_socket_events=10**6, max_socket_bytes=2**24)
    with caplog.at_level(logging.WARNING, "asyncio"):
        for _ in range(LEAVERS):
            writer = await begin(heard.origin)
            await heard.until(lambda: bool(heard.station.radio.listening))
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
            await asyncio.sleep(0)  # this closes; the server has not been told by its loop when there is news
            for number in range(EVENTS):
                heard.station.radio.publish(number)
            await heard.until(lambda: not heard.live.sockets.open)
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []
