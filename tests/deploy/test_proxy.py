"""The proxy's configuration: HAProxy takes it, WebSockets pass, and who is ready gets the requests."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from db.settings import HOUSE
from graph.testing.postgresql import free_port
from tests.deploy.composition import _program
from tests.untried import Untried

pytestmark = pytest.mark.process

CONFIGURATION = (HOUSE / "deploy" / "haproxy" / "haproxy.cfg").read_text(encoding="utf-8")
PATIENCE_S = 60
UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: api\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n"
)

UPGRADED = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
"""The example of https://www.rfc-editor.org/rfc/rfc6455#section-1.3; HAProxy looks whether the key is there."""


@pytest.fixture
def haproxy() -> str:
    """Where HAProxy is."""
    try:
        return _program("haproxy")
    except Untried as missing:
        pytest.skip(str(missing))


def test_haproxy_takes_its_configuration(haproxy: str, tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(CONFIGURATION)
    said = subprocess.run([haproxy, "-c", "-V", "-f", file], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    warnings = [line for line in said.stderr.splitlines() if line.startswith("[WARNING]")]
    assert all("could not resolve address 'trellis-" in line for line in warnings), warnings


class Behind:
    """A server of a test: it tells whether it is ready, and echoes what comes behind an upgrade."""

    def __init__(self) -> None:
        self.is_ready = True
        self.heads: list[bytes] = []
        self.address = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET /readyz"):
                status = b"200 OK" if self.is_ready else b"503 Service Unavailable"
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            else:
                self.heads.append(head)
                writer.write(UPGRADED)
                while came := await reader.read(100):
                    writer.write(came)
        writer.close()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen as long as the block lasts."""
        server = await asyncio.start_server(self.answer, "127.0.0.1")
        self.address = "127.0.0.1:{1}".format(*server.sockets[0].getsockname())
        try:
            yield
        finally:
            server.close()


@asynccontextmanager
async def proxied(haproxy: str, folder: Path, a: Behind, b: Behind) -> AsyncIterator[int]:
    """The proxy before two servers; gives its port."""
    port, other = free_port(), free_port()
    text = CONFIGURATION.replace("bind *:8080", f"bind 127.0.0.1:{port}").replace("[::]:8080", f"[::1]:{other}")
    text = text.replace("trellis-a:8000", a.address).replace("trellis-b:8000", b.address)
    file = folder / "haproxy.cfg"
    file.write_text(text)
    process = await asyncio.create_subprocess_exec(haproxy, "-W", "-db", "-f", file)
    try:
        yield port
    finally:
        process.terminate()
        await process.wait()


async def open_to(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the proxy, once it listens."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(ConnectionRefusedError):
                return await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.05)


async def test_a_websocket_passes_with_the_address_of_its_client(haproxy: str, tmp_path: Path) -> None:
    a, b = Behind(), Behind()
    async with a.listening(), b.listening(), proxied(haproxy, tmp_path, a, b) as port:
        reader, writer = await open_to(port)
        writer.write(UPGRADE)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        for word in (b"one", b"two"):
            writer.write(word)
            assert await reader.readexactly(3) == word
        writer.close()
    (head,) = a.heads + b.heads
    assert re.findall(rb"(?im)^(x-forwarded-\w+|forwarded): (.*)\r$", head) == [
        (b"x-forwarded-for", b"127.0.0.1"),
        (b"x-forwarded-proto", b"http"),
    ]


async def test_who_is_not_ready_gets_nothing_unless_nobody_is(haproxy: str, tmp_path: Path) -> None:
    a, b = Behind(), Behind()
    async with a.listening(), b.listening(), proxied(haproxy, tmp_path, a, b) as port:

        async def ask() -> None:
            reader, writer = await open_to(port)
            writer.write(UPGRADE)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
            writer.close()

        a.is_ready = False
        asked = 0
        async with asyncio.timeout(PATIENCE_S):
            while asked < 10:  # in a row that the other one got
                before = len(a.heads)
                await ask()
                asked = asked + 1 if len(a.heads) == before else 0
                await asyncio.sleep(0.1)
        b.is_ready = False
        a.heads.clear()
        async with asyncio.timeout(PATIENCE_S):
            while not a.heads:
                await ask()
                await asyncio.sleep(0.1)
