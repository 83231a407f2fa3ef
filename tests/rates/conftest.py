"""A server of the market, a database that holds it, and a Redis."""

import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.http.conftest import _bare_origin, bare, dialect, filled, no_database, samples, serve

__all__ = ["_bare_origin", "bare", "dialect", "filled", "no_database", "samples", "serve"]

SERVER = shutil.which("redis-server")
START_S = 10


@pytest.fixture(scope="session")
def _redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if SERVER is None:
        pytest.skip("no Redis found: apt-get install redis-server")
    socket = tmp_path_factory.mktemp("redis") / "redis.sock"
    command = [SERVER, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(socket.parent)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        end = time.monotonic() + START_S
        while not socket.exists() and time.monotonic() < end:
            time.sleep(0.01)
        yield socket
        server.terminate()


@pytest.fixture
async def redis_url(_redis_server: Path) -> AsyncIterator[str]:
    """The URL of a Redis that is empty."""
    url = f"unix://{_redis_server}"
    yield url
    async with Redis.from_url(url) as redis:
        await redis.flushall()
