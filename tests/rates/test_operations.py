"""Operations are limited by their points: for each user, each key and each network, and clients are told."""

import asyncio
import re

import pytest
from starlette.requests import HTTPConnection
from strawberry.extensions import SchemaExtension

from db.relations import EVERYTHING
from graph.domain import Domain
from graph.entity import Schema
from graph.errors import Unauthenticated
from graph.http.requests import JSON
from graph.prepare.cost import Cost
from graph.prepare.points import points_of
from graph.rates.counters import MemoryCounters
from graph.rates.operations import RateLimits
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer
from tests.databases import Database, engine_statements
from tests.entity.market import Query
from tests.http.client import Client
from tests.http.conftest import Serve
from tests.http.test_batches import batch

ONE = '{ genre(name: "Rock") { name } }'
"""Three points: a statement, and a begun hundred of rows and thousand of values."""
NOTHING = "{ __typename }"


async def by_header(request: HTTPConnection) -> Viewer:
    """Whoever the request says it is: `user 1`, `key 2`, nobody, or somebody who is not believed."""
    kind, _, number = request.headers.get("authorization", "").partition(" ")
    if kind == "wrong":
        raise Unauthenticated
    return {"user": Viewer(int(number or 0)), "key": Viewer(7, key_id=int(number or 0))}.get(kind, NOBODY)


def remaining(client_headers: object) -> int:
    (found,) = re.findall(r"r=(-?\d+)", str(client_headers))
    return int(found)


@pytest.mark.parametrize(
    ("cost", "points"),
    [
        (Cost(), 1),
        (Cost(1, 1, 1), 3),
        (Cost(2, 100, 1000), 4),
        (Cost(2, 101, 1001), 6),
        (Cost(100, 100_000, 500_000), 1600),
        (Cost(values=20_000, introspected=20_000), 20),
    ],
)
def test_points_are_statements_rows_and_values(cost: Cost, points: int) -> None:
    assert points_of(cost) == points


async def test_an_address_has_so_many_points_and_is_told_when_there_are_more(filled: Database, serve: Serve) -> None:
    client = await serve(filled.url, rate_limit_per_address="7/minute", fast_path=False)
    for left in (4, 1):
        answer = await client.ask(ONE)
        assert answer.data == {"genre": {"name": "Rock"}}
        assert answer.headers["ratelimit-policy"] == '"address-60";q=7;w=60;qu="points"'
        assert re.fullmatch(rf'"address-60";r={left};t=(59|60)', answer.headers["ratelimit"])
    with engine_statements() as statements:
        answer = await client.ask(ONE)
    assert (answer.status, answer.code, statements) == (429, "RATE_LIMITED", [])
    wait_s = answer.errors[0]["extensions"]["retryAfter"]
    assert answer.headers["retry-after"] == str(wait_s)
    assert answer.headers["ratelimit"] == f'"address-60";r=1;t={wait_s}'
    assert answer.messages == [
        f"You have asked for much of late, and this request takes 3 points; try again in {wait_s} seconds, or ask for"
        " less at once."
    ]
    assert (await client.ask(NOTHING)).status == 200  # one point is left
    metrics = (await client.http.get("/metrics")).text
    assert 'trellis_limits_refused_total{limit="operations"} 1.0' in metrics


async def test_extensions_of_the_schema_change_nothing_of_its_points(filled: Database, serve: Serve) -> None:
    domain = Domain(lambda told: Schema(Query, told, extensions=[SchemaExtension]), lambda _viewer: EVERYTHING)
    client = await serve(filled.url, domain=domain, rate_limit_per_address="7/minute")
    answers = [await client.ask(ONE) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert [remaining(answer.headers["ratelimit"]) for answer in answers] == [4, 1, 1]


async def test_each_user_and_each_key_has_points_of_its_own(serve: Serve, no_database: str) -> None:
    client = await serve(no_database, identify=by_header, rate_limit="2/minute")
    asked = f'{{"query": "{NOTHING}"}}'.encode()
    for name in ("user 1", "key 1", "user 2", "key 2"):
        statuses = [(await client.post(asked, authorization=name)).status for _ in range(3)]
        assert statuses == [200, 200, 429]
    anonymous = [await client.ask(NOTHING) for _ in range(4)]
    assert [answer.status for answer in anonymous] == [200] * 4
    assert "ratelimit" not in anonymous[0].headers


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"query": "{"}', {}),
        (b'{"query": "{ nonsense }"}', {}),
        (b'{"query": "subscription { a }"}', {}),
        (b'{"query": "{ __typename }", "operationName": "x"}', {}),
        (b'{"documentId": "sha256:00"}', {}),
        (b"no JSON", {}),
        (b'{"query": "{ __typename }"}', {"authorization": "wrong"}),
        (b'{"query": "{ __typename }"}', {"content_type": "text/plain"}),
    ],
)
async def test_whatever_is_refused_counts(serve: Serve, no_database: str, body: bytes, headers: dict[str, str]) -> None:
    client = await serve(no_database, identify=by_header, rate_limit_per_address="2/minute")
    answers = [await client.post(body, **headers) for _ in range(3)]
    assert [answer.status == 429 for answer in answers] == [False, False, True]
    assert [remaining(answer.headers["ratelimit"]) for answer in answers] == [1, 0, 0]


async def test_introspection_counts(serve: Serve, no_database: str) -> None:
    client = await serve(no_database, rate_limit_per_address="1000/minute")
    small = await client.ask('{ __type(name: "Query") { name } }')
    large = await client.ask("{ __schema { types { name fields { name description type { name kind } } } } }")
    assert remaining(small.headers["ratelimit"]) == 999
    assert remaining(large.headers["ratelimit"]) < 998


async def test_a_batch_takes_the_points_of_its_operations_at_once(filled: Database, serve: Serve) -> None:
    client = await serve(filled.url, max_batch=10, rate_limit_per_address="9/minute", fast_path=False)
    requests = [{"query": ONE}, {"query": "{"}, {"query": ONE}]  # 3 + 1 + 3 points

    async def sent() -> tuple[int, int]:
        response = await client.http.post("/graphql", content=batch(*requests), headers={"content-type": JSON})
        return response.status_code, remaining(response.headers["ratelimit"])

    assert await sent() == (200, 2)
    with engine_statements() as statements:
        assert await sent() == (429, 2)
    assert statements == []


async def test_what_takes_more_than_the_whole_limit_takes_the_whole_limit(filled: Database, serve: Serve) -> None:
    client = await serve(filled.url, rate_limit_per_address="2/minute")
    assert [(await client.ask(ONE)).status for _ in range(2)] == [200, 429]


async def test_of_several_limits_the_tightest_is_told(serve: Serve, no_database: str) -> None:
    client = await serve(no_database, rate_limit_per_address="5/minute;2/hour")
    answer = await client.ask(NOTHING)
    assert answer.headers["ratelimit-policy"] == (
        '"address-60";q=5;w=60;qu="points", "address-3600";q=2;w=3600;qu="points"'
    )
    assert answer.headers["ratelimit"].startswith('"address-3600";r=1;t=')


async def test_servers_share_points_in_the_database(database: Database, serve: Serve) -> None:
    settings = {"rate_limit_per_address": "5/minute", "limits_storage": "database"}
    servers = [await serve(database.url, **settings) for _ in range(2)]
    answers = await asyncio.gather(*(servers[number % 2].ask(NOTHING) for number in range(12)))
    assert sorted(answer.status for answer in answers) == [200] * 5 + [429] * 7


async def test_without_the_setting_nothing_is_counted_or_told(bare: Client) -> None:
    assert not RateLimits(Settings(), MemoryCounters()).wanted
    assert not {"ratelimit", "ratelimit-policy"} & set((await bare.ask(NOTHING)).headers)
