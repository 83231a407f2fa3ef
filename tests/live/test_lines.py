"""What the log says of subscriptions: a line when one begins, one when it has ended, and no value of a client."""

from typing import Any

from graph.live import SubscriptionLines
from graph.settings import LoggedOperations
from graph.telemetry.lines import OperationLines
from graph.viewer import Viewer
from tests.live.conftest import Heard
from tests.live.test_streams import Event, stream
from tests.live.wire import SocketClient

TOOLS = "subscription Heard { tools { name shelf { name } } }"


def written(heard: Heard) -> list[dict[str, Any]]:
    """The lines of a server, from now on."""
    lines: list[dict[str, Any]] = []

    def write(line: Any) -> None:
        lines.append(dict(line))

    heard.app.state.listeners.add(OperationLines(write, LoggedOperations.ALL, 0))
    heard.live.listeners.append(SubscriptionLines(write))
    return lines


async def test_a_line_for_the_start_and_one_for_the_end_with_what_there_was_in_between(heard: Heard) -> None:
    lines = written(heard)
    heard.station.people.known["ada"] = Viewer(1)
    client = await SocketClient.begun(
        heard.origin, {"authorization": "Bearer ada"}, x_request_id="mine", graphql_client_name="radio"
    )
    await client.subscribe("a", TOOLS)
    await heard.until(lambda: heard.station.radio.begun == 1)
    for _ in range(2):
        heard.station.radio.publish(1)
        await client.payload("a")
    await client.subscribe("b", "{ __typename }")
    await client.payload("b")
    await client.complete("a")
    await heard.until(lambda: len(lines) == 3)
    begun, asked, ended = lines
    assert (begun["event"], begun["type"], begun["operation"], begun["code"]) == (
        "operation",
        "subscription",
        "Heard",
        "OK",
    )
    assert (asked["type"], asked["request_id"]) == ("query", "mine.2")
    assert (ended["event"], ended["operation"], ended["code"]) == ("subscription ended", "Heard", "OK")
    assert ended["request_id"] == begun["request_id"] == "mine.1"
    assert (ended["client"], ended["viewer"], ended["transport"]) == ("radio", 1, "websocket")
    # A tool and its shelf for each event.
    assert (ended["events"], ended["statements"], ended["rows"]) == (2, 4, 4)
    assert ended["bytes"] > 100
    client.leave()


async def test_why_one_has_ended_is_told(heard: Heard) -> None:
    lines = written(heard)
    async with await SocketClient.begun(heard.origin) as client, stream(heard, TOOLS) as events:
        await client.subscribe("a", "subscription { noise(after: 0) }")
        await client.next()
        await heard.until(lambda: len(lines) == 3)
        await heard.until(lambda: heard.station.radio.begun == 1)
        heard.live.drain()
        while await events.next() != Event("complete"):
            pass
    await heard.until(lambda: len(lines) == 4)
    ended = {line["transport"]: line["code"] for line in lines if line["event"] == "subscription ended"}
    assert ended == {"websocket": "STATIC", "events": "SHUTTING_DOWN"}
