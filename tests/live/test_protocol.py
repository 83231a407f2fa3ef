"""graphql-transport-ws, case by case, with a client that may do everything wrong.

Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
import json

import pytest

from graph.viewer import Viewer
from tests.live.conftest import Hear, Heard
from tests.live.wire import Refused, SocketClient
from tests.serving.wire import Raw

COUNT = "subscription ($to: Int!) { count(to: $to) }"
NEWS = "subscription { news { number even } }"


async def test_a_socket_begins_with_init_and_ack(bare: Heard) -> None:
    async with await SocketClient.open(bare.origin) as client:
        assert client.subprotocol == "graphql-transport-ws"
        await client.send(type="connection_init")
        assert await client.next() == {"type": "connection_ack"}


async def test_events_come_in_order_and_the_end_is_told(bare: Heard) -> None:
    async with await SocketClient.begun(bare.origin) as client:
        await client.subscribe("a", COUNT, to=3)
        assert [await client.payload("a") for _ in range(3)] == [{"data": {"count": n}} for n in (1, 2, 3)]
        assert await client.next() == {"type": "complete", "id": "a"}
        await client.subscribe("a", COUNT, to=1)  # the id is free again
        assert await client.payload("a") == {"data": {"count": 1}}


async def test_operations_do_not_wait_for_each_other(bare: Heard) -> None:
    async with await SocketClient.begun(bare.origin) as client:
        await client.subscribe("news", NEWS)
        await bare.until(lambda: bare.station.radio.begun == 1)
        await client.subscribe("count", COUNT, to=1)
        assert await client.payload("count") == {"data": {"count": 1}}
        assert await client.next() == {"type": "complete", "id": "count"}
        bare.station.radio.publish(2)
        assert await client.payload("news") == {"data": {"news": {"number": 2, "even": 2}}}


async def test_queries_and_mutations_go_over_the_socket_too(bare: Heard) -> None:
    async with await SocketClient.begun(bare.origin) as client:
        await client.subscribe("1", "{ __typename }")
        assert await client.payload("1") == {"data": {"__typename": "Query"}}
        assert await client.next() == {"type": "complete", "id": "1"}
        await client.subscribe("news", NEWS)
        await bare.until(lambda: bare.station.radio.begun == 1)
        await client.subscribe("2", "mutation { say(number: 4) }")
        said = [await client.next() for _ in range(3)]
        assert {"type": "next", "id": "2", "payload": {"data": {"say": 4}}} in said
        assert {"type": "next", "id": "news", "payload": {"data": {"news": {"number": 4, "even": 4}}}} in said


async def test_an_error_of_one_event_does_not_end_the_subscription(bare: Heard) -> None:
    async with await SocketClient.begun(bare.origin) as client:
        await client.subscribe("a", NEWS)
        await bare.until(lambda: bare.station.radio.begun == 1)
        for number in (1, 2):
            bare.station.radio.publish(number)
        first, second = await client.payload("a"), await client.payload("a")
        assert first["data"] == {"news": {"number": 1, "even": None}}
        assert [(error["path"], error["extensions"]["code"]) for error in first["errors"]] == [
            (["news", "even"], "STATIC")
        ]
        assert second == {"data": {"news": {"number": 2, "even": 2}}}


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("subscription {", ["GRAPHQL_PARSE_FAILED"]),
        ("subscription { nonsense }", ["GRAPHQL_VALIDATION_FAILED"]),
        ("subscription { count(to: 1) noise(after: 1) }", ["GRAPHQL_VALIDATION_FAILED"]),  # one root field
        ("subscription ($to: Int!) { count(to: $to) }", ["BAD_USER_INPUT"]),
        ("subscription { __typename }", ["GRAPHQL_VALIDATION_FAILED"]),
    ],
)
async def test_what_cannot_be_run_is_an_error_and_the_socket_goes_on(bare: Heard, query: str, codes: list[str]) -> None:
    async with await SocketClient.begun(bare.origin) as client:
        await client.send(id="a", type="subscribe", payload={"query": query})
        message = await client.next()
        assert (message["type"], message["id"]) == ("error", "a")
        assert [error["extensions"]["code"] for error in message["payload"]] == codes
        await client.subscribe("a", COUNT, to=1)
        assert await client.payload("a") == {"data": {"count": 1}}


async def test_a_source_that_fails_ends_its_subscription_with_the_error(bare: Heard) -> None:
    async with await SocketClient.begun(bare.origin) as client:
        await client.subscribe("a", "subscription { noise(after: 1) }")
        assert await client.payload("a") == {"data": {"noise": 0}}
        message = await client.next()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "STATIC")


async def test_our_own_faults_are_masked(bare: Heard, caplog: pytest.LogCaptureFixture) -> None:
    async with await SocketClient.begun(bare.origin) as client:
        await client.subscribe("a", "subscription { fault }")
        assert await client.payload("a") == {"data": {"fault": 1}}
        message = await client.next()
    (error,) = message["payload"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "secret" not in json.dumps(message)
    assert error["extensions"]["id"] in caplog.text


async def test_a_client_completes_and_the_generator_has_done_its_finally(bare: Heard) -> None:
    radio = bare.station.radio
    async with await SocketClient.begun(bare.origin) as client:
        await client.subscribe("a", NEWS)
        await client.subscribe("b", NEWS)
        await bare.until(lambda: radio.begun == 2)
        await client.complete("a")
        await bare.until(lambda: radio.ended == 1)
        radio.publish(2)
        assert await client.payload("b") == {"data": {"news": {"number": 2, "even": 2}}}
        await client.complete("nobody")  # too late is no mistake
        await client.complete("b")
        await bare.until(lambda: radio.ended == 2)
    await bare.until(lambda: not bare.open())


@pytest.mark.parametrize("how", ["close", "leave"])
async def test_a_client_that_goes_leaves_nothing_behind(bare: Heard, how: str) -> None:
    radio = bare.station.radio
    client = await SocketClient.begun(bare.origin)
    for number in range(5):
        await client.subscribe(str(number), NEWS)
    await bare.until(lambda: radio.begun == 5)
    await (client.close() if how == "close" else asyncio.to_thread(client.leave))
    await bare.until(lambda: radio.ended == 5 and not bare.open())
    assert bare.gate.connections == 0
    figures = await bare.figures()
    assert figures['trellis_socket_operations{transport="websocket"}'] == 0


async def test_pings_are_answered_with_what_they_carry_before_and_after_the_ack(bare: Heard) -> None:
    async with await SocketClient.open(bare.origin) as client:
        await client.send(type="ping")
        assert await client.next() == {"type": "pong"}
        await client.send(type="connection_init", payload={"anything": 1})
        assert await client.next() == {"type": "connection_ack"}
        await client.send(type="ping", payload={"a": [1, 2.5]})
        assert await client.next() == {"type": "pong", "payload": {"a": [1, 2.5]}}
        await client.send(type="pong")  # nobody asked, and nobody minds
        await client.send(type="ping")
        assert await client.next() == {"type": "pong"}


INVALID = {
    "no JSON": "hello",
    "half of it": '{"type": "ping"',
    "a list": "[]",
    "a text": '"ping"',
    "no type": "{}",
    "a type that is no text": '{"type": 1}',
    "an unknown type": '{"type": "start", "id": "1"}',
    "a type of the server's": '{"type": "next", "id": "1", "payload": {}}',
    "a payload that is no object": '{"type": "ping", "payload": 1}',
    "no id": '{"type": "subscribe", "payload": {"query": "{ __typename }"}}',
    "an id that is no text": '{"type": "subscribe", "id": 1, "payload": {"query": "{ __typename }"}}',
    "an empty id": '{"type": "subscribe", "id": "", "payload": {"query": "{ __typename }"}}',
    "an id without an end": json.dumps({"type": "subscribe", "id": "x" * 201, "payload": {"query": "{ __typename }"}}),
    "no payload": '{"type": "subscribe", "id": "1"}',
    "no query": '{"type": "subscribe", "id": "1", "payload": {}}',
    "a query that is no text": '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
    "variables that are no object": '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": []}}',
    "nested 5,000 deep": '{"type": "ping", "payload": {"a": ' + "[" * 5_000 + "]" * 5_000 + "}}",
    "not a number": '{"type": "ping", "payload": {"a": NaN}}',
}


@pytest.mark.parametrize("text", INVALID.values(), ids=INVALID.keys())
async def test_whatever_is_no_message_closes_with_4400(bare: Heard, text: str) -> None:
    async with await SocketClient.begun(bare.origin) as client:
        await client.send_text(text)
        closed = await client.closed()
        assert closed.code == 4400
        assert closed.reason.startswith("Invalid message")
    await bare.until(lambda: not bare.open())


async def test_bytes_close_with_4400(bare: Heard) -> None:
    async with await SocketClient.begun(bare.origin) as client:
        await client.send_bytes(b'{"type": "ping"}')
        assert (await client.closed()).code == 4400


async def test_who_subscribes_before_the_ack_is_closed_with_4401(bare: Heard) -> None:
    async with await SocketClient.open(bare.origin) as client:
        await client.subscribe("a", COUNT, to=1)
        assert (await client.closed()).code == 4401


async def test_who_is_not_believed_is_closed_with_4403(bare: Heard) -> None:
    async with await SocketClient.open(bare.origin) as client:
        await client.send(type="connection_init", payload={"Authorization": "Bearer nobody's"})
        assert (await client.closed()).code == 4403


async def test_two_inits_close_with_4429(bare: Heard) -> None:
    async with await SocketClient.begun(bare.origin) as client:
        await client.send(type="connection_init")
        assert (await client.closed()).code == 4429


async def test_an_id_that_is_under_way_closes_with_4409(bare: Heard) -> None:
    async with await SocketClient.begun(bare.origin) as client:
        await client.subscribe("a", NEWS)
        await client.subscribe("a", NEWS)
        closed = await client.closed()
        assert (closed.code, closed.reason) == (4409, "Subscriber for a already exists")
    await bare.until(lambda: bare.station.radio.begun == bare.station.radio.ended)


async def test_who_does_not_begin_is_closed_with_4408(hear: Hear) -> None:
    heard = await hear(socket_init_s=0.1)
    async with await SocketClient.open(heard.origin) as client:
        assert (await client.closed()).code == 4408
    async with await SocketClient.begun(heard.origin) as client:
        await client.subscribe("a", NEWS)
        await heard.until(lambda: heard.station.radio.begun == 1)
        await asyncio.sleep(0.3)  # the time is over, and the socket goes on
        heard.station.radio.publish(2)
        assert await client.payload("a") == {"data": {"news": {"number": 2, "even": 2}}}


@pytest.mark.parametrize("offered", [("graphql-ws",), ("something-else",), ("",)])
async def test_other_protocols_are_refused_with_4406(bare: Heard, offered: tuple[str, ...]) -> None:
    async with await SocketClient.open(bare.origin, *offered) as client:
        assert client.subprotocol == ("graphql-ws" if offered == ("graphql-ws",) else None)
        closed = await client.closed()
        assert closed.code == 4406
        assert "graphql-transport-ws" in closed.reason
    await bare.until(lambda: not bare.open())


async def test_ours_is_taken_of_several(bare: Heard) -> None:
    async with await SocketClient.open(bare.origin, "graphql-ws", "graphql-transport-ws") as client:
        assert client.subprotocol == "graphql-transport-ws"


async def test_a_socket_on_which_nothing_is_under_way_ends_after_a_while(hear: Hear) -> None:
    heard = await hear(socket_idle_s=0.2)
    async with await SocketClient.begun(heard.origin) as client:
        await client.subscribe("a", NEWS)
        await heard.until(lambda: heard.station.radio.begun == 1)
        await asyncio.sleep(0.4)
        heard.station.radio.publish(2)
        assert await client.payload("a") == {"data": {"news": {"number": 2, "even": 2}}}
        await client.complete("a")
        assert (await client.closed()).code == 1000


# Frames


async def test_invalid_utf_8_is_said_to_be_so(bare: Heard) -> None:
    async with await SocketClient.begun(bare.origin) as client:
        await client.send_raw(b"\x81\x82\x00\x00\x00\x00\xc3\x28")
        assert (await client.closed()).code == 1007
    await bare.until(lambda: not bare.open())


async def test_a_frame_without_a_mask_is_refused(bare: Heard) -> None:
    async with await SocketClient.begun(bare.origin) as client:
        await client.send_raw(b"\x81\x02{}")
        assert (await client.closed()).code == 1002
    await bare.until(lambda: not bare.open())


@pytest.mark.parametrize("parts", [1, 8])
async def test_a_message_beyond_the_bound_is_refused_while_it_arrives(hear: Hear, parts: int) -> None:
    heard = await hear(max_body_bytes=4_096)
    async with await SocketClient.begun(heard.origin) as client:
        part = b"x" * (8_192 // parts)
        for number in range(parts):
            first, last = number == 0, number == parts - 1
            head = bytes([(0x80 if last else 0) | (1 if first else 0), 0x80 | 126])
            await client.send_raw(head + len(part).to_bytes(2, "big") + b"\0\0\0\0" + part)
        assert (await client.closed()).code == 1009
    await heard.until(lambda: not heard.open())


async def test_a_frame_that_says_to_be_huge_takes_no_memory(bare: Heard) -> None:
    async with await SocketClient.begun(bare.origin) as client:
        await client.send_raw(b"\x81\xff" + (2**62).to_bytes(8, "big") + b"\0\0\0\0" + b"x" * 300_000)
        assert (await client.closed()).code in (1009, 1002)
    await bare.until(lambda: not bare.open())


async def test_a_flood_of_pings_that_nobody_reads_the_answers_of_ends(
    hear: Hear,
) -> None:
    heard = await hear(write_timeout_s=0.5)
    async with await SocketClient.begun(heard.origin) as client:
        ping = b"\x89\xfd\0\0\0\0" + b"x" * 125
        async with asyncio.timeout(30):
            while heard.open():
                try:
                    await client.send_raw(ping * 1_000)
                except ConnectionError:
                    break
                if client.writer.is_closing():
                    break
                await asyncio.sleep(0)
    await heard.until(lambda: not heard.open())


async def test_a_handshake_that_is_none_is_refused_over_http(bare: Heard) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(bare.origin.rpartition(":")[2]))
    raw = Raw(reader, writer)
    await raw.send(b"GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    assert (await raw.rest()).startswith(b"HTTP/1.1 4")
    raw.close()
    await bare.until(lambda: bare.gate.connections == 0)


# Who may open one


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("http://evil.example.org", False), ("null", False), ("https://app.example.org", True), (None, True)],
)
async def test_pages_of_other_origins_open_none(hear: Hear, origin: str | None, allowed: bool) -> None:
    heard = await hear(cors_origins=("https://app.example.org",))
    headers = {} if origin is None else {"origin": origin}
    if allowed:
        await (await SocketClient.begun(heard.origin, **headers)).close()
    else:
        with pytest.raises(Refused) as refused:
            await SocketClient.open(heard.origin, **headers)
        assert refused.value.status == 403
    own = await SocketClient.begun(heard.origin, origin=heard.origin)
    await own.close()


async def test_a_cookie_is_believed_for_our_own_pages_and_a_token_goes_before_it(bare: Heard) -> None:
    people = bare.station.people.known
    people["ada"], people["bo"] = Viewer(1), Viewer(2)
    whose = "subscription { news { viewer } }"
    for payload, headers, name in (
        (None, {"cookie": "radio=ada", "origin": bare.origin}, "user:1"),
        ({"authorization": "Bearer bo"}, {"cookie": "radio=ada", "origin": bare.origin}, "user:2"),
        (None, {"authorization": "Bearer bo"}, "user:2"),
        (None, {}, "nobody"),
    ):
        begun = bare.station.radio.begun
        async with await SocketClient.begun(bare.origin, payload, **headers) as client:
            await client.subscribe("a", whose)
            await bare.until(lambda begun=begun: bare.station.radio.begun > begun)  # type: ignore[misc]
            bare.station.radio.publish(2)
            assert await client.payload("a") == {"data": {"news": {"viewer": name}}}
    async with await SocketClient.open(bare.origin, cookie="radio=ada") as client:
        await client.send(type="connection_init")
        assert (await client.closed()).code == 4403  # nobody says that it is one of our pages


async def test_sockets_are_off_where_settings_say_so(hear: Hear) -> None:
    heard = await hear(max_sockets=0)
    with pytest.raises(Refused) as refused:
        await SocketClient.open(heard.origin)
    assert refused.value.status in (403, 404)


async def test_a_strict_server_subscribes_to_registered_documents_alone(hear: Hear) -> None:
    heard = await hear(documents="strict")
    async with await SocketClient.begun(heard.origin) as client:
        await client.subscribe("a", COUNT, to=1)
        message = await client.next()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "PERSISTED_DOCUMENT_REQUIRED"
        await client.send(id="b", type="subscribe", payload={"documentId": "sha256:" + "0" * 64})
        message = await client.next()
        assert message["payload"][0]["extensions"]["code"] == "PERSISTED_DOCUMENT_NOT_FOUND"


async def test_without_introspection_a_socket_does_not_tell_the_schema_either(hear: Hear) -> None:
    heard = await hear(introspection=False)
    async with await SocketClient.begun(heard.origin) as client:
        await client.subscribe("a", "{ __schema { description } }")
        message = await client.next()
        assert message["type"] == "error"
        await client.subscribe("a", "subscription { coun(to: 1) }")
        message = await client.next()
        assert "count" not in message["payload"][0]["message"]
