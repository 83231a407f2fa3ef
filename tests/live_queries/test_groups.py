"""Who shares a run, when there is one, and what is heard meanwhile: with a feed and runs in the hands of the test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from db import models
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.entity import Schema
from graph.execute.operation import LIVING
from graph.live_queries import Answered, LiveQueries, LiveQuery, RowReads
from graph.live_queries import group as groups
from graph.prepare.documents import OperationRequest
from graph.schema import DOMAIN
from graph.settings import Settings
from tests.response_cache.feeds import LocalFeed

pytestmark = pytest.mark.nouns

TAGS = "query @live { tags(first: 1) { nodes { name } } }"
PATIENCE_S = 30


class Kitchen:
    """Runs a query as the test wants it: each run waits until it is served."""

    def __init__(self) -> None:
        self.reads: Any = select(models.Tag.name)
        self.waiting: asyncio.Queue[asyncio.Future[Answered]] = asyncio.Queue()
        self.begun = 0
        self.at_once = self.most_at_once = 0

    async def run(self, reads: RowReads) -> Answered:
        """One run."""
        self.begun += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        reads.note(self.reads)
        served: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self.waiting.put_nowait(served)
        try:
            return await served
        finally:
            self.at_once -= 1

    async def ordered(self) -> asyncio.Future[Answered]:
        """The next run, once it has begun."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.waiting.get()

    async def serve(self, payload: bytes, **more: Any) -> None:
        """Answer the next run."""
        (await self.ordered()).set_result(Answered(payload, **more))


class House:
    """Live queries over a feed in memory."""

    def __init__(self, schema: Schema, engines: Engines, **settings: Any) -> None:
        self._schema = schema
        self._engines = engines
        told = {"live_throttle_ms": 0, "live_min_throttle_ms": 0, **settings}
        self.feed = LocalFeed()
        self.queries = LiveQueries(Settings(**told), self.feed)

    def ask(self, kitchen: Kitchen, query: str = TAGS) -> LiveQuery:
        """Somebody asks."""
        asked, contexts = OperationRequest(query), ContextFactory(self._engines)
        checked = self._schema.preparer.checked(asked, LIVING)
        found = self.queries.prepared(asked, checked, contexts, kitchen.run)
        found.enter()
        return found


@pytest.fixture(scope="module")
def schema() -> Schema:
    """The schema of our nouns."""
    return DOMAIN.schema(Settings())


@pytest.fixture
async def make_house(schema: Schema) -> AsyncIterator[Callable[..., House]]:
    """Make houses; nothing is asked of their database."""
    engines = Engines(Settings(database_url=SecretStr("sqlite:///nowhere.db")))
    made: list[House] = []

    def make(**settings: Any) -> House:
        made.append(House(schema, engines, **settings))
        return made[-1]

    yield make
    await engines.dispose()
    for house in made:
        assert house.queries.groups == 0, "a live query was not left"


@asynccontextmanager
async def asked(house: House, kitchen: Kitchen, query: str = TAGS) -> AsyncIterator[LiveQuery]:
    """Somebody who asks for the block."""
    found = house.ask(kitchen, query)
    try:
        yield found
    finally:
        found.leave()


async def answer(query: LiveQuery) -> bytes | None:
    """The next answer that somebody is told."""
    async with asyncio.timeout(PATIENCE_S):
        await query.next()
    return query.take()


async def settle() -> None:
    """Let all that is ready run."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_change_runs_it_again_and_the_same_answer_is_told_to_nobody(make_house: Callable[..., House]) -> None:
    house, kitchen = make_house(), Kitchen()
    async with asked(house, kitchen) as query:
        await kitchen.serve(b"1")
        assert await answer(query) == b"1"
        house.feed.tell("tags")
        await kitchen.serve(b"1")
        await settle()
        assert query.take() is None
        house.feed.tell("tags")
        await kitchen.serve(b"2")
        assert await answer(query) == b"2"
        assert (house.queries.counts.runs, house.queries.counts.same) == (3, 1)


async def test_a_change_of_another_table_runs_nothing(make_house: Callable[..., House]) -> None:
    house, kitchen = make_house(), Kitchen()
    async with asked(house, kitchen) as query:
        await kitchen.serve(b"1")
        await answer(query)
        house.feed.tell("users", "posts")
        await settle()
        assert kitchen.begun == 1


@pytest.mark.parametrize(("tables", "runs"), [(["tags"], 2), (["users"], 1), (["users", "tags"], 2)])
async def test_what_is_heard_while_a_run_lasts_is_judged_by_what_it_has_read(
    make_house: Callable[..., House], tables: list[str], runs: int
) -> None:
    house, kitchen = make_house(), Kitchen()
    async with asked(house, kitchen) as query:
        first = await kitchen.ordered()
        house.feed.tell(*tables)  # its view may be of before
        first.set_result(Answered(b"1"))
        assert await answer(query) == b"1"
        if runs == 2:
            await kitchen.serve(b"2")
            assert await answer(query) == b"2"
        await settle()
        assert kitchen.begun == runs


async def test_when_nobody_knows_what_has_changed_everything_runs_again(make_house: Callable[..., House]) -> None:
    house, kitchen, other = make_house(), Kitchen(), Kitchen()
    async with asked(house, kitchen) as query, asked(house, other, TAGS.replace("1", "2")) as another:
        for each, asker in ((kitchen, query), (other, another)):
            await each.serve(b"1")
            await answer(asker)
        house.feed.lose()
        for each, asker in ((kitchen, query), (other, another)):
            await each.serve(b"2")
            assert await answer(asker) == b"2"
        house.feed.lose()
        during = await kitchen.ordered()
        house.feed.lose()  # while it runs
        during.set_result(Answered(b"3"))
        assert await answer(query) == b"3"
        await kitchen.serve(b"4")
        assert await answer(query) == b"4"
        await other.serve(b"3")


async def test_what_nobody_can_look_into_is_run_again_by_every_change(make_house: Callable[..., House]) -> None:
    house, kitchen = make_house(), Kitchen()
    kitchen.reads = text("SELECT 1")
    async with asked(house, kitchen) as query:
        await kitchen.serve(b"1")
        await answer(query)
        house.feed.tell("users")
        await kitchen.serve(b"2")
        assert await answer(query) == b"2"


async def test_who_joins_gets_the_answer_of_a_run_that_begins_later(make_house: Callable[..., House]) -> None:
    house, kitchen = make_house(), Kitchen()
    async with asked(house, kitchen) as early:
        first = await kitchen.ordered()
        async with asked(house, kitchen) as late:
            assert house.queries.groups == 1
            first.set_result(Answered(b"old"))
            assert await answer(early) == b"old"
            await settle()
            assert late.take() is None
            await kitchen.serve(b"new")
            assert await answer(late) == b"new"
            assert await answer(early) == b"new"
            async with asked(house, kitchen) as later:
                await kitchen.serve(b"new")
                assert await answer(later) == b"new"
                assert early.take() is None
                assert kitchen.begun == 3


async def test_an_error_is_told_and_any_change_runs_it_again(make_house: Callable[..., House]) -> None:
    house, kitchen = make_house(), Kitchen()
    async with asked(house, kitchen) as one, asked(house, kitchen) as other:
        await kitchen.serve(b"an error", is_whole=False)
        assert [await answer(one), await answer(other)] == [b"an error", b"an error"]
        house.feed.tell("users")  # what it would have read, nobody knows
        await kitchen.serve(b"1")
        assert [await answer(one), await answer(other)] == [b"1", b"1"]
        assert house.queries.counts.failed == 1


async def test_an_error_that_passes_is_tried_again_by_itself(
    make_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "RETRY_S", 0.0)
    house, kitchen = make_house(), Kitchen()
    async with asked(house, kitchen) as query:
        await kitchen.serve(b"busy", is_whole=False, passes=True)
        assert await answer(query) == b"busy"
        await kitchen.serve(b"1")
        assert await answer(query) == b"1"
        await settle()
        assert kitchen.begun == 2


async def test_no_more_run_at_once_than_may(make_house: Callable[..., House]) -> None:
    house, kitchen = make_house(live_runs=2), Kitchen()
    queries = [house.ask(kitchen, TAGS.replace("1", str(number))) for number in range(1, 8)]
    for number in range(len(queries)):
        await kitchen.serve(b"%d" % number)
    for query in queries:
        await answer(query)
    assert (kitchen.begun, kitchen.most_at_once) == (7, 2)
    for query in queries:
        query.leave()


async def test_the_throttle_waits_and_takes_what_has_come_meanwhile_in_one_run(
    make_house: Callable[..., House],
) -> None:
    house, kitchen = make_house(live_throttle_ms=20), Kitchen()
    async with asked(house, kitchen) as query:
        await kitchen.serve(b"1")
        await answer(query)
        for _ in range(5):
            house.feed.tell("tags")
        await settle()
        assert kitchen.begun == 1
        await kitchen.serve(b"2")
        assert await answer(query) == b"2"
        assert kitchen.begun == 2


async def test_a_first_answer_does_not_wait_for_the_throttle(make_house: Callable[..., House]) -> None:
    house, kitchen = make_house(live_max_throttle_ms=3_600_000), Kitchen()
    slow = TAGS.replace("@live", "@live(throttleMs: 3600000)")
    async with asked(house, kitchen, slow) as early:
        await kitchen.serve(b"1")
        await answer(early)
        house.feed.tell("tags")
        await settle()
        assert kitchen.begun == 1
        async with asked(house, kitchen, slow) as late:
            await kitchen.serve(b"2")
            assert [await answer(late), await answer(early)] == [b"2", b"2"]


async def test_with_the_last_who_asks_a_run_is_given_up(make_house: Callable[..., House]) -> None:
    house, kitchen = make_house(), Kitchen()
    async with asked(house, kitchen):
        run = await kitchen.ordered()
    await settle()
    assert run.cancelled()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "live query"]
    assert (house.queries.groups, kitchen.at_once) == (0, 0)


async def test_who_leaves_leaves_the_run_to_the_others(make_house: Callable[..., House]) -> None:
    house, kitchen = make_house(), Kitchen()
    leaves = house.ask(kitchen)  # it is run for whoever came first
    async with asked(house, kitchen) as stays:
        run = await kitchen.ordered()
        leaves.leave()
        run.set_result(Answered(b"1"))
        assert await answer(stays) == b"1"
        assert kitchen.begun == 1


async def test_an_answer_that_is_again_what_it_was_is_not_told(make_house: Callable[..., House]) -> None:
    house, kitchen = make_house(), Kitchen()
    async with asked(house, kitchen) as slow, asked(house, kitchen) as quick:
        await kitchen.serve(b"1")
        assert [await answer(slow), await answer(quick)] == [b"1", b"1"]
        for payload in (b"2", b"1"):
            house.feed.tell("tags")
            await kitchen.serve(payload)
            assert await answer(quick) == payload
        assert slow.take() is None
