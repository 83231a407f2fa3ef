"""A server that is told to stop loses no request, whichever way it is told, with one process and with several."""

import asyncio
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from sqlalchemy import make_url

from graph.settings import Settings
from tests.cli.running import PATIENCE_S, serving
from tests.databases import Database
from tests.serving.wire import Raw
from tests.serving.workers import children_of, is_running

pytestmark = pytest.mark.process

ASKED = {"query": "{ tags { nodes { name } } }"}
SIGN_UP = {
    "query": 'mutation { signUp(input: {email: "a@example.org", name: "A", password: "long enough for this"})'
    " { viewer { name } errors { __typename } } }"
}
CLIENTS = 8


@contextmanager
def started(database: Database, workers: int = 1, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server whose processes all serve."""
    arguments = ("--workers", str(workers)) if workers > 1 else ()
    with serving(database.url, *arguments, **variables) as (process, address):
        for _ in range(workers if workers > 1 else 0):  # one process says so before it tells its address
            log_until(process, "startup complete")
        while not _answers(address):  # it says that it has started, and listens a moment later
            time.sleep(0.05)
        yield process, address


def log_until(process: subprocess.Popen[str], text: str) -> str:
    """What a server writes until it says this."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if text in line:
            break
    return "".join(lines)


def _answers(address: str) -> bool:
    try:
        return httpx.post(f"{address}/graphql", json=ASKED, timeout=PATIENCE_S).status_code == 200
    except httpx.TransportError:
        return False


def ended(process: subprocess.Popen[str]) -> int:
    """The status with which a server exits; it leaves no traceback."""
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in errors, errors
    return process.returncode


async def ask_on_and_on(address: str, kept: bool, seen: Counter[str]) -> None:
    """Ask until nobody listens any more, on one connection or on a new one each time."""
    limits = httpx.Limits(max_keepalive_connections=1 if kept else 0)
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=PATIENCE_S) as client:
        while True:
            try:
                seen[str((await client.post("/graphql", json=ASKED)).status_code)] += 1
            except httpx.ConnectError:
                seen["refused"] += 1
                return
            except httpx.TransportError as error:
                seen[repr(error)] += 1
                return


@pytest.mark.sqlite
@pytest.mark.parametrize("workers", [1, 2])
async def test_no_request_is_lost_while_a_server_under_load_drains(database: Database, workers: int) -> None:
    seen: Counter[str] = Counter()
    with started(database, workers) as (process, address):
        asking = [asyncio.create_task(ask_on_and_on(address, n % 2 == 0, seen)) for n in range(CLIENTS)]
        async with asyncio.timeout(PATIENCE_S):
            while seen["200"] <= CLIENTS:  # noqa: ASYNC110 - clients tell nobody
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        await asyncio.gather(*asking)
        assert await asyncio.to_thread(ended, process) == 0
        assert time.monotonic() - begun < Settings.model_fields["grace_s"].default, "nothing was there to wait for"
    assert seen.pop("200") > CLIENTS
    assert seen == {"refused": CLIENTS}


async def lock(database: Database, table: str) -> asyncpg.Connection:
    """A connection that keeps everybody else from a table until it is closed."""
    url = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    await connection.execute(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    return connection


@pytest.mark.postgresql
async def test_balancers_are_told_first_and_work_under_way_is_finished(database: Database) -> None:
    with started(database, TRELLIS_DRAIN_DELAY_S="2") as (process, address):
        async with httpx.AsyncClient(base_url=address, timeout=PATIENCE_S) as client:
            assert (await client.get("/readyz")).status_code == 200
            holder = await lock(database, "tags")
            waiting = asyncio.create_task(client.post("/graphql", json=ASKED))
            await asyncio.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.2)
            ready = await client.get("/readyz")
            other = await client.post("/graphql", json={"query": "{ __typename }"})
            assert (ready.status_code, ready.json()["reasons"][0]["reason"]) == (503, "draining")
            assert (other.status_code, other.headers["connection"]) == (200, "close")
            await asyncio.sleep(2.5)
            with pytest.raises(httpx.ConnectError):
                await client.get("/healthz")
            assert not waiting.done()
            await holder.close()
            answer = await waiting
            assert (answer.status_code, answer.json()["data"]) == (200, {"tags": {"nodes": []}})
            assert await asyncio.to_thread(ended, process) == 0


@pytest.mark.postgresql
async def test_what_does_not_end_within_the_grace_is_undone_and_answered(database: Database) -> None:
    with started(database, TRELLIS_GRACE_S="0.5") as (process, address):
        async with httpx.AsyncClient(base_url=address, timeout=PATIENCE_S) as client:
            holders = [await lock(database, "tags"), await lock(database, "sign_ins")]
            asking = [asyncio.create_task(client.post("/graphql", json=body)) for body in (ASKED, SIGN_UP)]
            silent = Raw(*await asyncio.open_connection(*_place(address)))
            await silent.send(b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
            await asyncio.sleep(0.7)
            process.send_signal(signal.SIGTERM)
            answers = await asyncio.gather(*asking)
            assert [(it.status_code, it.json()["errors"][0]["extensions"]["code"]) for it in answers] == [
                (503, "SHUTTING_DOWN"),
                (503, "SHUTTING_DOWN"),
            ]
            assert all("retry-after" in it.headers and "data" not in it.json() for it in answers)
            assert await asyncio.to_thread(ended, process) == 0
            silent.close()
            users = await holders[0].fetchval("SELECT count(*) FROM users")
            assert users == 0
            for holder in holders:
                await holder.close()


def _place(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    return str(parts.hostname), int(parts.port or 0)


@pytest.mark.postgresql
async def test_a_second_signal_ends_the_server_at_once(database: Database) -> None:
    with started(database) as (process, address):
        holder = await lock(database, "tags")
        async with httpx.AsyncClient(base_url=address, timeout=PATIENCE_S) as client:
            waiting = asyncio.create_task(client.post("/graphql", json=ASKED))
            await asyncio.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.5)
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(ended, process) == -signal.SIGTERM
            with pytest.raises(httpx.TransportError):
                await waiting
        await holder.close()


@pytest.mark.sqlite
def test_workers_are_replaced_and_none_outlives_its_parent(database: Database) -> None:
    with started(database, workers=2) as (process, address):
        for number, status in ((signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)):
            gone = min(children_of(process.pid))
            os.kill(gone, number)
            assert f"Worker {gone} has ended ({status}) and is replaced" in log_until(process, "startup complete")
            assert _answers(address)
        workers = children_of(process.pid)
        assert len(workers) == 2
        process.kill()
        killed = time.monotonic()
        while any(map(is_running, workers)):
            assert time.monotonic() - killed < 20, "a second on a quiet machine"
            time.sleep(0.05)
        assert not _answers(address)
