"""Attacks on the transport: a server as a process, and clients that speak HTTP as no client should.

Those that take time, because they wait for the server to lose its patience, are a trial of `make promises`
(`tests/promises/trials/transport.py`).
"""

import asyncio
import json
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from graph.settings import KIB, Settings
from tests.attacks import shapes
from tests.attacks.seeds import dice
from tests.databases import Database, SQLiteDatabases
from tests.identity.signing import SIGN_IN
from tests.promises.process import ServerProcess
from tests.promises.trials.stage import admin_headers

pytestmark = pytest.mark.process

HEAD_CPU_S = 0.5
"""What a request may take, however long its head."""
WAIT_S = 60


@pytest.fixture(scope="module")
def own_database(_sqlite: SQLiteDatabases, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """The database of the server."""
    return _sqlite.migrated(tmp_path_factory.mktemp("wire"))


@pytest.fixture(scope="module")
def server(own_database: Database) -> Iterator[ServerProcess]:
    """A server for all of these tests. Its sign-in is limited to three attempts of one network address."""
    server = ServerProcess(own_database.url, sign_in_limit_per_address="3/minute")
    asyncio.run(server.start())
    yield server
    server.kill()


async def raw(server: ServerProcess, *parts: bytes) -> bytes:
    """Send bytes, as long as they are taken; the first line of the answer, or nothing if the connection is closed."""
    address = urlsplit(server.origin)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    with suppress(ConnectionError):
        for part in parts:
            writer.write(part)
            await writer.drain()
    line = b""
    with suppress(ConnectionError, TimeoutError):
        line = await asyncio.wait_for(reader.readline(), WAIT_S)
    writer.close()
    return line


def one_long_header(chance: random.Random) -> list[bytes]:
    return [b"X-Long: ", *[b"x" * 256 * KIB] * chance.randint(120, 160), b"\r\n"]


def many_headers(chance: random.Random) -> list[bytes]:
    return [b"".join(b"X-%d: %s\r\n" % (n, b"y" * 50) for n in range(20_000))] * chance.randint(10, 15)


HEADS = {"a header of 40 MB": one_long_header, "hundreds of thousands of headers": many_headers}


@pytest.mark.parametrize("name", HEADS)
async def test_a_long_head_is_refused_before_it_is_read(server: ServerProcess, name: str) -> None:
    before = server.cpu_s()
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\n"
    sending = asyncio.create_task(raw(server, head, *HEADS[name](dice(name)), b"Content-Length: 2\r\n\r\n{}"))
    started = time.monotonic()
    async with httpx.AsyncClient(base_url=server.origin, timeout=WAIT_S, verify=False) as http:
        assert (await http.get("/healthz")).status_code == 200
    line = await sending
    assert line == b"" or line.split()[1] in (b"400", b"431"), line
    took = server.cpu_s() - before
    assert took < HEAD_CPU_S, f"{took:.1f} s of processor time, {time.monotonic() - started:.1f} s in all"


async def test_of_two_credentials_none_is_believed(server: ServerProcess, own_database: Database) -> None:
    key = (await admin_headers(Settings(database_url=SecretStr(own_database.url))))["Authorization"].encode()
    asked = shapes.body("{ roles { totalCount } }")
    headers = b"Authorization: Bearer x\r\nAuthorization: " + key + b"\r\n"
    length = b"Content-Length: %d\r\n" % len(asked)
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + length
    assert (await raw(server, head, headers, b"\r\n", asked)).split()[1] == b"400"


SMUGGLED = {
    "two lengths": b"Content-Length: 2\r\nContent-Length: 30\r\n",
    "a length and chunks": b"Content-Length: 30\r\nTransfer-Encoding: chunked\r\n",
    "a length with a sign": b"Content-Length: +2\r\n",
}
OTHER_ADDRESSES = {f"another address by {header}": header for header in ("X-Forwarded-For", "Forwarded")}


@pytest.mark.parametrize("name", SMUGGLED)
async def test_a_request_of_doubtful_length_is_refused(server: ServerProcess, name: str) -> None:
    line = await raw(server, b"POST /graphql HTTP/1.1\r\nHost: x\r\n", SMUGGLED[name], b"\r\n{}")
    assert line == b"" or line.split()[1] == b"400", line


@pytest.mark.parametrize("name", OTHER_ADDRESSES)
async def test_nobody_takes_another_address_by_a_header(server: ServerProcess, name: str) -> None:
    header = OTHER_ADDRESSES[name]
    codes: set[str] = set()
    async with httpx.AsyncClient(base_url=server.origin, timeout=WAIT_S, verify=False) as http:
        for number in range(6):
            address = f"198.51.100.{number}"
            given = {"email": f"{shapes.word(dice(name, number))}@example.org", "password": "a wrong password"}
            answer = await http.post(
                "/graphql",
                content=json.dumps({"query": SIGN_IN, "variables": {"input": given}}),
                headers={"Content-Type": "application/json", header: address if header[0] == "X" else f"for={address}"},
            )
            body = answer.json()
            told = [*body.get("errors", ()), *((body.get("data") or {}).get("signIn") or {}).get("errors", ())]
            codes |= {error.get("code") or error["extensions"]["code"] for error in told}
    assert "RATE_LIMITED" in codes, codes
