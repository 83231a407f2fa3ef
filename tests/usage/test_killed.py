"""A server that is killed: what it had written stays, and what it loses was counted since."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import func, select

from db.session.engines import Engines
from graph.usage.writing import COUNTS, RUNS
from tests.cli.running import PATIENCE_S, environment
from tests.databases import Database
from tests.http.client import Client
from tests.usage.shop import TOYS

pytestmark = pytest.mark.process


@contextmanager
def process(database: Database) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own, and its origin."""
    command = [sys.executable, "-m", "uvicorn", "tests.usage.shop:app", "--factory", "--port", "0", "--no-access-log"]
    variables = environment(TRELLIS_DATABASE_URL=database.url, TRELLIS_USAGE_INTERVAL_S="0.5")
    server = subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    try:
        origins = (re.search(r"running on (http://\S+)", line) for line in server.stderr)
        yield server, next(found[1] for found in origins if found)
    finally:
        server.kill()
        server.communicate()


async def answering(client: Client) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                assert (await client.ask(TOYS)).data
                return
            except httpx.ConnectError:
                await asyncio.sleep(0.05)


async def number(engines: Engines) -> int:
    async with engines.primary.connect() as connection:
        return int(await connection.scalar(select(func.coalesce(func.sum(RUNS.c.runs), 0))) or 0)


async def test_a_killed_server_loses_what_it_counted_since_its_last_write(database: Database, engines: Engines) -> None:
    with process(database) as (server, origin):
        async with Client(origin) as client:
            await answering(client)
            async with asyncio.timeout(PATIENCE_S):
                while await number(engines) < 1:
                    await client.http.get("/healthz")
            asked = 0
            while await number(engines) < 21:  # a write that has some of these
                assert (await client.post(json.dumps({"query": TOYS}).encode())).data
                asked += 1
            server.kill()
            server.wait()
    written = await number(engines)
    assert 21 <= written <= asked + 1
    async with engines.primary.connect() as connection:
        assert set(await connection.scalars(select(COUNTS.c.uses))) == {written}
