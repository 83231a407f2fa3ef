"""Whoever is open is asked for again: credentials that do not hold any more end a socket, within seconds."""

import pytest

from graph.viewer import Viewer
from tests.live.conftest import Hear, Heard
from tests.live.radio import without
from tests.live.test_streams import Event, stream
from tests.live.wire import SocketClient

WHOSE = "subscription { news { viewer } }"
ADA = {"authorization": "Bearer ada"}
SOON_S = 0.05


@pytest.fixture
async def quick(hear: Hear) -> Heard:
    """A station that asks twenty times a second."""
    heard = await hear(socket_identity_s=SOON_S)
    heard.station.people.known["ada"] = Viewer(1, frozenset({"editor", "author"}))
    return heard


async def test_who_is_signed_out_is_closed_with_4403(quick: Heard) -> None:
    async with await SocketClient.begun(quick.origin, ADA) as client:
        await client.subscribe("a", WHOSE)
        await quick.until(lambda: quick.station.radio.begun == 1)
        del quick.station.people.known["ada"]
        assert (await client.closed()).code == 4403
    await quick.until(lambda: quick.station.radio.ended == 1 and not quick.open())


async def test_who_is_signed_out_reads_so_in_a_stream_which_is_complete_then(quick: Heard) -> None:
    async with stream(quick, WHOSE, **ADA) as events:
        await quick.until(lambda: quick.station.radio.begun == 1)
        del quick.station.people.known["ada"]
        told = await events.next()
        assert [error["extensions"]["code"] for error in told.data["errors"]] == ["UNAUTHENTICATED"]
        assert await events.next() == Event("complete")
    await quick.until(lambda: quick.station.radio.ended == 1)


async def test_who_has_lost_a_role_subscribes_again_and_sees_what_is_left(quick: Heard) -> None:
    people = quick.station.people.known
    async with await SocketClient.begun(quick.origin, ADA) as client:
        await client.subscribe("a", WHOSE)
        await quick.until(lambda: quick.station.radio.begun == 1)
        people["ada"] = without(people["ada"], "editor")
        message = await client.next()
        assert (message["type"], message["id"]) == ("error", "a")
        assert message["payload"][0]["extensions"]["code"] == "IDENTITY_CHANGED"
        await quick.until(lambda: quick.station.radio.ended == 1)
        await client.subscribe("a", WHOSE)
        await quick.until(lambda: quick.station.radio.begun == 2)
        quick.station.radio.publish(1)
        assert await client.payload("a") == {"data": {"news": {"viewer": "user:1"}}}


async def test_those_with_the_same_credentials_are_asked_for_together(quick: Heard) -> None:
    clients = [await SocketClient.begun(quick.origin, ADA) for _ in range(20)]
    asked = quick.station.people.asked
    await quick.until(lambda: quick.station.people.asked >= asked + 4)
    # Once for all of them each time; one by one, four would be asked for in the first round alone.
    rounds = {socket.caller.asked_at_s for socket in quick.live.sockets.open if socket.caller is not None}
    assert len(rounds) == 1
    for client in clients:
        client.leave()


async def test_who_cannot_be_asked_for_is_believed_for_a_while(quick: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    async with await SocketClient.begun(quick.origin, ADA) as client:
        await client.subscribe("a", WHOSE)
        await quick.until(lambda: quick.station.radio.begun == 1)
        failed = 0

        async def unknown(_caller: object) -> Viewer:
            nonlocal failed
            failed += 1
            raise ConnectionError("nobody answers")

        monkeypatch.setattr(quick.live.sockets, "_identify", unknown)
        await quick.until(lambda: failed > 2)
        quick.station.radio.publish(1)
        assert await client.payload("a") == {"data": {"news": {"viewer": "user:1"}}}
        monkeypatch.setattr("graph.live.sockets.PATIENCE_S", 0.0)
        assert (await client.closed()).code == 1013
