"""With several workers, any of them tells the sum of all, also when one is killed."""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest

from tests.cli.running import PATIENCE_S
from tests.databases import Database
from tests.serving.test_draining import log_until, started

ASKED = {"query": "{ tags { totalCount } }"}
Figures: TypeAlias = Mapping[str, float]


@asynccontextmanager
async def each_worker(address: str, number: int) -> AsyncIterator[Mapping[int, httpx.AsyncClient]]:
    """A client of each worker, by its process: a connection that is kept stays with one of them."""
    async with AsyncExitStack() as stack:
        clients: dict[int, httpx.AsyncClient] = {}
        end = time.monotonic() + PATIENCE_S
        while len(clients) < number:
            assert time.monotonic() < end
            limits = httpx.Limits(max_connections=1)
            client = await stack.enter_async_context(
                httpx.AsyncClient(base_url=address, limits=limits, timeout=PATIENCE_S, verify=False)
            )
            clients.setdefault((await client.get("/livez?verbose")).json()["process"], client)
        yield clients


async def figures(client: httpx.AsyncClient) -> Figures:
    """What a worker tells, by series."""
    lines = (await client.get("/metrics")).text.splitlines()
    return {name: float(value) for name, value in (re.split(r" (?=\S+$)", line) for line in lines if line[0] != "#")}


def wait_until_ended(pid: int) -> None:
    """Wait for a process that was killed: the system takes its locks back when the last of its threads has ended."""
    end = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end
        time.sleep(0.02)


OPERATIONS = 'trellis_operations_total{operation="",outcome="OK",type="query"}'
TOOK = 'trellis_operation_duration_seconds_count{operation="",type="query"}'
SERVING = 'trellis_workers{state="serving"}'
POOL = 'trellis_pool_max_connections{pool="primary"}'


@pytest.mark.process
@pytest.mark.sqlite
async def test_any_worker_tells_the_sum_of_all_also_of_one_that_was_killed(database: Database) -> None:
    with started(database, 2) as (process, address):
        async with each_worker(address, 2) as clients:
            before = (await figures(next(iter(clients.values()))))[OPERATIONS]  # who waited for the server asked
            for number, client in enumerate(clients.values(), 3):
                for _ in range(number):
                    assert (await client.post("/graphql", json=ASKED)).status_code == 200
            asked = before + 3 + 4
            await asyncio.sleep(1.2)  # what is gathered once a second
            for client in clients.values():
                found = await figures(client)
                assert (found[OPERATIONS], found[TOOK], found[SERVING]) == (asked, asked, 2)
                assert found["trellis_worker_starts_total"] == 2
                pool_of_two = found[POOL]

            killed, survivor = clients
            os.kill(killed, signal.SIGKILL)
            wait_until_ended(killed)
            found = await figures(clients[survivor])
            assert (found[OPERATIONS], found[TOOK], found[SERVING]) == (asked, asked, 1)
            assert found[POOL] == pool_of_two / 2
            assert found["process_resident_memory_bytes"] > 0

        log_until(process, "startup complete")
        async with each_worker(address, 2) as clients:
            heir = next(client for number, client in clients.items() if number != survivor)
            assert (await heir.post("/graphql", json=ASKED)).status_code == 200
            await asyncio.sleep(1.2)
            for client in clients.values():
                found = await figures(client)
                assert (found[OPERATIONS], found[SERVING], found[POOL]) == (asked + 1, 2, pool_of_two)
                assert found["trellis_worker_starts_total"] == 3
