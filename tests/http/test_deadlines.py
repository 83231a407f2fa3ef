"""A request is answered in time, whatever it waits for, and stops waiting when its client has left."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from asyncpg._testbase.fuzzer import TCPFuzzingProxy
from sqlalchemy import make_url, text
from starlette.requests import HTTPConnection

from db.session import Mode, RequestSession
from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.context import ContextFactory
from graph.viewer import NOBODY, Viewer
from tests.databases import Database
from tests.http.client import Answer, Client
from tests.http.conftest import Serve
from tests.http.test_ends import ENDLESS, asking, endless, shop, until, until_in_use

__all__ = ["endless", "shop"]

LIMIT_S = 0.5
LATE_S = 0.5
"""What an answer may be late: 0.2 s are promised, and a machine that runs tests is busy."""
LEFT = 'trellis_http_requests_total{path="/graphql",status="499"}'
ALBUMS = "{ albums(first: 1) { nodes { id } } }"


async def in_time(asked: Awaitable[Answer]) -> Answer:
    """The answer, which must not come before the deadline, nor late."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    answer = await asked
    assert LIMIT_S - 0.05 <= loop.time() - begun <= LIMIT_S + LATE_S
    assert answer.code == "DEADLINE_EXCEEDED"
    assert answer.messages[0].startswith(f"This operation took longer than {LIMIT_S} s;")
    return answer


async def visits_left(client: Client) -> int:
    """How many requests have ended because their client had left."""
    lines = (await client.http.get("/metrics")).text.splitlines()
    counts = [line.split()[-1] for line in lines if line.startswith(LEFT)]
    return int(float(counts[0])) if counts else 0


@asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """The URL of a server that takes connections and says nothing."""

    async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(be_silent, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    yield f"postgresql://somebody:s3cret@{host}:{port}/x"
    server.close()


async def test_many_statements_have_one_deadline_and_what_came_before_it_stays(endless: Database, serve: Serve) -> None:
    client = await serve(endless.url, operation_timeout_s=LIMIT_S)
    assert (await client.ask(ALBUMS)).data  # connects, and compiles: the time is for the statements
    query = "{ albums(first: 1) { nodes { title } } genres { nodes { name } } artists { totalCount } }"
    answer = await in_time(client.ask(query, onError="NULL"))
    assert answer.body["data"]["albums"]["nodes"]
    assert answer.body["data"]["artists"] in (None, {"totalCount": None})
    await until_in_use(client, 0)
    assert (await client.ask(ALBUMS)).data


async def test_who_waits_for_a_place_in_the_pool_is_answered_in_time(endless: Database, serve: Serve) -> None:
    client = await serve(endless.url, operation_timeout_s=LIMIT_S, pool_size=1, pool_max_overflow=0)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    answers = await asyncio.gather(*(client.ask(ENDLESS) for _ in range(5)))
    assert loop.time() - begun <= LIMIT_S + LATE_S
    assert {answer.code for answer in answers} == {"DEADLINE_EXCEEDED"}
    await until_in_use(client, 0)
    assert (await client.ask(ALBUMS)).data


async def test_identification_is_part_of_the_operation(endless: Database, serve: Serve) -> None:
    async def identify(_request: HTTPConnection) -> Viewer:
        await asyncio.sleep(3600)
        return NOBODY

    client = await serve(endless.url, identify, operation_timeout_s=LIMIT_S)
    assert (await in_time(client.ask(ALBUMS))).status == 504


async def test_a_body_that_does_not_come_is_not_waited_for(no_database: str, serve: Serve) -> None:
    client = await serve(no_database, operation_timeout_s=LIMIT_S)
    address = urlsplit(client.origin)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
    async with asyncio.timeout(LIMIT_S + LATE_S):
        assert await reader.readline() == b"HTTP/1.1 504 Gateway Timeout\r\n"
        assert b"DEADLINE_EXCEEDED" in await reader.readuntil(b"}]}")
    writer.close()


@pytest.mark.postgresql
async def test_a_database_that_falls_silent_is_not_waited_for(endless: Database, serve: Serve) -> None:
    url = make_url(endless.url)
    proxy = TCPFuzzingProxy(backend_host=url.host or "127.0.0.1", backend_port=url.port or 5432)
    proxy.start()
    try:
        through = url.set(host="127.0.0.1", port=proxy.listening_port).render_as_string(hide_password=False)
        client = await serve(through, operation_timeout_s=LIMIT_S, pool_size=2, pool_max_overflow=0)
        assert (await client.ask(ALBUMS)).data
        proxy.trigger_connectivity_loss()
        await asyncio.gather(*(in_time(client.ask(ALBUMS)) for _ in range(3)))
        proxy.restore_connectivity()

        async def is_whole() -> bool:
            return "errors" not in (await client.ask(ALBUMS)).body

        async with asyncio.timeout(3):
            await until(is_whole)
    finally:
        proxy.stop()


@pytest.mark.postgresql
async def test_a_server_that_lets_nobody_in_is_not_waited_for(serve: Serve) -> None:
    async with silent_server() as url:
        client = await serve(url, operation_timeout_s=LIMIT_S)
        await in_time(client.ask(ALBUMS))


async def test_who_leaves_the_queue_before_the_pool_is_not_served(endless: Database, serve: Serve) -> None:
    client = await serve(endless.url, pool_size=1, pool_max_overflow=0)
    async with asking(client, ENDLESS):
        leaving = asyncio.create_task(client.ask(ALBUMS))
        await asyncio.sleep(0.2)  # it is in the queue, and nothing tells
        leaving.cancel()

        async def has_left() -> bool:
            return await visits_left(client) == 1

        await until(has_left)
        assert (await client.pool())["checked_out"] == 1


async def test_who_leaves_while_it_is_asked_who_they_are_is_not_served(endless: Database, serve: Serve) -> None:
    ended = asyncio.Event()

    async def identify(_request: HTTPConnection) -> Viewer:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()
        return NOBODY

    client = await serve(endless.url, identify)
    leaving = asyncio.create_task(client.ask(ALBUMS))
    await asyncio.sleep(0.1)
    leaving.cancel()
    async with asyncio.timeout(5):
        await ended.wait()


async def test_a_mutation_is_begun_when_the_database_hears_of_it(settings: DatabaseSettings) -> None:
    engines = Engines(settings.model_copy(update={"pool_size": 1, "pool_max_overflow": 0}))
    contexts = ContextFactory(engines)
    seen = []

    async def work(session: RequestSession) -> None:
        await session.rows(text("SELECT 1"))
        seen.append(contexts.may_stop())

    async with RequestSession(engines) as holder, contexts.context(Mode.CURRENT) as context:
        await holder.rows(text("SELECT 1"))
        assert not contexts.may_stop()  # its resolvers may do whatever they like
        changing = asyncio.create_task(context.session.write(work))
        await asyncio.sleep(0.05)
        assert contexts.may_stop()  # it waits for a connection
        await holder.close()
        await changing
        assert not contexts.may_stop()
    assert seen == [False]
    await engines.dispose()
