"""How much is kept, whatever clients send: in memory and in the tables."""

import asyncio
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, tzinfo

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, build_schema, parse
from sqlalchemy import func, select

from db.session.engines import Engines
from graph.client import OTHER, Client, client_of
from graph.execute.usage import Usage
from graph.prepare.coordinates import SchemaCoordinates
from graph.prepare.limits import Limits
from graph.prepare.operation import PreparedOperation
from graph.prepare.work import InputWorks
from graph.usage import batch as batches
from graph.usage import counting, task, writing
from graph.usage.batch import LOST, Batch, Overflow, Run, Runs, Use
from graph.usage.counting import MAX_CLIENTS, UsageCounter, today
from graph.usage.task import UsageWriter
from graph.usage.writing import COUNTS, OPERATIONS, RUNS, write

SCHEMA = build_schema("type Query { a(text: String): Int b: Int c: Int }")
USAGE = Usage(SchemaCoordinates(SCHEMA))
LIMITS = Limits(10_000, 100, 100_000, 500_000, 500, 100, introspection=True, refuse_empty_comparisons=False)
NAMES = 10_000
DAY = date(2026, 11, 30)


def prepared(text: str) -> PreparedOperation:
    document = parse(text)
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    (node,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return PreparedOperation(SCHEMA, node, fragments, {}, frozenset(), InputWorks(), LIMITS)


def run(counter: UsageCounter, operation: PreparedOperation, client: Client, times: int = 1) -> None:
    used = USAGE.of(operation)
    for _ in range(times):
        counter.record((client, used, (), 0.001, False))


def made_up(restart: int = 0) -> Iterator[Client]:
    return (Client(f"bot {restart} {index}", str(index)) for index in range(NAMES))


async def test_ten_thousand_made_up_clients_are_a_hundred_also_after_restarts(engines: Engines) -> None:
    operation = prepared("{ a b }")
    for restart in range(3):
        counter = UsageCounter()
        for client in made_up(restart):
            run(counter, operation, client)
        assert counter.unwritten == NAMES
        assert counter.overflow[Overflow.CLIENTS] > NAMES - MAX_CLIENTS
        await UsageWriter(counter, engines, 60).write()
    async with engines.primary.connect() as connection:
        clients = list(await connection.execute(select(RUNS.c.client, RUNS.c.version).distinct()))
        uses = await connection.scalar(select(func.sum(COUNTS.c.uses)).where(COUNTS.c.coordinate == "Query.b"))
        other = await connection.scalar(select(COUNTS.c.uses).where(COUNTS.c.client == OTHER.name).limit(1))
    assert len(clients) <= MAX_CLIENTS + 1
    assert uses == 3 * NAMES
    assert other is not None
    assert other > 3 * NAMES - MAX_CLIENTS - 3


def test_made_up_clients_do_not_grow_memory() -> None:
    operation, counter = prepared("{ a }"), UsageCounter()

    def headers(index: int) -> dict[bytes, bytes]:
        return {b"graphql-client-name": b"bot %d" % index + b"x" * 5_000, b"graphql-client-version": b"%d" % index}

    for index in range(1_000):
        run(counter, operation, client_of(headers(index)))
    tracemalloc.start()
    try:
        for index in range(1_000, 1_000 + NAMES):
            run(counter, operation, client_of(headers(index)))
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 500_000


def test_operations_of_one_shape_are_added_up_before_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MAX_TALLIES", 10)
    counter, client = UsageCounter(), Client("web")
    kept = [prepared(f'{{ a(text: "{index}") x{index}: b }}') for index in range(35)]
    for operation in kept:
        run(counter, operation, client)
    assert counter.unwritten == 35
    assert len(counter._tallies) <= 10  # noqa: SLF001 - that is the bound
    batch = counter.take()
    assert batch.uses[Use(today(), client, "Query.a(text:)")] == 35
    assert len(batch.runs) == len(batch.operations) == 35
    assert not counter.take()


def test_a_document_that_the_server_has_forgotten_is_counted_without_its_text() -> None:
    counter = UsageCounter()
    run(counter, prepared("{ a }"), Client("web"))
    batch = counter.take()
    assert list(batch.uses) == [Use(today(), Client("web"), "Query.a")]
    assert list(batch.runs) == [Run(today(), Client("web"), "")]
    assert counter.overflow[Overflow.OPERATIONS] == 1


def test_a_long_document_is_counted_without_its_text() -> None:
    counter, operation = UsageCounter(), prepared(f"{{ {' '.join(f'name{index}: a' for index in range(5_000))} }}")
    run(counter, operation, Client("web"))
    assert not counter.take().operations


def test_uses_that_do_not_fit_are_those_of_others_and_then_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MAX_USES", 2)
    monkeypatch.setattr(batches, "MAX_USES_OF_OTHER", 1)
    batch, web, app = Batch(), Client("web"), Client("app")
    for client, coordinate in ((web, "A.a"), (web, "A.b"), (web, "A.a"), (app, "A.a"), (app, "A.b"), (app, "A.a")):
        batch.use(Use(DAY, client, coordinate), 2)
    assert batch.uses == {
        Use(DAY, web, "A.a"): 4,
        Use(DAY, web, "A.b"): 2,
        Use(DAY, OTHER, "A.a"): 4,
        Use(DAY, OTHER, LOST): 2,
    }
    assert batch.overflow == {Overflow.COORDINATES: 6, Overflow.LOST: 2}


async def test_a_full_day_is_counted_for_others(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MAX_ROWS_OF_A_DAY", 3)
    for name in ("one", "two", "three", "four"):
        batch = Batch()
        for coordinate in ("A.a", "A.b"):
            batch.use(Use(DAY, Client(name), coordinate), 1)
        batch.run(Run(DAY, Client(name), ""), Runs(1), None)
        await write(engines, batch)
        assert bool(batch.overflow) == (name in ("three", "four"))
    async with engines.primary.connect() as connection:
        found = list(await connection.execute(select(COUNTS.c.client, COUNTS.c.uses).order_by(COUNTS.c.client)))
    assert [tuple(row) for row in found] == [("one", 1)] * 2 + [("other", 2)] * 2 + [("two", 1)] * 2


async def test_only_so_many_documents_are_kept(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MAX_OPERATIONS", 3)
    counter = UsageCounter()
    kept = [prepared(f"{{ x{index}: b }}") for index in range(5)]
    for _ in range(2):
        for operation in kept:
            run(counter, operation, Client("web"))
        await UsageWriter(counter, engines, 60).write()
    async with engines.primary.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(OPERATIONS)) == 3
        assert await connection.scalar(select(func.sum(RUNS.c.runs))) == 10
        assert await connection.scalar(select(RUNS.c.runs).where(RUNS.c.operation == "")) == 4


async def test_what_cannot_be_written_is_kept_and_written_once(
    engines: Engines, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    counter, operation = UsageCounter(), prepared("{ b c }")
    writer = UsageWriter(counter, engines, 60)

    async def refuse(*_: object) -> None:
        raise OSError("no room")

    with monkeypatch.context() as broken:
        broken.setattr(writing, "write", refuse)
        for _ in range(3):
            run(counter, operation, Client("web"))
            await writer.write()
    assert writer.failures == 3
    assert len(caplog.records) == 1
    await writer.write()
    await writer.write()
    async with engines.primary.connect() as connection:
        assert list(await connection.scalars(select(COUNTS.c.uses))) == [3, 3]
        assert list(await connection.scalars(select(RUNS.c.runs))) == [3]


async def test_a_new_day_begins_at_midnight_in_utc(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 11, 30, 23, 59, 59, 950_000, tzinfo=UTC)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return now

    monkeypatch.setattr(counting, "datetime", Clock)
    monkeypatch.setattr(task, "datetime", Clock)
    counter, operation = UsageCounter(), prepared("{ b }")
    async with UsageWriter(counter, engines, 3_600).running():
        run(counter, operation, Client("web"))
        await asyncio.sleep(0)  # the writer looks at the clock
        now = datetime(2026, 12, 1, tzinfo=UTC)
        async with asyncio.timeout(10):
            while counter.unwritten:  # noqa: ASYNC110 - the counter tells nobody
                await asyncio.sleep(0.01)
        run(counter, operation, Client("web"), 2)
    async with engines.primary.connect() as connection:
        found = await connection.execute(select(COUNTS.c.day, COUNTS.c.uses).order_by(COUNTS.c.day))
        assert [tuple(row) for row in found] == [(DAY, 1), (date(2026, 12, 1), 2)]


async def test_clients_are_told_apart_anew_each_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MAX_CLIENTS", 3)
    counter, operation = UsageCounter(), prepared("{ b }")
    for day, name in ((DAY, "one"), (DAY, "two"), (DAY.replace(day=29), "two")):
        monkeypatch.setattr(counting, "today", lambda day=day: day)
        counter.take()
        run(counter, operation, Client(name))
    assert [use.client.name for use in counter.take().uses] == ["two"]
