"""What one client may take: sockets, operations, bytes that wait, events in a second. The publisher never waits."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from graph.viewer import Viewer
from tests.live.conftest import Hear, Heard
from tests.live.test_streams import Event, stream
from tests.live.wire import Refused, SocketClient

LONG = "subscription { news { number text(times: 20000) } }"
NEWS = "subscription { news { number } }"


async def test_a_slow_reader_is_closed_and_nobody_else_notices(hear: Hear) -> None:
    heard = await hear(max_socket_bytes=100_000, max_socket_events=10_000)
    radio = heard.station.radio
    async with (
        await SocketClient.begun(heard.origin) as slow,
        await SocketClient.begun(heard.origin) as quick,
    ):
        await slow.subscribe("a", LONG)
        await slow.subscribe("b", NEWS)
        await quick.subscribe("a", NEWS)
        await heard.until(lambda: radio.begun == 3)
        published = 0
        async with asyncio.timeout(60):
            while radio.ended < 2:  # until the socket is full, and the kernel's buffers before it
                radio.publish(published)
                assert (await quick.payload("a"))["data"]["news"]["number"] == published
                published += 1
                waiting = list(heard.live.sockets.open)
                assert all(socket._outbox.bytes <= 120_000 for socket in waiting)  # type: ignore[attr-defined]  # noqa: SLF001
        assert (await slow.closed()).code == 1013
    await heard.until(lambda: radio.ended == 3 and not heard.open())
    assert (await heard.figures())['trellis_sockets_closed_total{code="1013",transport="websocket"}'] == 1


async def test_a_slow_reader_of_a_stream_is_told_so_and_ends(hear: Hear) -> None:
    heard = await hear(max_socket_bytes=100_000, max_socket_events=10_000)
    radio = heard.station.radio
    async with stream(heard, LONG) as events:
        await heard.until(lambda: radio.begun == 1)
        async with asyncio.timeout(60):
            while not radio.ended:
                radio.publish(1)
                await asyncio.sleep(0)
        kinds: list[Event] = []
        while not kinds or kinds[-1].kind != "complete":
            kinds.append(await events.next())
        assert kinds[-2].data["errors"][0]["extensions"]["code"] == "TOO_SLOW"
    await heard.until(lambda: not heard.live.sockets.open)


async def test_a_slow_reader_who_never_reads_is_cut_off(hear: Hear) -> None:
    heard = await hear(max_socket_bytes=50_000, max_socket_events=10_000, write_timeout_s=0.5)
    radio = heard.station.radio
    async with await SocketClient.begun(heard.origin) as slow:
        await slow.subscribe("a", LONG)
        await heard.until(lambda: radio.begun == 1)
        async with asyncio.timeout(60):
            while not radio.ended:
                radio.publish(1)
                await asyncio.sleep(0)
        await heard.until(lambda: heard.gate.connections == 0)


async def test_so_many_operations_and_no_more(hear: Hear) -> None:
    heard = await hear(max_socket_operations=3)
    async with await SocketClient.begun(heard.origin) as client:
        for number in range(4):
            await client.subscribe(str(number), NEWS)
        message = await client.next()
        assert (message["type"], message["id"]) == ("error", "3")
        assert message["payload"][0]["extensions"] == {"code": "TOO_MANY_OPERATIONS", "allowed": 3}
        await client.complete("0")
        await heard.until(lambda: heard.station.radio.ended == 1)
        await client.subscribe("3", "subscription { count(to: 1) }")
        assert await client.payload("3") == {"data": {"count": 1}}


async def test_so_many_sockets_and_streams_together(hear: Hear) -> None:
    heard = await hear(max_sockets=2, max_sockets_per_address=0)
    async with await SocketClient.begun(heard.origin) as first, stream(heard, NEWS):
        with pytest.raises(Refused) as refused:
            await SocketClient.open(heard.origin)
        assert (refused.value.status, refused.value.code) == (503, "OVERLOADED")
        async with stream(heard, NEWS) as full:
            assert full.response.status_code == 503
        await first.close()
        await heard.until(lambda: len(heard.live.sockets.open) == 1)
        await (await SocketClient.begun(heard.origin)).close()
    assert (await heard.figures())['trellis_sockets_refused_total{reason="total"}'] == 2


async def test_so_many_of_one_address(hear: Hear) -> None:
    heard = await hear(max_sockets_per_address=2)
    async with await SocketClient.begun(heard.origin), await SocketClient.begun(heard.origin):
        with pytest.raises(Refused) as refused:
            await SocketClient.open(heard.origin)
        assert (refused.value.status, refused.value.code) == (429, "RATE_LIMITED")
    await heard.until(lambda: not heard.open())
    await (await SocketClient.begun(heard.origin)).close()


async def test_so_many_of_one_viewer(hear: Hear) -> None:
    heard = await hear(max_sockets_per_viewer=1)
    heard.station.people.known["ada"], heard.station.people.known["bo"] = Viewer(1), Viewer(2)
    ada, bo = {"authorization": "Bearer ada"}, {"authorization": "Bearer bo"}
    async with await SocketClient.begun(heard.origin, ada), await SocketClient.begun(heard.origin, bo):
        async with await SocketClient.open(heard.origin) as third:
            await third.send(type="connection_init", payload=ada)
            assert (await third.closed()).code == 1013
        async with stream(heard, NEWS, **ada) as fourth:
            assert fourth.response.status_code == 429
        await (await SocketClient.begun(heard.origin)).close()  # nobody is no viewer
    await heard.until(lambda: not heard.live.sockets.open)
    await (await SocketClient.begun(heard.origin, ada)).close()


async def test_events_beyond_so_many_in_a_second_wait_their_turn(hear: Hear) -> None:
    heard = await hear(max_socket_events=20)
    async with await SocketClient.begun(heard.origin) as client:
        await client.subscribe("a", "subscription { count(to: 60) }")
        began = asyncio.get_running_loop().time()
        assert [(await client.payload("a"))["data"]["count"] for _ in range(60)] == list(range(1, 61))
        # Twenty at once, and twenty in each second afterwards: no faster, however fast the machine is.
        assert asyncio.get_running_loop().time() - began >= 1.9


async def test_two_hundred_sockets_with_a_hundred_subscriptions_each_meet_limits_and_all_are_cleaned_up(
    hear: Hear,
) -> None:
    heard = await hear(
        max_sockets=60, max_sockets_per_address=0, max_connections_per_address=0, max_socket_operations=20
    )
    radio = heard.station.radio
    refused, refusals = 0, set[int]()
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(200):
            try:
                clients.append(await SocketClient.begun(heard.origin))
            except Refused as error:
                refusals.add(error.status)
                refused += 1
        for client in clients:
            stack.callback(client.leave)
        assert (len(clients), refused, refusals) == (60, 140, {503})
        for client in clients:
            for number in range(100):
                client.queue(str(number), NEWS)
            await client.drain()
        for client in clients:
            errors = [await client.next() for _ in range(80)]
            assert {message["type"] for message in errors} == {"error"}
        await heard.until(lambda: radio.begun == 60 * 20)
        radio.publish(7)
        for client in clients:
            told = [await client.next() for _ in range(20)]
            assert all(message["payload"] == {"data": {"news": {"number": 7}}} for message in told)
    await heard.until(lambda: radio.ended == 60 * 20 and not heard.open())
    assert heard.gate.connections == 0


async def test_what_is_open_is_told(heard: Heard) -> None:
    async with await SocketClient.begun(heard.origin) as client, stream(heard, NEWS):
        await client.subscribe("a", NEWS)
        await heard.until(lambda: heard.station.radio.begun == 2)
        heard.station.radio.publish(1)
        await client.payload("a")
        figures = await heard.figures()
        assert figures['trellis_sockets{transport="websocket"}'] == 1
        assert figures['trellis_sockets{transport="events"}'] == 1
        assert figures['trellis_socket_operations{transport="websocket"}'] == 1
        assert figures["trellis_max_sockets"] == 500
        assert figures["trellis_socket_answers_total"] == 2
