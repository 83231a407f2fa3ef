"""Bodies that no client of ours sends: each gets a clear refusal, and the server goes on."""

import asyncio
import json
from urllib.parse import urlsplit

import pytest

from tests.http.client import Client

MAX_BODY_BYTES = 256 * 1024
OPENING = b'{"query": "{ __typename }", "variables": {"x": '

REFUSED = {
    "nothing": b"",
    "null": b"null",
    "text": b'"x"',
    "a number": b"1",
    "a list": b"[]",
    "invalid UTF-8": b'{"query": "\xff\xfe { __typename }"}',
    "UTF-16": '{"query": "{ __typename }"}'.encode("utf-16"),
    "a surrogate in UTF-8": b'{"query": "{ __typename # \xed\xa0\x80 }"}',
    "half of a surrogate pair": rb'{"query": "{ __typename # \ud83d }"}',
    "half of a surrogate pair in variables": OPENING + rb'"\udc4b"}}',
    "half of a surrogate pair in a name": rb'{"query": "{ __typename }", "variables": {"\ud800": 1}}',
    "lists 5,000 deep": b"[" * 5_000 + b"]" * 5_000,
    "variables 5,000 deep": OPENING + b"[" * 5_000 + b"]" * 5_000 + b"}}",
    "objects 5,000 deep": OPENING + b'{"x":' * 5_000 + b"1" + b"}" * 5_000 + b"}}",
    "a number of 5,000 digits": OPENING + b"9" * 5_000 + b"}}",
    "a number beyond all": OPENING + b"1e400}}",
    "NaN": OPENING + b"NaN}}",
    "Infinity": OPENING + b"-Infinity}}",
    "a bare control character": b'{"query": "{ __typename \x00 }"}',
    "half of an object": b'{"query": "{ __typename }"',
    "two objects": b'{"query": "{ __typename }"}{}',
    "an empty query": b'{"query": ""}',
    "a query that is null": b'{"query": null}',
    "variables that are text": b'{"query": "{ __typename }", "variables": "{}"}',
    "extensions that are a list": b'{"query": "{ __typename }", "extensions": []}',
    "an operation's name that is a number": b'{"query": "{ __typename }", "operationName": 1}',
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
async def test_a_body_that_is_no_request_gets_400(bare: Client, body: bytes) -> None:
    answer = await bare.post(body)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert "data" not in answer.body


ODD = {
    "a byte order mark": b'\xef\xbb\xbf{"query": "{ __typename }"}',
    "a byte order mark in the document": b'{"query": "\\ufeff{ __typename }"}',
    "keys twice": b'{"query": "{ nonsense }", "variables": {"x": 1, "x": 2}, "query": "{ __typename }"}',
    "U+0000 in a variable that nobody uses": OPENING + rb'"\u0000"}}',
    "a whole surrogate pair": rb'{"query": "{ __typename # \ud83d\udc4b\n}"}',
    "a big number in a variable that nobody uses": OPENING + b"9" * 300 + b"}}",
    "unknown variables": b'{"query": "{ __typename }", "variables": {"__proto__": {}, "": 1}}',
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
async def test_an_odd_body_that_is_json_is_answered(bare: Client, body: bytes) -> None:
    assert (await bare.post(body)).data == {"__typename": "Query"}


DOCUMENTS = {
    "half of a surrogate pair": r'{ genre(name: "\uD800") { name } }',
    "a surrogate in braces": r'{ genre(name: "\u{D800}") { name } }',
    "a character beyond Unicode": r'{ genre(name: "\u{110000}") { name } }',
    "U+0000": "{ __typename \x00 }",
    "only a comment": "# { __typename }",
    "only white space": " \n\t",
    "190 levels": "{ a " * 190 + "}" * 190,
    "300 levels": "{ a " * 300 + "}" * 300,
    "3,000 levels": "{ a " * 3_000 + "}" * 3_000,
    "50,000 levels": "{a" * 50_000,
    "a list 3,000 deep": "{ readings(where: {payload: {contains: " + "[" * 3_000 + "]" * 3_000 + "}}) { totalCount } }",
    "a name of 200,000 letters": "{ " + "a" * 200_000 + " }",
    "60,000 comments": "#\n" * 60_000 + "{ __typename }",
    "more tokens than allowed": "{" + " a" * 10_000 + "}",
    "an Int of 5,000 digits": "{ albums(first: " + "9" * 5_000 + ") { totalCount } }",
    "a schema": "type Query { x: Int }",
    "only a fragment": "fragment F on Query { __typename }",
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
async def test_a_document_that_cannot_be_run_gets_400(bare: Client, document: str) -> None:
    answer = await bare.ask(document)
    assert answer.status == 400
    assert set(answer.codes) <= {"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "OPERATION_NOT_FOUND"}


async def test_a_document_nested_100_000_deep_is_too_long(bare: Client) -> None:
    answer = await bare.ask("{ a " * 100_000 + "}" * 100_000)
    assert (answer.status, answer.messages) == (413, ["The body may have 262144 bytes; send a shorter document."])


async def test_a_compressed_body_gets_415(bare: Client) -> None:
    for encoding in ("gzip", "br", "deflate, gzip"):
        answer = await bare.post(b"\x1f\x8b", content_encoding=encoding)
        assert (answer.status, answer.messages) == (415, ["Send the request without compression."])
    assert (await bare.post(b'{"query": "{ __typename }"}', content_encoding="Identity")).status == 200


async def test_wrong_json_in_the_address_gets_400(bare: Client) -> None:
    for parameters in ({"variables": "{"}, {"variables": "[]"}, {"extensions": "1"}, {"variables": "\ud83d"}):
        text = {name: value.encode("utf-8", "surrogatepass") for name, value in parameters.items()}
        response = await bare.http.get("/graphql", params={"query": "{ __typename }", **text})
        assert response.status_code == 400
    assert (await bare.get({"query": ""})).status == 400


async def test_the_largest_body_is_read_and_one_byte_more_is_not(bare: Client) -> None:
    body = json.dumps({"query": "{ __typename }", "x": ""}).encode()
    for length, status in ((MAX_BODY_BYTES, 200), (MAX_BODY_BYTES + 1, 413)):
        padded = body[:-2] + b"x" * (length - len(body)) + body[-2:]
        assert len(padded) == length
        assert (await bare.post(padded)).status == status


async def sent(client: Client, *parts: bytes) -> bytes:
    """Send raw bytes and return the first line of what comes back, while our end stays open."""
    address = urlsplit(client.origin)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        writer.write(head + b"".join(parts))
        return (await asyncio.wait_for(reader.readline(), 30)).strip()
    finally:
        writer.close()


async def test_a_huge_body_is_refused_when_it_is_announced(bare: Client) -> None:
    assert await sent(bare, b"Content-Length: 10000000000\r\n\r\n") == b"HTTP/1.1 413 Request Entity Too Large"


async def test_a_huge_body_in_chunks_is_refused_before_its_end(bare: Client) -> None:
    # 17 chunks of 16 KiB are 16 KiB too many. The last chunk, which ends the body, is never sent.
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    line = await sent(bare, b"Transfer-Encoding: chunked\r\n\r\n", chunk * 17)
    assert line == b"HTTP/1.1 413 Request Entity Too Large"


@pytest.mark.parametrize(
    "length", [b"-1", b"1e3", b"9" * 5_000, "٣".encode()], ids=["negative", "1e3", "long", "arabic"]
)
async def test_a_length_that_is_no_number_is_refused(bare: Client, length: bytes) -> None:
    status = (await sent(bare, b"Content-Length: " + length + b"\r\n\r\n")).split()[1]
    assert status in (b"400", b"413")


async def test_a_client_that_leaves_in_the_middle_of_its_body_harms_nobody(bare: Client) -> None:
    address = urlsplit(bare.origin)
    for _ in range(20):
        _, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    assert (await bare.ask("{ __typename }")).data == {"__typename": "Query"}
