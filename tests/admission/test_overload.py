"""A server with more to do than it can: some are refused, and told when to come back, and nobody is forgotten."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest
import strawberry
from sqlalchemy import text
from starlette.requests import HTTPConnection
from strawberry.types import Info

from db.relations import EVERYTHING
from db.session.engines import Engines
from graph.context import RequestContext
from graph.domain import Domain
from graph.entity import Schema
from graph.errors import IllFormed
from graph.viewer import NOBODY, Viewer
from tests.databases import Database, engine_statements
from tests.entity.market import Query
from tests.http.client import Answer, Client
from tests.http.conftest import Serve
from tests.http.test_ends import until

ENDLESS = "{ genres(orderBy: [{name: ASC}]) { nodes { name } } }"
"""Dear, and for ever under way."""
DEAR = "{ albums { totalCount } }"
PAGE = "{ albums(first: 1) { nodes { title } } }"
CLIENTS = 200
PATIENCE_S = 30
PATIENT = {"queue_timeout_s": PATIENCE_S, "connect_timeout_s": PATIENCE_S, "operation_timeout_s": 2 * PATIENCE_S}
"""What a busy machine may need: the crowd and the server share one loop, and new connections wait for that as well."""


async def figures(client: Client) -> dict[str, float]:
    """What `/metrics` says of admission."""
    lines = (await client.http.get("/metrics")).text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line.startswith("trellis_admission"))
    return {name.removeprefix("trellis_admission_"): float(value) for name, value in pairs}


async def until_is(client: Client, figure: str, value: float) -> None:
    """Wait until a figure of the primary has a value."""

    async def is_so() -> bool:
        return (await figures(client))[f'{figure}{{gate="primary"}}'] == value

    await until(is_so)


@asynccontextmanager
async def asking(client: Client, query: str) -> AsyncIterator[None]:
    """Have sent a request, and leave without waiting for its answer."""
    address = urlsplit(client.origin)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    body = f'{{"query": "{query}"}}'.encode()
    head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    try:
        yield
    finally:
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def asked_by_many(client: Client, query: str, clients: int) -> AsyncIterator[None]:
    """The same for several clients."""
    async with AsyncExitStack() as stack:
        for _ in range(clients):
            await stack.enter_async_context(asking(client, query))
        yield


async def answers(client: Client, query: str, clients: int) -> list[Answer]:
    """What so many clients are answered who ask at once, each on a connection of its own."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=client.origin, timeout=PATIENCE_S, limits=limits, verify=False) as http:
        asked = (http.post("/graphql", json={"query": query}) for _ in range(clients))
        return [Answer.of_response(response) for response in await asyncio.gather(*asked)]


async def test_two_hundred_clients_of_five_connections_are_all_answered(filled: Database, serve: Serve) -> None:
    client = await serve(filled.url, pool_size=5, max_queued=20, fast_path=False, **PATIENT)
    await client.ask(DEAR)
    with engine_statements() as statements:
        found = await answers(client, DEAR, CLIENTS)
    statuses = Counter(answer.status for answer in found)
    assert statuses.keys() == {200, 503}
    assert statuses.total() == CLIENTS
    refused = [answer for answer in found if answer.status == 503]
    assert {answer.code for answer in refused} == {"OVERLOADED"}
    assert all(1 <= int(answer.headers["retry-after"]) <= 20 for answer in refused)
    assert all(answer.errors[0]["extensions"]["retryAfter"] == int(answer.headers["retry-after"]) for answer in refused)
    assert len(statements) == statuses[200]  # none for those who were refused
    told = await figures(client)
    assert (told['in_flight{gate="primary"}'], told['queued{gate="primary"}']) == (0, 0)
    assert told['refused_total{gate="primary",reason="full"}'] == statuses[503]
    assert told['wait_seconds_count{gate="primary"}'] == told['wait_seconds_bucket{gate="primary",le="+Inf"}'] > 0
    assert (await client.ask(DEAR)).data


async def test_one_row_is_answered_beside_what_never_ends(endless: Database, serve: Serve) -> None:
    client = await serve(endless.url, pool_size=5, queue_timeout_s=PATIENCE_S)
    found = await client.ask(PAGE.replace("title", "id title"))
    (album,) = found.data["albums"]["nodes"]
    async with asked_by_many(client, ENDLESS, 15):
        await until_is(client, "queued", 11)  # 4 of 15 have the places that dear ones may have
        assert (await client.ask(PAGE)).data["albums"]["nodes"] == [{"title": album["title"]}]
        one = await client.ask("query ($id: ID!) { album(id: $id) { title } }", {"id": album["id"]})
        assert one.data == {"album": {"title": album["title"]}}
        told = await figures(client)
        assert (told['in_flight{gate="primary"}'], told['queued{gate="primary"}']) == (4, 11)
    await until_is(client, "in_flight", 0)
    assert (await client.ask(DEAR)).data


async def test_who_leaves_the_queue_is_forgotten_without_a_statement(endless: Database, serve: Serve) -> None:
    client = await serve(endless.url, pool_size=2, queue_timeout_s=PATIENCE_S, fast_path=False)
    async with asking(client, ENDLESS):
        await until_is(client, "in_flight", 1)
        with engine_statements() as statements:
            async with asked_by_many(client, DEAR, 3):
                await until_is(client, "queued", 3)
            await until_is(client, "queued", 0)
        # A scrape asks whether the tables are there, and counts none of their rows.
        assert [statement for statement in statements if "album" in statement and "count" in statement.lower()] == []
        assert (await figures(client))['refused_total{gate="primary",reason="left"}'] == 3
    await until_is(client, "in_flight", 0)


async def test_who_is_refused_is_not_identified(endless: Database, serve: Serve) -> None:
    identified = []

    async def identify(request: HTTPConnection) -> Viewer:
        identified.append(request)
        return NOBODY

    client = await serve(endless.url, identify, pool_size=1, max_queued=0)
    async with asking(client, ENDLESS):
        await until_is(client, "in_flight", 1)
        assert len(identified) == 1
        answer = await client.post(f'{{"query": "{DEAR}"}}'.encode(), authorization="Bearer x")
        assert (answer.status, answer.code) == (503, "OVERLOADED")
        # Whoever says who it is needs a place to be believed, even for what needs no database.
        answer = await client.post(b'{"query": "{ __typename }"}', authorization="Bearer x")
        assert (answer.status, answer.code) == (503, "OVERLOADED")
        assert len(identified) == 1
        for query, status in {
            "{ __typename }": 200,
            "{ __schema { queryType { name } } }": 200,
            "{ nonsense }": 400,
        }.items():
            assert (await client.ask(query)).status == status
    await until_is(client, "in_flight", 0)


class Pondering:
    """A server with a mutation that waits for something else than its database, until it is told."""

    def __init__(self) -> None:
        self.begun, self.told = asyncio.Event(), asyncio.Event()

        @strawberry.type
        class Mutation:
            @strawberry.mutation
            async def ponder(self, info: Info[RequestContext, None], fails: bool = False, reads: bool = False) -> bool:
                if reads:
                    await info.context.session.execute(text("SELECT 1"))
                async with info.context.without_place():
                    pondering.begun.set()
                    await pondering.told.wait()
                    if fails:
                        raise IllFormed("Nothing has come of it.")
                return True

        pondering = self
        self.domain = Domain(lambda settings: Schema(Query, settings, mutation=Mutation), lambda _viewer: EVERYTHING)

    @asynccontextmanager
    async def asked(self, client: Client, arguments: str = "fails: false") -> AsyncIterator[asyncio.Task[Answer]]:
        asked = asyncio.create_task(client.ask(f"mutation {{ ponder({arguments}) }}"))
        await self.begun.wait()
        yield asked


async def test_who_waits_for_something_else_leaves_the_place_to_others(filled: Database, serve: Serve) -> None:
    for fails in (False, True):
        pondering = Pondering()
        client = await serve(filled.url, domain=pondering.domain, pool_size=1, max_queued=0)
        async with pondering.asked(client, f"fails: {str(fails).lower()}") as asked:
            assert (await client.ask(DEAR)).data
            await until_is(client, "in_flight", 0)
            pondering.told.set()
            answer = await asked
        assert answer.body["data"] == (None if fails else {"ponder": True})
        await until_is(client, "in_flight", 0)


async def test_who_holds_a_connection_keeps_the_place_that_stands_for_it(filled: Database, serve: Serve) -> None:
    pondering = Pondering()
    client = await serve(filled.url, domain=pondering.domain, pool_size=1, max_queued=0)
    async with pondering.asked(client, "reads: true") as asked:
        assert (await client.ask(DEAR)).status == 503
        pondering.told.set()
        assert (await asked).data == {"ponder": True}


async def test_who_comes_back_to_a_full_house_is_told_so(endless: Database, serve: Serve) -> None:
    pondering = Pondering()
    client = await serve(endless.url, domain=pondering.domain, pool_size=1, max_queued=0)
    async with pondering.asked(client) as asked, asking(client, ENDLESS):
        await until_is(client, "in_flight", 1)
        pondering.told.set()
        answer = await asked
        assert (answer.status, answer.code) == (503, "OVERLOADED")
    await until_is(client, "in_flight", 0)


async def test_a_full_queue_makes_room_for_who_goes_first(endless: Database, serve: Serve) -> None:
    client = await serve(endless.url, pool_size=1, max_queued=1, queue_timeout_s=PATIENCE_S)
    async with asking(client, ENDLESS):
        await until_is(client, "in_flight", 1)
        anonymous = asyncio.create_task(client.ask(DEAR))
        await until_is(client, "queued", 1)
        known = asyncio.create_task(client.post(f'{{"query": "{DEAR}"}}'.encode(), authorization="Bearer x"))
        answer = await anonymous
        assert (answer.status, answer.code) == (503, "OVERLOADED")
    assert (await known).data


async def test_a_batch_takes_one_place(endless: Database, serve: Serve) -> None:
    client = await serve(endless.url, pool_size=2, max_batch=5, queue_timeout_s=PATIENCE_S)
    batch = f'[{{"query": "{ENDLESS}"}}, {{"query": "{DEAR}"}}]'.encode()
    asked = asyncio.create_task(
        client.http.post("/graphql", content=batch, headers={"Content-Type": "application/json"})
    )
    await until_is(client, "in_flight", 1)
    asked.cancel()
    await until_is(client, "in_flight", 0)


@pytest.mark.postgresql
async def test_a_locked_table_holds_up_who_reads_it_and_nobody_else(
    shop: Database, engines: Engines, serve: Serve
) -> None:
    client = await serve(shop.url, pool_size=5, queue_timeout_s=0.2, max_queued=20)
    async with engines.writing().connect() as owner:
        await owner.execute(text("LOCK TABLE album IN ACCESS EXCLUSIVE MODE"))
        asked = asyncio.create_task(answers(client, DEAR, 30))
        await until_is(client, "in_flight", 4)
        await until_is(client, "queued", 0)
        assert (await client.ask("{ artists(first: 1) { nodes { name } } }")).data
        await owner.rollback()
    assert Counter(answer.status for answer in await asked) == {200: 4, 503: 26}
    assert (await client.ask(DEAR)).data
