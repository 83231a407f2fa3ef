"""Who has changed something reads it, with replicas that show nothing of it yet: by header, by cookie, by name."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from itertools import count
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from db.migrate import upgrade
from db.models.role import ADMIN
from graph.app import create_app
from graph.own_writes import COOKIE, HEADER
from graph.settings import Settings
from tests.databases import Database
from tests.explorer.serving import serving
from tests.promises.bank import HEADER as VIEWER
from tests.promises.bank import by_header
from tests.promises.replication import Server, primary_with_replicas

CREATE = (
    "mutation ($slug: String!) { createTag(input: {name: $slug, slug: $slug}) { tag { slug } errors { __typename } } }"
)
FIND = "query ($slug: String!) { tag(slug: $slug) { slug } }"
HELD_BACK_S = 60
CALM: dict[str, Any] = {"record_usage": False, "queue_timeout_s": 60, "max_queued": 1000}
"""Nobody else uses the pool, and whoever waits for a place gets one."""
PATIENCE_S = 20
SHORT_S = 3
"""Long for a wait of 0.02 s, on a machine that is busy; short beside everything that ends otherwise."""
FORGED = ("f" * 16, "f" * 17, "t" + "f" * 16, "-1", "", "0", "null", "1; DROP", "\xe9", "1" * 5000)
SLUGS = (f"tag-{number}" for number in count())

AS_ADMIN = {VIEWER: ADMIN}


@pytest.fixture(scope="module")
def servers() -> Iterator[list[Server]]:
    """A primary with the tables, and a replica that will show nothing else."""
    with primary_with_replicas() as servers:
        upgrade(Settings(database_url=SecretStr(servers[0].url)))
        asyncio.run(servers[1].has_all_of(servers[0]))
        asyncio.run(servers[1].hold_back(HELD_BACK_S))
        yield servers


class Asking:
    """One server of ours, asked with headers."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def ask(self, query: str, slug: str, headers: Mapping[str, str] = AS_ADMIN) -> httpx.Response:
        """Send an operation. No cookie is kept."""
        self._http.cookies.clear()
        body = {"query": query, "variables": {"slug": slug}}
        answer = await self._http.post("/graphql", json=body, headers=dict(headers))
        assert "errors" not in answer.json(), answer.text
        return answer

    async def finds(self, slug: str, headers: Mapping[str, str]) -> bool:
        """Whether a tag is found."""
        found = [(await self.ask(FIND, slug, headers)).json()["data"]["tag"] for _ in range(3)]
        assert found in ([{"slug": slug}] * 3, [None] * 3)
        return found[0] is not None

    async def ready(self) -> Any:
        """What an operator is told by `/readyz`."""
        return (await self._http.get("/readyz?verbose")).json()

    async def figures(self, prefix: str) -> dict[str, float]:
        """Those of `/metrics` whose names begin so."""
        lines = (await self._http.get("/metrics")).text.splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line.startswith(prefix))
        return {name: float(value) for name, value in pairs}

    async def batch(self, *asked: tuple[str, str]) -> Any:
        """Send several operations at once."""
        body = [{"query": query, "variables": {"slug": slug}} for query, slug in asked]
        return (await self._http.post("/graphql", json=body, headers=AS_ADMIN)).json()


@asynccontextmanager
async def server(primary: str, *replicas: str, **settings: Any) -> AsyncIterator[Asking]:
    """A server of ours with replicas."""
    urls = tuple(map(SecretStr, replicas))
    made = Settings(database_url=SecretStr(primary), replica_urls=urls, max_batch=5, **settings)
    async with (
        serving(create_app(made, identify=by_header)) as origin,
        httpx.AsyncClient(base_url=origin, timeout=60, verify=False) as http,
    ):
        yield Asking(http)


async def test_a_token_of_the_answer_finds_what_was_written_on_every_server(servers: list[Server]) -> None:
    urls = [each.url for each in servers]
    async with server(*urls) as one, server(*urls) as other:
        slug = next(SLUGS)
        written = await one.ask(CREATE, slug)
        token = written.headers[HEADER]
        assert await one.finds(slug, {HEADER: token})
        assert await other.finds(slug, {HEADER: token})
        assert await other.finds(slug, {"Cookie": f"a=b; {COOKIE}={token}"})
        assert not await other.finds(slug, {})
        assert not await other.finds(slug, AS_ADMIN)  # another process has not heard of it
        assert HEADER not in (await one.ask(FIND, slug)).headers


async def test_who_sends_no_token_back_is_known_to_the_process(servers: list[Server]) -> None:
    async with server(*(each.url for each in servers)) as api:
        slug = next(SLUGS)
        await api.ask(CREATE, slug)
        assert await api.finds(slug, AS_ADMIN)
        assert not await api.finds(slug, {})
        assert not await api.finds(slug, {VIEWER: "7"})


async def test_a_browser_keeps_the_token_in_a_cookie_as_long_as_it_is_of_use(servers: list[Server]) -> None:
    async with server(*(each.url for each in servers), max_replica_lag_s=100) as api:
        told = await api.ask(CREATE, next(SLUGS), AS_ADMIN | {"Cookie": "theme=dark"})
        cookie = SimpleCookie(told.headers["set-cookie"])[COOKIE]
        assert cookie.value == told.headers[HEADER]
        assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == ("105", True, "lax")
        assert "set-cookie" not in (await api.ask(CREATE, next(SLUGS))).headers


async def test_a_query_behind_a_mutation_of_the_same_batch_finds_what_was_written(servers: list[Server]) -> None:
    async with server(*(each.url for each in servers)) as api:
        slug = next(SLUGS)
        before, _, after = await api.batch((FIND, slug), (CREATE, slug), (FIND, slug))
        assert (before["data"], after["data"]) == ({"tag": None}, {"tag": {"slug": slug}})


async def test_a_forged_token_costs_nothing_but_a_short_wait(servers: list[Server]) -> None:
    async with server(*(each.url for each in servers)) as api:
        for token in FORGED:
            for headers in ({HEADER: token.encode("latin-1")}, {"Cookie": f"{COOKIE}={token}".encode("latin-1")}):
                answer = await api.ask(FIND, "nowhere", headers)  # type: ignore[arg-type]  # httpx takes bytes, too
                assert answer.json() == {"data": {"tag": None}}
                assert answer.elapsed.total_seconds() < SHORT_S


@pytest.mark.sqlite
async def test_where_no_position_is_to_be_had_the_primary_is_asked_for_a_while(
    database: Database, blank_database: Database
) -> None:
    """A replica that is another database altogether: of files, nobody can tell how far they have followed."""
    upgrade(Settings(database_url=SecretStr(blank_database.url)))
    async with server(database.url, blank_database.url) as api:
        slug = next(SLUGS)
        token = (await api.ask(CREATE, slug)).headers[HEADER]
        assert await api.finds(slug, {HEADER: token})
        assert await api.finds(slug, AS_ADMIN)
        assert not await api.finds(slug, {HEADER: f"t{int(token[1:], 16) - 1000:x}"})


async def test_without_replicas_there_is_no_token(database: Database) -> None:
    async with server(database.url) as api:
        told = await api.ask(CREATE, next(SLUGS), AS_ADMIN | {"Cookie": "theme=dark"})
        assert HEADER not in told.headers
        assert "set-cookie" not in told.headers


async def test_operators_see_which_replica_is_out_and_why(servers: list[Server]) -> None:
    async with server(*(each.url for each in servers), max_replica_lag_s=0.1) as api:
        await api.ask(FIND, "nowhere")
        assert (await api.ready())["replicas"]["replica 1"]["serves"]
        await api.ask(CREATE, next(SLUGS))
        async with asyncio.timeout(PATIENCE_S):
            while (ready := await api.ready())["replicas"]["replica 1"]["serves"]:  # noqa: ASYNC110 - nothing tells when
                await asyncio.sleep(0.1)
        state = ready["replicas"]["replica 1"]
        assert (ready["status"], ready["databases"]) == ("ok", {"primary": "ok", "replica 1": "ok"})
        assert "left_out" in [note["reason"] for note in ready["notes"]]
        assert state["why"].endswith("s behind the primary")
        assert state["lag_s"] > 0.1
        assert state["lag_bytes"] > 0
        figures = await api.figures("trellis_replica")
        assert figures['trellis_replica_serves{replica="replica 1"}'] == 0
        assert figures['trellis_replica_lag_seconds{replica="replica 1"}'] > 0.1
        assert figures['trellis_replica_lag_bytes{replica="replica 1"}'] > 0


async def test_a_query_that_has_to_go_to_the_primary_takes_its_place_there(servers: list[Server]) -> None:
    async with server(*(each.url for each in servers), pool_size=2, pool_timeout_s=0.005, **CALM) as api:
        slug = next(SLUGS)
        token = (await api.ask(CREATE, slug)).headers[HEADER]
        await api.finds(slug, {HEADER: token})
        finding = (api.finds(slug, {HEADER: token}) for _ in range(30))
        found, _ = await asyncio.gather(
            asyncio.gather(*finding), asyncio.gather(*(api.ask(CREATE, next(SLUGS)) for _ in range(30)))
        )
        assert found == [True] * 30
