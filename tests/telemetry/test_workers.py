"""With several workers, any of them tells the sum of all, also when one is killed."""

import asyncio
import json
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

from graph.telemetry.sums import MAX_NAMES, OTHER
from tests.cli.running import PATIENCE_S, trellis
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
            limits = httpx.Limits(max_connections=1, keepalive_expiry=None)  # also where a machine is slow
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


REGISTERED = 500
MADE_UP = 2_000
AT_ONCE = 200


@pytest.mark.process
@pytest.mark.sqlite
async def test_names_that_clients_make_up_and_many_registered_ones_are_few_series_of_all_workers(
    database: Database, tmp_path: Path
) -> None:
    texts = [f"query N{number} {{ __typename }}" for number in range(REGISTERED)]
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({f"n{number}": text for number, text in enumerate(texts)}))
    trellis("documents", "register", manifest, "--app", "web", "--version", "1", TRELLIS_DATABASE_URL=database.url)
    made_up = [{"query": f"query Made{number} {{ __typename }}"} for number in range(MADE_UP)]
    with started(database, 2, TRELLIS_DOCUMENTS="accept", TRELLIS_MAX_BATCH=str(AT_ONCE)) as (_, address):
        async with each_worker(address, 2) as clients:
            # One worker meets the registered documents in one order, the other one in the other order.
            for client, mine in zip(clients.values(), (texts, texts[::-1]), strict=True):
                batches = [
                    [{"query": text} for text in mine[first:][:AT_ONCE]] for first in range(0, len(mine), AT_ONCE)
                ]
                batches += [made_up[first:][:AT_ONCE] for first in range(0, MADE_UP, AT_ONCE)]
                for batch in batches:
                    answer = await client.post("/graphql", json=batch)
                    assert [each["data"] for each in answer.json()] == [{"__typename": "Query"}] * len(batch)
            found = await figures(next(iter(clients.values())))
    ended = {name: number for name, number in found.items() if name.startswith("trellis_operations_total{")}
    names = {re.findall(r'operation="(\w*)"', name)[0] for name in ended}
    assert not {name for name in names if name.startswith("Made")}
    # Each worker tells 200 apart, and the others together: the first ones, and the last ones.
    told = [*range(MAX_NAMES), *range(REGISTERED - MAX_NAMES, REGISTERED)]
    assert names == {"", OTHER, *(f"N{number}" for number in told)}
    others = ended['trellis_operations_total{operation="other",outcome="OK",type="query"}']
    assert others == 2 * (REGISTERED - MAX_NAMES)
