"""The work of a request ends when its time is up and when its client leaves, unless it must not be cut in half."""

import asyncio
import gc
import weakref
from collections.abc import Coroutine
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from db.session import DeadlineExceeded
from graph.disconnect import RequestWatch

LONG_S = 3_600


class Visit:
    """A client that may leave."""

    def __init__(self, timeout_s: float = LONG_S) -> None:
        self._left = asyncio.Event()
        request = Request({"type": "http", "method": "POST", "headers": []}, self._receive)
        self.watch = RequestWatch(request, timeout_s)

    async def _receive(self) -> Message:
        await self._left.wait()
        return {"type": "http.disconnect"}

    def leave(self) -> None:
        self._left.set()

    async def wait_for(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do the work, which begins when the body has been read."""
        self.watch.body_read()
        return await self.watch.over(work)


async def test_the_work_of_a_client_that_waits_is_done() -> None:
    assert await Visit().wait_for(asyncio.sleep(0.01, "done")) == "done"
    assert await Visit().wait_for(asyncio.sleep(0.1, "done")) == "done"


async def test_the_work_of_a_client_that_leaves_is_cancelled_and_has_ended() -> None:
    visit, ended = Visit(), []

    async def work() -> None:
        visit.leave()
        try:
            await asyncio.sleep(LONG_S)
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    with pytest.raises(ClientDisconnect):
        await visit.wait_for(work())
    assert ended == [True]


async def test_work_that_must_not_be_cut_in_half_is_done_to_its_end() -> None:
    visit = Visit()
    begun: list[bool] = []
    visit.watch.may_stop = lambda: not begun

    async def work() -> str:
        begun.append(True)
        visit.leave()
        await asyncio.sleep(0.1)
        return "done"

    assert await visit.wait_for(work()) == "done"


async def test_nobody_looks_for_the_client_before_its_body_has_been_read() -> None:
    visit = Visit()
    visit.leave()  # this message is for whoever reads the body
    assert await visit.watch.over(asyncio.sleep(0.1, "done")) == "done"


async def test_work_that_takes_too_long_is_cancelled_in_time() -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    with pytest.raises(DeadlineExceeded, match=r"This operation took longer than 0\.1 s; ask for less"):
        await Visit(timeout_s=0.1).wait_for(asyncio.sleep(LONG_S))
    assert loop.time() - begun < 0.3
    await asyncio.sleep(0)  # the task goes on as if nothing had been


async def test_what_goes_wrong_in_the_work_is_told() -> None:
    async def work() -> None:
        raise ValueError("told")

    with pytest.raises(ValueError, match="told"):
        await Visit().wait_for(work())


async def test_when_the_server_stops_waiting_the_work_ends_too() -> None:
    begun = asyncio.Event()
    ended = []

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(LONG_S)
        finally:
            ended.append(True)

    async def visit() -> None:
        await Visit().wait_for(work())

    waiting = asyncio.create_task(visit())
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended == [True]


async def test_a_request_that_was_answered_waits_for_no_garbage_collection() -> None:
    """Objects in a circle would hold the whole request until then: 20 for each, before they were one."""

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    gc.disable()
    try:
        watch = RequestWatch(Request({"type": "http", "method": "POST", "headers": []}, never), LONG_S)
        held = weakref.ref(watch)
        watch.body_read()
        await watch.over(asyncio.sleep(0.1))  # so long that the client is looked for
        del watch
        for _ in range(3):  # until the task that looked for the client has ended
            await asyncio.sleep(0)
        assert held() is None
    finally:
        gc.enable()
