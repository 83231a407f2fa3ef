"""`@defer` and `@stream`: parts of an answer come later, to clients that take them, and levels stay batched."""

import json
from typing import Any

import httpx
import pytest

from tests.databases import StatementRecorder
from tests.live.conftest import Hear, Heard
from tests.live.test_streams import Event, stream
from tests.live.wire import SocketClient

PARTS = "multipart/mixed;incrementalSpec=v0.2, application/json"
SHELVES = """{ shelves { nodes { name ...Rest @defer } } }
fragment Rest on Shelf { loud tools(first: 1) { nodes { name shelf { name } } } }"""
FIRST = {"shelves": {"nodes": [{"name": "Left"}, {"name": "Right"}]}}
LATER = [
    {"loud": "LEFT", "tools": {"nodes": [{"name": "Axe", "shelf": {"name": "Left"}}]}},
    {"loud": "RIGHT", "tools": {"nodes": [{"name": "Drill", "shelf": {"name": "Right"}}]}},
]
WHOLE = {
    "shelves": {
        "nodes": [{"name": name, **later} for name, later in zip(("Left", "Right"), LATER, strict=True)],
    }
}


@pytest.fixture
async def patient(hear: Hear) -> Heard:
    """A station that answers in parts."""
    return await hear(incremental=True)


def later_in(parts: list[dict[str, Any]]) -> list[Any]:
    """The data that came later, in one order."""
    found = [each["data"] for part in parts for each in part.get("incremental", ())]
    return sorted(found, key=lambda data: str(data["loud"]))


def check(parts: list[dict[str, Any]]) -> None:
    """See that the parts are those of the shelves."""
    first, *later = parts
    assert first["data"] == FIRST
    assert len(first["pending"]) == 2
    assert [part["hasNext"] for part in parts] == [True] * len(later) + [False]
    assert later_in(later) == LATER


async def multipart(heard: Heard, query: str, accept: str = PARTS) -> list[dict[str, Any]]:
    """The parts of an answer."""
    async with httpx.AsyncClient(base_url=heard.origin, timeout=60, verify=False) as client:
        answer = await client.post("/graphql", json={"query": query}, headers={"accept": accept})
    assert answer.headers["content-type"] == 'multipart/mixed; boundary="-"'
    *whole, end = f"\r\n{answer.text}".split("\r\n---")
    assert end == "--\r\n"
    return [json.loads(part.partition("\r\n\r\n")[2]) for part in whole[1:]]


async def test_parts_come_over_every_transport_and_a_level_that_is_later_is_one_statement(
    patient: Heard, statements: StatementRecorder
) -> None:
    with statements() as seen:
        check(await multipart(patient, SHELVES))
    # The shelves, the tools of both, their shelves.
    assert len(seen) == 3
    check(await multipart(patient, SHELVES, "multipart/mixed"))
    async with stream(patient, SHELVES) as events:
        told = []
        while (event := await events.next()) != Event("complete"):
            told.append(event.data)
        check(told)
    async with await SocketClient.begun(patient.origin) as client:
        await client.subscribe("a", SHELVES)
        parts = [await client.payload("a")]
        while parts[-1]["hasNext"]:
            parts.append(await client.payload("a"))
        check(parts)
        assert await client.next() == {"type": "complete", "id": "a"}


async def test_who_takes_one_answer_gets_it_whole_level_by_level(patient: Heard, statements: StatementRecorder) -> None:
    async with httpx.AsyncClient(base_url=patient.origin, timeout=60, verify=False) as client:
        for accept in ("application/json", "multipart/mixed;deferSpec=20220824,application/json"):
            with statements() as seen:
                answer = await client.post("/graphql", json={"query": SHELVES}, headers={"accept": accept})
            assert answer.json() == {"data": WHOLE}
            assert len(seen) == 3


async def test_a_list_is_streamed(patient: Heard) -> None:
    parts = await multipart(patient, "{ toolNumbers(numbers: [1, 2, 3]) @stream(initialCount: 1) { name } }")
    first, *later = parts
    assert first["data"] == {"toolNumbers": [{"name": "Axe"}]}
    items = [item for part in later for each in part.get("incremental", ()) for item in each.get("items", ())]
    assert [item and item["name"] for item in items] == ["Bench", "Chisel"]


async def test_parts_are_held_to_the_bound_of_an_answer(hear: Hear) -> None:
    heard = await hear(incremental=True, max_answer_bytes=150)
    parts = await multipart(heard, SHELVES)
    assert parts[-1]["errors"][0]["extensions"]["code"] == "TOO_COSTLY"
    assert parts[-1]["hasNext"] is False


async def test_without_the_setting_the_directives_are_unknown(heard: Heard) -> None:
    async with httpx.AsyncClient(base_url=heard.origin, timeout=60, verify=False) as client:
        answer = await client.post("/graphql", json={"query": SHELVES})
    assert answer.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
