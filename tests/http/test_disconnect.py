"""Work ends when its client leaves, unless it must not be cut in half."""

import asyncio

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from graph.disconnect import while_connected


class Visit:
    """A client that may leave."""

    def __init__(self) -> None:
        self._left = asyncio.Event()
        self.request = Request({"type": "http", "method": "POST", "headers": []}, self._receive)

    async def _receive(self) -> Message:
        await self._left.wait()
        return {"type": "http.disconnect"}

    def leave(self) -> None:
        self._left.set()


async def test_the_work_of_a_client_that_waits_is_done() -> None:
    assert await while_connected(Visit().request, asyncio.sleep(0.01, "done"), lambda: True) == "done"


async def test_the_work_of_a_client_that_leaves_is_cancelled_and_has_ended() -> None:
    visit, ended = Visit(), []

    async def work() -> None:
        visit.leave()
        try:
            await asyncio.sleep(3_600)
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    with pytest.raises(ClientDisconnect):
        await while_connected(visit.request, work(), lambda: True)
    assert ended == [True]


async def test_work_that_must_not_be_cut_in_half_is_done_to_its_end() -> None:
    visit, begun = Visit(), []

    async def work() -> str:
        begun.append(True)
        visit.leave()
        await asyncio.sleep(0.05)
        return "done"

    assert await while_connected(visit.request, work(), lambda: not begun) == "done"


async def test_what_goes_wrong_in_the_work_is_told() -> None:
    async def work() -> None:
        raise ValueError("told")

    with pytest.raises(ValueError, match="told"):
        await while_connected(Visit().request, work(), lambda: True)


async def test_when_the_server_stops_waiting_the_work_ends_too() -> None:
    begun = asyncio.Event()
    ended = []

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(3_600)
        finally:
            ended.append(True)

    waiting = asyncio.create_task(while_connected(Visit().request, work(), lambda: True))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended == [True]
