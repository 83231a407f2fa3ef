"""Where a query cannot be live, an error says so, with the cure."""

from typing import Any

import httpx
import pytest

from graph.schema import DOMAIN
from graph.settings import Settings
from tests.live.test_streams import Event, stream
from tests.live_queries.conftest import Show, Shown, Watch

pytestmark = pytest.mark.nouns

TAGS = "query @live { tags(first: 1) { nodes { name } } }"
SLOW = "query @live(throttleMs: %s) { tags(first: 1) { nodes { name } } }"


async def errors(shown: Shown, method: str = "POST", **asked: Any) -> tuple[int, list[Any]]:
    """The status and the errors of a request that takes JSON alone."""
    async with httpx.AsyncClient(base_url=shown.origin) as http:
        given: dict[str, Any] = {"json": asked} if method == "POST" else {"params": asked}
        response = await http.request(method, "/graphql", headers={"accept": "application/json"}, **given)
    return response.status_code, response.json()["errors"]


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_one_answer_is_not_live(shown: Shown, method: str) -> None:
    status, (error,) = await errors(shown, method, query=TAGS)
    assert (status, error["extensions"]["code"]) == (400, "BAD_REQUEST")
    assert "text/event-stream" in error["message"]
    assert "Without `@live`" in error["message"]
    assert shown.queries.groups == 0


async def test_neither_is_a_part_of_a_batch(show: Show) -> None:
    shown = await show(max_batch=2)
    async with httpx.AsyncClient(base_url=shown.origin) as http:
        response = await http.post("/graphql", json=[{"query": TAGS}, {"query": TAGS.replace(" @live", "")}])
    (refused, answered) = response.json()
    assert "text/event-stream" in refused["errors"][0]["message"]
    assert "errors" not in answered


async def test_a_mutation_is_told_where_the_directive_stands(shown: Shown) -> None:
    mutation = 'mutation @live { createTag(input: {name: "A", slug: "a"}) { tag { name } } }'
    _, found = await errors(shown, query=mutation)
    assert any("`@live` stands on a query" in error["message"] for error in found)


@pytest.mark.parametrize("given", [9, 1_001, -1])
async def test_a_throttle_out_of_bounds_names_the_bounds(show: Show, watch: Watch, given: int) -> None:
    shown = await show(live_min_throttle_ms=10, live_max_throttle_ms=1_000)
    watcher = await watch(shown)
    await watcher.client.subscribe("a", SLOW % given)
    message = await watcher.client.next()
    assert message["type"] == "error"
    (error,) = message["payload"]
    assert error["extensions"]["code"] == "INVALID_THROTTLE"
    assert "from 10 to 1000" in error["message"]
    await watcher.client.subscribe("b", "query($n: Int) @live(throttleMs: $n) { tags { nodes { name } } }", n=given)
    (error,) = (await watcher.client.next())["payload"]
    assert error["extensions"]["code"] == "INVALID_THROTTLE"
    assert "errors" not in await watcher.begin("c", SLOW % 10)


async def test_without_a_log_of_changes_no_query_is_live(show: Show, watch: Watch) -> None:
    shown = await show(changes=False)
    watcher = await watch(shown)
    await watcher.client.subscribe("a", TAGS)
    message = await watcher.client.next()
    (error,) = message["payload"]
    assert (message["type"], error["extensions"]["code"]) == ("error", "NOT_LIVE")
    assert "trellis live install" in error["message"]
    async with stream(shown, TAGS) as events:  # type: ignore[arg-type]  # it looks at the origin alone
        told = await events.next()
        assert told.data["errors"][0]["extensions"]["code"] == "NOT_LIVE"
        assert await events.next() == Event("complete")


async def test_without_sockets_the_schema_has_no_such_directive(show: Show) -> None:
    shown = await show(max_sockets=0)
    _, found = await errors(shown, query=TAGS)
    assert [error["extensions"]["code"] for error in found] == ["GRAPHQL_VALIDATION_FAILED"]
    assert "directive @live" not in DOMAIN.schema(Settings(max_sockets=0)).as_str()
    assert "directive @live(" in DOMAIN.schema(Settings()).as_str()


async def test_what_is_not_valid_is_told_as_of_any_query(shown: Shown, watch: Watch) -> None:
    watcher = await watch(shown)
    await watcher.client.subscribe("a", "query @live { nonsense }")
    message = await watcher.client.next()
    assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "GRAPHQL_VALIDATION_FAILED")


async def test_the_start_is_counted_and_runs_are_not(show: Show, watch: Watch) -> None:
    shown = await show(rate_limit_per_address="40/minute")
    watcher = await watch(shown)
    codes = []
    for number in range(40):
        await watcher.client.subscribe(str(number), TAGS)
        message = await watcher.client.next()
        codes.append(message["payload"][0]["extensions"]["code"] if message["type"] == "error" else "begun")
        if message["type"] == "error":
            break
    assert codes[0] == "begun"
    assert codes[-1] == "RATE_LIMITED"
