"""Live queries as server-sent events, and as parts of a body; and what becomes of who reads slowly, or leaves."""

import json

import httpx
import pytest

from tests.live.test_streams import Event, stream
from tests.live_queries.conftest import Show, Shown, Watch, Write
from tests.live_queries.test_answers import TAGS, first

pytestmark = pytest.mark.nouns

LONG = """query @live {
  posts(first: 50, orderBy: [{title: ASC}]) { nodes { title content } }
  tags(orderBy: [{name: ASC}]) { nodes { name } }
}"""


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_events_follow_changes_until_the_client_leaves(shown: Shown, write: Write, method: str) -> None:
    async with stream(shown, TAGS, method) as events:  # type: ignore[arg-type]  # it looks at the origin alone
        assert await events.next() == Event("next", await shown.answer(TAGS))
        await write(first("00"))
        told = await events.next()
        assert told == Event("next", await shown.answer(TAGS))
        assert told.data["data"]["tags"]["nodes"][0] == {"name": "00"}
    await shown.until(lambda: not shown.queries.groups and not shown.app.state.live.sockets.open)


async def test_parts_of_a_body_have_the_answer_as_their_payload(shown: Shown, write: Write) -> None:
    accept = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json"
    async with (
        httpx.AsyncClient(base_url=shown.origin, timeout=60) as http,
        http.stream("POST", "/graphql", json={"query": TAGS}, headers={"accept": accept}) as response,
    ):
        assert response.headers["content-type"].startswith("multipart/mixed")
        lines = response.aiter_lines()

        async def payload() -> object:
            async for line in lines:
                if line.startswith('{"payload"'):
                    return json.loads(line)["payload"]
            raise AssertionError("the body has ended")

        assert await payload() == await shown.answer(TAGS)
        await write(first("00"))
        assert await payload() == await shown.answer(TAGS)
    await shown.until(lambda: not shown.queries.groups)


async def test_one_run_serves_every_transport(shown: Shown, watch: Watch, write: Write) -> None:
    watcher = await watch(shown)
    await watcher.begin("a", TAGS)
    async with stream(shown, TAGS) as events:  # type: ignore[arg-type]  # as above
        await events.next()
        runs = shown.runs
        await write(first("00"))
        await watcher.hear()
        assert (await events.next()).data == watcher.newest["a"]
        assert shown.runs == runs + 1


async def test_a_slow_reader_gets_the_newest_answer_and_is_not_closed(show: Show, watch: Watch, write: Write) -> None:
    shown = await show(max_socket_bytes=1_024)
    quick, slow = await watch(shown, "an admin"), await watch(shown, "an admin")
    await slow.begin("a", LONG)
    await quick.begin("a", LONG)
    for number in range(30):  # the answers are longer than what may wait for a client
        await write(first(f"0{99 - number}"))
        await quick.hear()
    await slow.becomes("a", quick.newest["a"])
    assert shown.app.state.live.sockets.closed["websocket", 1013] == 0


async def test_a_server_that_stops_ends_them(shown: Shown, watch: Watch) -> None:
    watcher = await watch(shown)
    await watcher.begin("a", TAGS)
    shown.app.state.live.drain()
    assert (await watcher.client.closed()).code == 1012
    await shown.until(lambda: not shown.queries.groups)
