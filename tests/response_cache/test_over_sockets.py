"""Changes outdate earlier answers at once, whichever way they have come."""

from tests.live.wire import SocketClient
from tests.response_cache.conftest import WHO, Serve
from tests.response_cache.feeds import LocalFeed
from tests.response_cache.test_answers import ADMIN, ALL, CREATE, TAGS

EVENTS = "text/event-stream"


async def test_a_change_over_a_websocket_outdates_answers(serve: Serve) -> None:
    feed = LocalFeed()
    feed.is_late = True
    api = await serve(feed, cached_operations=ALL)
    assert (await api.data(TAGS))["tags"]["nodes"][0]["slug"] != "0-first"
    async with await SocketClient.begun(str(api.http.base_url), x_test_viewer=ADMIN) as client:
        await client.subscribe("1", CREATE, slug="0-first")
        assert (await client.payload("1"))["data"] == {"createTag": {"tag": {"slug": "0-first"}, "errors": []}}
    assert (await api.data(TAGS))["tags"]["nodes"][0]["slug"] == "0-first"  # nobody, who has written nothing


async def test_a_change_that_is_told_as_a_stream_outdates_answers_and_tells_its_position(serve: Serve) -> None:
    feed = LocalFeed()
    feed.is_late = True
    api = await serve(feed, cached_operations=ALL)
    assert (await api.data(TAGS))["tags"]["nodes"][0]["slug"] != "0-first"
    asked = {"query": CREATE, "variables": {"slug": "0-first"}}
    made = await api.http.post("/graphql", json=asked, headers={WHO: ADMIN, "Accept": EVENTS})
    assert made.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert made.headers["trellis-position"]
    assert (await api.data(TAGS))["tags"]["nodes"][0]["slug"] == "0-first"
