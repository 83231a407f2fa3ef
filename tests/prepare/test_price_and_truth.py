"""Price and truth: neither is above the other by more than a factor where data are full.

Operations are made up over an archive whose pages are full and whose rows are shown once each: what several parents
share is priced for each of them, and may be read once.
"""

import sys
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any

import orjson
import pytest
from strawberry.types import ExecutionResult

import graph.context
import graph.execute.operation
from graph.execute.size import AnswerSize
from graph.prepare.cost import VALUES_PER_CALL
from tests.databases import Database, StatementRecorder
from tests.entity.serving import Api, fill, serve
from tests.execute.archive import ARCHIVE, CALLS
from tests.execute.running import Recording, codes
from tests.prepare.test_cost import CountingSession, values_in

OPERATIONS = 12

FACTOR = 2
"""The price may be so many times the truth: a page has a row more, and an empty list costs as a full one."""

BELOW = 2
"""The truth may be so many times the price: calls of resolvers count as values, and some are made again."""

BYTES_FACTOR = 1.25
"""So many times the truth may be counted of an answer, and 200 bytes."""

COLUMNS = ("id", "title", "text", "data", "weight", "words", "folded { inside }")


@pytest.fixture
async def archive(blank_database: Database) -> AsyncIterator[Api]:
    await fill(blank_database, ARCHIVE)
    async with serve(blank_database, ARCHIVE) as api:
        yield api


def made_up(random: Random) -> str:
    """An operation over owners and their papers, some fields under many names."""

    def names(letter: str, fields: Sequence[str], most: int) -> str:
        chosen = [random.choice(fields) for _ in range(random.randint(1, most))]
        return " ".join(f"{letter * random.randint(1, 30)}{n}: {one}" for n, one in enumerate(chosen))

    calls = names("c", [f"loud(times: {times})" for times in range(4)], 40)
    papers = f"papers(first: {random.randint(1, 40)}) {{ nodes {{ {names('a', COLUMNS, 30)} {calls} }} totalCount }}"
    edges = f"p: papers(last: {random.randint(1, 40)}) {{ edges {{ cursor node {{ {names('a', COLUMNS, 8)} }} }} }}"
    parts = [names("a", ("id", "name", "story"), 9), *random.sample([papers, edges], random.randint(1, 2))]
    return f"{{ owners(first: {random.randint(1, 3)}) {{ nodes {{ {' '.join(parts)} }} }} }}"


async def priced(api: Api, query: str) -> tuple[ExecutionResult, Recording]:
    """What an operation answers, with its price, and what it was answered with."""
    context = Recording(api.engines)
    result = await api.schema.execute(query, context_value=context, operation_extensions={"cost": True})
    return result, context


async def test_the_price_is_the_truth_within_a_factor(
    archive: Api, statements: StatementRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph.context, "RequestSession", CountingSession)
    for seed in range(OPERATIONS):
        query = made_up(Random(seed))
        await priced(archive, query)  # statements are compiled, and resolvers' types looked at
        CALLS.clear()
        with statements() as seen:
            result, context = await priced(archive, query)
        assert not result.errors
        assert result.extensions is not None
        cost, session = result.extensions["cost"], context.made.session
        assert isinstance(session, CountingSession)
        values = values_in(result.data) + VALUES_PER_CALL * len(CALLS)
        for what, truth in (("statements", len(seen)), ("rows", session.fetched), ("values", values)):
            assert truth <= BELOW * cost[what], f"seed {seed}: {what} of {query}"
            assert cost[what] <= FACTOR * truth + 1, f"seed {seed}: {what} of {query}"


async def test_an_answer_has_no_more_bytes_than_are_counted(archive: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    bound = sys.maxsize
    monkeypatch.setattr(graph.execute.operation, "AnswerSize", lambda _, before, *_values: AnswerSize(bound, before))

    async def answered(most: int) -> Any:
        nonlocal bound
        bound = most
        result, _ = await priced(archive, query)
        assert codes(result) <= {"TOO_COSTLY"}
        return result.data

    for seed in range(OPERATIONS):
        query = made_up(Random(seed))
        whole = await answered(sys.maxsize)
        truth = len(orjson.dumps(whole))
        assert await answered(truth - 1) is None, f"seed {seed}: {query}"
        assert await answered(int(BYTES_FACTOR * truth) + 200) == whole, f"seed {seed}: {query}"
