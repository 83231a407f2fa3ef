"""The head of an answer goes out with its body, and never waits for one that does not come."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from graph.serving.joined import SMALL, JoinedAnswers
from tests.serving.wire import Raw, limited

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


class Written:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def close(self) -> None:
        self.pieces.append(b"closed")


@pytest.mark.parametrize(
    ("written", "pieces"),
    [
        ([HEAD, b"whole"], [HEAD + b"whole"]),
        ([HEAD, b"wh", b"ole"], [HEAD + b"wh", b"ole"]),
        ([HEAD, b""], [HEAD]),
        ([HEAD, b"x" * (SMALL + 1)], [HEAD, b"x" * (SMALL + 1)]),
        ([STREAM, b"3\r\nabc\r\n"], [STREAM, b"3\r\nabc\r\n"]),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", HEAD, b"whole"], [b"HTTP/1.1 100 Continue\r\n\r\n", HEAD + b"whole"]),
        ([HEAD, b"whole", HEAD, b"other"], [HEAD + b"whole", HEAD + b"other"]),
    ],
    ids=["whole", "in parts", "nothing", "large", "stream", "continue", "two"],
)
def test_a_head_waits_for_a_body_of_known_length_alone(written: list[bytes], pieces: list[bytes]) -> None:
    transport = Written()
    answers = JoinedAnswers(cast(asyncio.Transport, transport))
    for data in written:
        answers.write(data)
    assert transport.pieces == pieces


def test_a_head_without_a_body_is_written_at_the_end_and_before_the_connection_closes() -> None:
    transport = Written()
    answers = JoinedAnswers(cast(asyncio.Transport, transport))
    answers.write(HEAD)
    answers.flush()
    answers.flush()
    answers.write(HEAD)
    answers.close()
    assert transport.pieces == [HEAD, HEAD, b"closed"]


async def test_heads_and_streams_come_before_anything_else_does() -> None:
    go_on = asyncio.Event()

    async def parts(_request: Request) -> Response:
        async def slowly() -> AsyncIterator[bytes]:
            yield b"a"
            await go_on.wait()
            yield b"b"

        return StreamingResponse(slowly())

    async def short(_request: Request) -> Response:
        return PlainTextResponse("whole")

    app = Starlette(routes=[Route("/parts", parts), Route("/short", short)])
    async with limited(app) as server:
        raw: Raw = await server.connect()
        await raw.send(b"HEAD /short HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        async with asyncio.timeout(10):
            for _ in range(2):
                assert b"content-length: 5" in await raw.reader.readuntil(b"\r\n\r\n")
        await raw.send(b"GET /short HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await raw.answer()).body == b"whole"
        await raw.send(b"GET /parts HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(10):
            assert b"chunked" in await raw.reader.readuntil(b"\r\n\r\n")
            assert await raw.reader.readuntil(b"a\r\n") == b"1\r\na\r\n"
            go_on.set()
            assert await raw.reader.readuntil(b"0\r\n\r\n") == b"1\r\nb\r\n0\r\n\r\n"
