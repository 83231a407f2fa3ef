"""Subscriptions over HTTP: server-sent events, and parts of a body for Apollo Client."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import pytest

from graph.live.sockets import Transport
from graph.viewer import Viewer
from tests.live.conftest import Hear, Heard

EVENTS = "text/event-stream"
PARTS = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json"
NEWS = "subscription { news { number even } }"


class Event(NamedTuple):
    """A server-sent event, or a comment."""

    kind: str
    data: Any = None


class Stream:
    """A response, event by event."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._blocks = self._split()

    async def _split(self) -> AsyncIterator[str]:
        left = ""
        async for text in self.response.aiter_text():
            left += text
            while "\n\n" in left:
                block, _, left = left.partition("\n\n")
                yield block

    async def next(self) -> Event:
        """The next event that is no comment."""
        while True:
            event = await self.any()
            if event.kind != "comment":
                return event

    async def any(self) -> Event:
        """The next event or comment."""
        block = await anext(self._blocks)
        fields = {name: text.lstrip() for name, _, text in (line.partition(":") for line in block.split("\n"))}
        if "event" not in fields:
            return Event("comment")
        return Event(fields["event"], json.loads(fields["data"]) if fields["data"] else None)

    async def ends(self) -> bool:
        """Whether nothing more comes."""
        return await anext(self._blocks, None) is None


@asynccontextmanager
async def stream(heard: Heard, query: str, method: str = "POST", accept: str = EVENTS, **headers: str) -> Any:
    """A stream of an operation."""
    async with httpx.AsyncClient(base_url=heard.origin, timeout=60, verify=False) as client:
        sent = {"accept": accept, **headers}
        asked: Any = {"params": {"query": query}} if method == "GET" else {"json": {"query": query}}
        async with client.stream(method, "/graphql", headers=sent, **asked) as response:
            yield Stream(response)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_events_are_told_and_completed(bare: Heard, method: str) -> None:
    async with stream(bare, "subscription { count(to: 2) }", method) as events:
        headers = events.response.headers
        assert events.response.status_code == 200
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"] == "no-store"
        assert headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in headers
        assert [await events.next() for _ in range(3)] == [
            Event("next", {"data": {"count": 1}}),
            Event("next", {"data": {"count": 2}}),
            Event("complete"),
        ]
        assert await events.ends()
    await bare.until(lambda: not bare.live.sockets.open)


async def test_an_error_of_one_event_does_not_end_the_stream(bare: Heard) -> None:
    async with stream(bare, NEWS) as events:
        await bare.until(lambda: bare.station.radio.begun == 1)
        for number in (1, 2):
            bare.station.radio.publish(number)
        first, second = await events.next(), await events.next()
        assert first.data["data"] == {"news": {"number": 1, "even": None}}
        assert first.data["errors"][0]["extensions"]["code"] == "STATIC"
        assert second.data == {"data": {"news": {"number": 2, "even": 2}}}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { nonsense }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("subscription { noise(after: 0) }", "STATIC"),
    ],
)
async def test_what_cannot_be_run_is_told_as_an_event_that_every_client_can_read(
    bare: Heard, query: str, code: str
) -> None:
    async with stream(bare, query) as events:
        assert events.response.status_code == 200
        told = await events.next()
        assert (told.kind, told.data["errors"][0]["extensions"]["code"]) == ("next", code)
        assert await events.next() == Event("complete")


async def test_queries_and_mutations_are_streams_of_one_answer_where_nothing_else_is_taken(bare: Heard) -> None:
    for query, data in (("{ __typename }", {"__typename": "Query"}), ("mutation { say(number: 1) }", {"say": 1})):
        async with stream(bare, query) as events:
            assert [await events.next(), await events.next()] == [Event("next", {"data": data}), Event("complete")]
    async with stream(bare, "mutation { say(number: 1) }", "GET") as events:
        assert events.response.status_code == 405


async def test_who_takes_json_as_well_gets_streams_of_subscriptions_alone(bare: Heard) -> None:
    everything = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"
    async with stream(bare, "{ __typename }", accept=everything) as answer:
        assert answer.response.headers["content-type"].startswith("application/graphql-response+json")
    async with stream(bare, "subscription { count(to: 1) }", accept=everything) as events:
        assert await events.next() == Event("next", {"data": {"count": 1}})


async def test_who_takes_one_answer_is_told_how_to_subscribe(bare: Heard) -> None:
    for accept in ("application/json", "*/*", "application/json, multipart/mixed"):
        async with stream(bare, "subscription { count(to: 1) }", accept=accept) as answer:
            assert answer.response.status_code == 400
            (error,) = json.loads(await answer.response.aread())["errors"]
            assert "text/event-stream" in error["message"]
    async with stream(bare, "subscription { count(to: 1) }", accept="multipart/mixed") as answer:
        assert answer.response.status_code == 406


async def test_in_silence_something_is_sent_that_says_nothing(hear: Hear) -> None:
    heard = await hear(socket_heartbeat_s=0.05)
    async with stream(heard, NEWS) as events:
        assert [await events.any() for _ in range(4)] == [Event("comment")] * 4
        heard.station.radio.publish(2)
        assert await events.next() == Event("next", {"data": {"news": {"number": 2, "even": 2}}})


async def test_apollo_gets_parts_that_are_whole_at_once(hear: Hear) -> None:
    heard = await hear(socket_heartbeat_s=0.05)
    async with stream(heard, NEWS, accept=PARTS) as parts:
        kind = parts.response.headers["content-type"]
        assert kind == 'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0'
        await heard.until(lambda: heard.station.radio.begun == 1)
        found, left = [], ""
        texts = parts.response.aiter_text()
        while {} not in found:
            left += await anext(texts)
            *whole, left = left.split("\r\n--graphql")
            found += [json.loads(part.partition("\r\n\r\n")[2]) for part in whole]
        heard.station.radio.publish(2)
        heard.station.radio.publish(None)
        async for text in texts:
            left += text
        *whole, end = left.split("\r\n--graphql")
        found += [json.loads(part.partition("\r\n\r\n")[2]) for part in whole]
        assert [part for part in found if part] == [{"payload": {"data": {"news": {"number": 2, "even": 2}}}}]
        assert end == "--\r\n"


async def test_a_client_that_goes_leaves_nothing_behind(bare: Heard) -> None:
    radio = bare.station.radio
    async with stream(bare, NEWS), stream(bare, NEWS, accept=PARTS):
        await bare.until(lambda: radio.begun == 2)
        assert (bare.open(Transport.EVENTS), bare.open(Transport.PARTS)) == (1, 1)
    await bare.until(lambda: radio.ended == 2 and not bare.live.sockets.open)


async def test_a_browser_s_cookie_goes_with_our_own_pages_alone(bare: Heard) -> None:
    bare.station.people.known["ada"] = Viewer(1)
    whose = "subscription { news { viewer } }"
    async with stream(bare, whose, "GET", cookie="radio=ada", sec_fetch_site="same-origin") as refused:
        assert refused.response.status_code == 403  # a header of another name: nobody vouches
    headers = {"cookie": "radio=ada", "sec-fetch-site": "same-origin"}
    async with stream(bare, whose, "GET", **headers) as events:
        await bare.until(lambda: bare.station.radio.begun == 1)
        bare.station.radio.publish(1)
        assert (await events.next()).data == {"data": {"news": {"viewer": "user:1"}}}
    async with stream(bare, whose, "GET", **headers | {"sec-fetch-site": "cross-site"}) as refused:
        assert refused.response.status_code == 403
    async with stream(bare, whose, authorization="Bearer nobody's") as refused:
        assert refused.response.status_code == 401


async def test_a_stream_is_counted_as_begun_and_its_hours_are_no_duration(bare: Heard) -> None:
    async with stream(bare, NEWS) as events:
        await bare.until(lambda: bare.station.radio.begun == 1)
        await asyncio.sleep(1.2)
        bare.station.radio.publish(None)
        assert await events.next() == Event("complete")
    await bare.until(lambda: not bare.live.sockets.open)
    figures = await bare.figures()
    assert figures['trellis_http_requests_total{path="/graphql",status="200"}'] == 1
    assert figures['trellis_http_request_duration_seconds_sum{path="/graphql"}'] < 1
    assert figures['trellis_sockets_closed_total{code="1000",transport="events"}'] == 1
