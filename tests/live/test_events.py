"""Every event is an operation with a session and a view of its own, and between events nothing is held."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from db.session.engines import Engines
from tests.databases import Database, StatementRecorder
from tests.entity.serving import settings_of
from tests.live.conftest import Hear, Heard
from tests.live.wire import SocketClient

TOOLS = "subscription { tools { name weight shelf { name } } }"


async def pool(heard: Heard) -> tuple[float, float]:
    """How many connections are checked out, and how many transactions of ours are under way."""
    figures = await heard.figures()
    return (
        figures['trellis_pool_connections{pool="primary",state="checked_out"}'],
        figures['trellis_admission_in_flight{gate="primary"}'],
    )


async def change(database: Database, statement: str) -> None:
    engines = Engines(settings_of(database))
    async with engines.writing().begin() as connection:
        await connection.execute(text(statement))
    await engines.dispose()


async def told(client: SocketClient, id_: str) -> Any:
    payload = await client.payload(id_)
    assert "errors" not in payload, payload
    return payload["data"]["tools"]


async def test_a_row_that_an_event_names_is_read_as_it_is_then_and_nothing_is_held_between(
    heard: Heard, workshop: Database, statements: StatementRecorder
) -> None:
    axe = {"name": "Axe", "weight": 900, "shelf": {"name": "Left"}}
    async with await SocketClient.begun(heard.origin) as client:
        with statements() as seen:
            await client.subscribe("a", TOOLS)
            await heard.until(lambda: heard.station.radio.begun == 1)
        assert len(seen) == 0  # a subscription begins without a statement
        assert await pool(heard) == (0, 0)
        with statements() as seen:
            heard.station.radio.publish(1)
            assert await told(client, "a") == axe
        # The tool, and its shelf.
        assert len(seen) == 2
        assert await pool(heard) == (0, 0)
        await change(workshop, "UPDATE tools SET name = 'Hatchet' WHERE id = 1")
        heard.station.radio.publish(1)
        assert await told(client, "a") == {**axe, "name": "Hatchet"}
        heard.station.radio.publish(404)
        assert await told(client, "a") is None
        assert await pool(heard) == (0, 0)


async def test_as_many_subscriptions_as_one_likes_hold_no_connection(hear: Hear) -> None:
    heard = await hear()  # with five connections
    async with await SocketClient.begun(heard.origin) as client:
        for number in range(50):
            await client.subscribe(str(number), TOOLS)
        await heard.until(lambda: heard.station.radio.begun == 50)
        assert await pool(heard) == (0, 0)
        heard.station.radio.publish(1)
        told_to = {(await client.next())["id"] for _ in range(50)}
        assert told_to == {str(number) for number in range(50)}
        assert await pool(heard) == (0, 0)


async def test_a_source_has_no_session_and_is_told_what_to_do(heard: Heard, caplog: pytest.LogCaptureFixture) -> None:
    async with await SocketClient.begun(heard.origin) as client:
        await client.subscribe("a", "subscription { careless }")
        message = await client.next()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "INTERNAL_SERVER_ERROR")
        assert "async with info.context.reading() as context" in caplog.text


async def test_a_source_reads_in_a_block_and_holds_nothing_afterwards(heard: Heard) -> None:
    async with await SocketClient.begun(heard.origin) as client:
        await client.subscribe("a", "subscription { careful }")
        await heard.until(lambda: heard.station.radio.begun == 1)
        for number in (10, 20):
            heard.station.radio.publish(number)
            payload = await client.payload("a")
            assert payload["data"]["careful"] > number  # with the number of tools
            assert await pool(heard) == (0, 0)


async def test_a_source_that_yields_while_it_holds_a_connection_is_ended(
    heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    async with await SocketClient.begun(heard.origin) as client:
        await client.subscribe("a", "subscription { holding }")
        message = await client.next()
        assert message["type"] == "error"
        assert "leave the block before `yield`" in caplog.text
        await heard.until(lambda: not heard.live.sockets.operations["websocket"])  # type: ignore[index]
        assert await pool(heard) == (0, 0)


async def test_an_event_is_held_to_the_limits_of_an_operation(hear: Hear) -> None:
    heard = await hear(max_statements=1, max_answer_bytes=4_096)
    async with await SocketClient.begun(heard.origin) as client:
        await client.subscribe("a", TOOLS)
        message = await client.next()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "TOO_COSTLY")
        await client.subscribe("b", "subscription { news { text(times: 10000) } }")
        await heard.until(lambda: heard.station.radio.begun == 1)
        heard.station.radio.publish(1)
        payload = await client.payload("b")
        assert [error["extensions"]["code"] for error in payload["errors"]] == ["TOO_COSTLY"]


async def test_starts_are_counted_as_operations_and_events_are_not(hear: Hear) -> None:
    heard = await hear(rate_limit_per_address="4/minute")
    # The subscription takes three points for the row that an event may name, each of the others one.
    async with await SocketClient.begun(heard.origin) as client:
        await client.subscribe("a", "subscription { news { number } }")
        await heard.until(lambda: heard.station.radio.begun == 1)
        for number in range(5):
            heard.station.radio.publish(number)
        assert [(await client.payload("a"))["data"]["news"]["number"] for _ in range(5)] == list(range(5))
        codes = []
        for number in range(3):
            await client.subscribe(str(number), "subscription { count(to: 0) }")
            message = await client.next()
            codes.append(message["payload"][0]["extensions"]["code"] if message["type"] == "error" else "begun")
        assert codes == ["begun", "RATE_LIMITED", "RATE_LIMITED"]


async def test_events_wait_for_a_place_and_none_is_lost(hear: Hear) -> None:
    heard = await hear(max_in_flight=1, max_queued=1, queue_timeout_s=0.2)
    async with await SocketClient.begun(heard.origin) as client:
        for number in range(8):
            await client.subscribe(str(number), TOOLS)
        await heard.until(lambda: heard.station.radio.begun == 8)
        heard.station.radio.publish(1)
        async with asyncio.timeout(30):
            found = [await client.next() for _ in range(8)]
        assert {message["id"] for message in found} == {str(number) for number in range(8)}
        assert all("errors" not in message["payload"] for message in found)
