"""Counters keep what is counted: exactly, in every process that shares them, and never more than fits."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
from sqlalchemy import func, insert, select, text, update

from db.session.engines import Engines
from graph.rates import counters as memory
from graph.rates import database as room
from graph.rates.counters import PATIENCE_S, RETRY_S, Counters, MemoryCounters, SharedCounters, Work
from graph.rates.database import TABLE, DatabaseCounters
from graph.rates.records import Ask, Record, name_of, take
from graph.rates.rules import Limit
from tests.databases import Database, engine_statements, settings_for
from tests.own_tables import named

LIMIT = Limit(20, 60)

T = TypeVar("T")


async def hit(counters: Counters, *names: str, limit: Limit = LIMIT) -> bool:
    """Whether a hit of all of these names is allowed."""
    return await counters.change(names, lambda records: take([Ask(it, [limit]) for it in records], time.time())) == 0


@asynccontextmanager
async def counting(database: Database, servers: int = 1) -> AsyncIterator[list[DatabaseCounters]]:
    """The counters of some servers in one database."""
    made = [Engines(settings_for(database)) for _ in range(servers)]
    yield [DatabaseCounters(engines) for engines in made]
    for engines in made:
        await engines.dispose()


async def test_of_a_hundred_at_once_in_two_servers_as_many_pass_as_may(database: Database) -> None:
    async with counting(database, servers=2) as shared:
        # In orders that would lock in a circle, and names that all share.
        hits = [hit(shared[n % 2], *(("a", "b") if n % 3 else ("b", "a"))) for n in range(100)]
        assert sum(await asyncio.gather(*hits)) == 20
        assert [await hit(it, "a") for it in shared] == [False, False]
        assert await hit(shared[1], "c")


async def test_of_a_hundred_at_once_in_one_process_as_many_pass_as_may() -> None:
    counters = MemoryCounters()
    assert sum(await asyncio.gather(*(hit(counters, "a", "b") for _ in range(100)))) == 20


async def test_a_change_of_any_number_of_names_costs_two_statements_and_a_refusal_one(database: Database) -> None:
    async with counting(database) as (counters,):
        await hit(counters, "a")  # clears, as the first does
        for names in (["b"], ["c", "d", "e"]):
            with engine_statements() as seen:
                assert await hit(counters, *names, limit=Limit(1, 60))
            assert len(seen) == 2
            with engine_statements() as seen:
                assert not await hit(counters, *names, limit=Limit(1, 60))
            assert len(seen) == 1


async def test_what_is_past_is_removed_and_of_too_much_what_would_be_past_first(
    database: Database, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MAX_ROWS", 10)
    now = int(time.time())
    rows = [{"name": f"{n}", "state": "", "ends": now + n} for n in (-100, -50, *range(100, 120))]
    async with engines.writing().begin() as connection:
        await connection.execute(insert(TABLE), rows)
    async with counting(database) as (counters,):
        assert await hit(counters, "new")  # which ends 60 seconds from now, before all others
    async with engines.writing().begin() as connection:
        assert await connection.scalar(select(func.count()).select_from(TABLE)) == 10
        assert await connection.scalar(select(func.min(TABLE.c.ends))) == now + 110


@pytest.mark.parametrize("state", ["", "{", "null", "[1]", '["x", 4]', "[0, [[[1]]]]", '{"a": 1}'])
async def test_a_row_that_nobody_of_us_has_written_counts_for_nothing(
    database: Database, engines: Engines, state: str
) -> None:
    async with counting(database) as (counters,):
        assert await hit(counters, "a")
        async with engines.writing().begin() as connection:
            await connection.execute(update(TABLE).values(state=state))
        assert await hit(counters, "a", limit=Limit(1, 60))
        assert not await hit(counters, "a", limit=Limit(1, 60))


async def test_without_the_table_it_is_counted_in_memory_and_said_once_a_second(
    engines: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    async with engines.writing().begin() as connection:
        await connection.execute(text(f"DROP TABLE {named('counters', engines.dialect)}"))
    shared = SharedCounters(DatabaseCounters(engines), "the database", "Start it.")
    with caplog.at_level(logging.WARNING, "trellis"):
        assert sum(await asyncio.gather(*(hit(shared, "a") for _ in range(30)))) == 20
        assert not await hit(shared, "a")
    (said,) = caplog.messages
    assert said.startswith("Limits are counted in this process alone, for the database cannot be asked (")
    assert said.endswith("Error). Start it.")
    assert shared.failures


async def test_counters_that_do_not_answer_are_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "PATIENCE_S", 0.05)

    class Silent(MemoryCounters):
        asked = 0

        async def change(self, names: Sequence[str], work: Work[T]) -> T:
            self.asked += 1
            await asyncio.sleep(60)
            return await super().change(names, work)

    silent = Silent()
    shared = SharedCounters(silent, "somewhere", "Wake it.")
    assert [await hit(shared, "a", limit=Limit(2, 60)) for _ in range(3)] == [True, True, False]
    assert silent.asked == 1
    monkeypatch.setattr(memory, "RETRY_S", 0)
    shared = SharedCounters(silent, "somewhere", "Wake it.")
    assert [await hit(shared, "a", limit=Limit(2, 60)) for _ in range(3)] == [True, True, False]
    assert silent.asked == 4


async def test_memory_is_bounded_and_who_came_last_is_remembered_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MAX_NAMES", 100)
    counters = MemoryCounters()
    for number in range(1000):
        assert await hit(counters, "attacked", f"{number}", limit=Limit(1000, 60))
        assert not await hit(counters, f"{number}", limit=Limit(1, 60))
        assert len(counters.records) <= 100
    assert not await hit(counters, "attacked", limit=Limit(1000, 60))


async def test_what_is_past_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MAX_NAMES", 10)
    counters = MemoryCounters()
    for number in range(10):
        await hit(counters, f"past {number}", limit=Limit(1, -1))
    await hit(counters, "now")
    assert list(counters.records) == ["now"]


def test_a_name_is_of_one_length_and_parts_do_not_run_together() -> None:
    assert name_of("a", "b", "c") != name_of("a", "bc")
    assert len(name_of("login", "x" * 10_000, "\ud800")) == len("login:") + 64


def test_hits_are_taken_back_once() -> None:
    record = Record()
    record.add([LIMIT], 0, 1)
    record.take_back(1)
    record.take_back(1)
    assert LIMIT.remaining(record.log(0), 0) == 20


async def test_a_database_that_is_held_up_holds_nobody_up_and_is_asked_again(
    database: Database, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "TIMEOUT_S", 0.2)
    async with counting(database) as (counters,):
        shared = SharedCounters(counters, "the database", "Wait.")
        assert await hit(counters, "a")
        async with engines.writing().begin() as connection:
            await connection.execute(update(TABLE).values(ends=2**40))  # whoever wants this row waits
            started = time.monotonic()
            found = await asyncio.gather(*(hit(shared, "a") for _ in range(30)))
            assert time.monotonic() - started < PATIENCE_S
            assert sum(found) == 20
        await asyncio.sleep(RETRY_S)
        failures = shared.failures
        assert await hit(shared, "a")
        assert shared.failures == failures
