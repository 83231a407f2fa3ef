"""Keys that several levels ask for at once: each is read once, and who waits for another's statement gets its rows."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import pytest
from sqlalchemy import inspect

from db.statements import Key
from graph.loading.level_loader import LevelLoader
from tests.entity.visits import PlaceVisit

WAIT_S = 5


class Readings:
    """Statements that end when they are told to."""

    def __init__(self) -> None:
        self.read: list[list[int]] = []
        self.ended: dict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self.error: Exception | None = None
        self.loader: LevelLoader[int] = LevelLoader(self.fetch, inspect(PlaceVisit))

    async def fetch(self, keys: list[Key]) -> dict[Key, int]:
        numbers = [number for (number,) in keys]
        self.read.append(numbers)
        await self.ended[numbers[0]].wait()
        if self.error is not None:
            raise self.error
        return {key: -number for key, number in zip(keys, numbers, strict=True)}

    def ask(self, *numbers: int) -> asyncio.Task[list[int]]:
        return asyncio.create_task(self.loader.load_level([(number,) for number in numbers]))


async def all_of(asked: Sequence[asyncio.Task[list[int]]]) -> list[list[int] | BaseException]:
    return await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), WAIT_S)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize("order", [(1, 3), (3, 1)])
async def test_a_level_waits_for_keys_under_way_whichever_statement_ends_first(order: tuple[int, int]) -> None:
    readings = Readings()
    one = readings.ask(1, 2)
    await settled()
    other = readings.ask(2, 3)
    for first in order:
        await settled()
        readings.ended[first].set()
    assert await all_of([one, other]) == [[-1, -2], [-2, -3]]
    assert readings.read == [[1, 2], [3]]


async def test_who_leaves_does_not_end_the_wait_of_others() -> None:
    readings = Readings()
    asked = [readings.ask(1)]
    await settled()
    asked += [readings.ask(1), readings.ask(1)]
    await settled()
    asked[1].cancel()
    await settled()
    readings.ended[1].set()
    assert await all_of([asked[0], asked[2]]) == [[-1], [-1]]
    assert asked[1].cancelled()


async def test_what_fails_fails_for_all_who_wait() -> None:
    readings = Readings()
    readings.error = RuntimeError("no")
    asked = [readings.ask(1)]
    await settled()
    asked.append(readings.ask(1))
    await settled()
    readings.ended[1].set()
    assert await all_of(asked) == [readings.error, readings.error]
