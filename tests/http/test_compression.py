"""Answers that are compressed: for whom, in what, from which size, and with which headers."""

import json

import httpx
import pytest

from graph.http.compression import CODINGS, OFF_LOOP_FROM_BYTES, coding_for, compressed
from graph.http.requests import JSON
from tests.http.client import DECOMPRESS, Client
from tests.http.conftest import Serve

SCHEMA = "{ __schema { types { name description fields { name description } } } }"
"""Its answer has some hundred KiB, and needs no database."""


async def sent(client: Client, query: str, accept_encoding: str, method: str = "POST") -> tuple[httpx.Response, bytes]:
    """The response, and its bytes as they were sent."""
    headers = {"Accept-Encoding": accept_encoding, "Content-Type": JSON}
    content = None if method != "POST" else json.dumps({"query": query}).encode()
    parameters = None if method == "POST" else {"query": query}
    async with client.http.stream(method, "/graphql", content=content, params=parameters, headers=headers) as response:
        return response, b"".join([part async for part in response.aiter_raw()])


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "gzip"),
        ("GZIP", "gzip"),
        ("zstd;q=0.5, gzip;q=0.9", "gzip"),
        ("zstd;q=0, gzip;q=0.1", "gzip"),
        ("*", "zstd"),
        ("*;q=0.1, zstd;q=0", "gzip"),
        ("gzip;q=0.5, identity;q=1", None),
        ("gzip;q=0.5, identity;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000, *;q=0", None),
        ("br, deflate", None),
        ("identity", None),
        ("", None),
        (",;q=1,", None),
    ],
)
def test_the_coding_is_the_one_that_the_client_likes_best(accepted: str, coding: str | None) -> None:
    assert coding_for(accepted) == coding


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("accepted", "coding"), [("gzip, deflate", "gzip"), ("zstd, gzip", "zstd"), ("", None)])
async def test_a_long_answer_is_compressed_for_who_takes_that(
    bare: Client, accepted: str, coding: str | None, method: str
) -> None:
    response, body = await sent(bare, SCHEMA, accepted, method)
    plain = DECOMPRESS[coding](body)
    assert len(json.loads(plain)["data"]["__schema"]["types"]) > 100
    assert response.headers.get("content-encoding") == coding
    assert int(response.headers["content-length"]) == len(body)
    assert response.headers["vary"] == "Accept, Accept-Encoding"
    assert coding is None or len(body) < len(plain) / 4


async def test_a_short_answer_is_sent_as_it_is(serve: Serve, no_database: str) -> None:
    answer = '{"data":{"__typename":"Query"}}'
    for size, coding in ((len(answer), "gzip"), (len(answer) + 1, None), (0, None)):
        client = await serve(no_database, compress_from_bytes=size)
        response, body = await sent(client, "{ __typename }", "gzip")
        assert response.headers.get("content-encoding") == coding
        assert response.headers["vary"] == "Accept, Accept-Encoding"
        assert DECOMPRESS[coding](body).decode() == answer


async def test_head_tells_the_length_that_get_would_have(bare: Client) -> None:
    head, body = await sent(bare, SCHEMA, "gzip", "HEAD")
    got, _ = await sent(bare, SCHEMA, "gzip", "GET")
    assert body == b""
    for name in ("content-length", "content-encoding", "content-type", "vary"):
        assert head.headers[name] == got.headers[name]


async def test_a_long_answer_of_errors_is_compressed_too(bare: Client) -> None:
    query = "{" + " ".join("field" * 30 + str(number) for number in range(100)) + "}"
    response, body = await sent(bare, query, "zstd")
    assert response.headers["content-encoding"] == "zstd"
    assert len(json.loads(DECOMPRESS["zstd"](body))["errors"]) == 20


@pytest.mark.parametrize("coding", list(CODINGS))
@pytest.mark.parametrize("size", [0, 1, 5_000, OFF_LOOP_FROM_BYTES + 1])
async def test_what_is_compressed_is_what_comes_out(coding: str, size: int) -> None:
    body = bytes(number % 251 for number in range(size))
    assert DECOMPRESS[coding](await compressed(body, coding)) == body
    assert DECOMPRESS[coding](CODINGS[coding].thorough(body)) == body
