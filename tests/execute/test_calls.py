"""A resolver is called once for each row, however many names its field has, and holds nobody up for long."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import strawberry

from db.session.engines import Engines
from graph.entity import Schema
from graph.settings import Settings
from tests.databases import Database, StatementRecorder
from tests.entity.serving import Api, fill, serve
from tests.execute.archive import ARCHIVE, CALLS, Query
from tests.execute.running import codes, run

ROWS = 5


@pytest.fixture
async def archive(blank_database: Database) -> AsyncIterator[Api]:
    await fill(blank_database, ARCHIVE)
    async with serve(blank_database, ARCHIVE) as api:
        CALLS.clear()
        yield api


def papers(fields: str) -> str:
    variables = "($times: Int = 2)" if "$times" in fields else ""
    return f"query {variables} {{ papers(first: {ROWS}) {{ nodes {{ title {fields} }} }} }}"


@pytest.mark.parametrize(
    ("fields", "calls"),
    [
        ("a: loud b: loud c: loud", {"loud": 1}),
        ("a: loud(times: 2) b: loud(times: 2) c: loud(times: 3)", {"loud": 2}),
        ("a: loud(times: $times) b: loud(times: $times) ...on Paper { c: loud(times: $times) }", {"loud": 1}),
        ("a: quiet b: quiet", {"quiet": 1}),
        ("a: words b: words", {"words": 1}),
        ("a: folded { inside } b: folded { other: inside }", {"folded": 1}),
        ("a: torn b: torn", {"torn": 1}),
        ("a: tornLater b: tornLater", {"tornLater": 1}),
        ("a: named b: named", {"named": 2}),  # told its place, so each name has its own
        ("a: letters b: letters", {"letters": 1}),
        ("torn a: letters b: letters", {"torn": 1, "letters": 2}),  # an iterator is gone through once
        ("a: lettersLater b: lettersLater", {"lettersLater": 1}),
    ],
)
async def test_equal_calls_are_one(
    archive: Api, statements: StatementRecorder, fields: str, calls: dict[str, int]
) -> None:
    with statements() as seen:
        result = await run(archive.schema, archive.engines, papers(fields))
    assert result.data is not None
    assert Counter(CALLS) == {name: number * ROWS for name, number in calls.items()}
    assert len(seen) == 1
    nodes = result.data["papers"]["nodes"]
    paths = {(error.path or [])[-1] for error in result.errors or ()}
    assert paths == ({"torn"} if "torn a" in fields else {"a", "b"} if "torn" in fields else set())
    for node in nodes:
        if "named" in fields:
            assert (node["a"], node["b"]) == ("a", "b")
        elif "folded" in fields:
            assert node["a"]["inside"] == node["b"]["other"] == node["title"]
        else:
            assert node["a"] == node["b"]


async def test_a_computed_field_under_three_thousand_names_is_called_once(archive: Api) -> None:
    names = " ".join(f"a{number}: loud" for number in range(3_000))
    result = await run(archive.schema, archive.engines, f"{{ papers(first: 40) {{ nodes {{ {names} }} }} }}")
    assert not result.errors
    assert len(CALLS) == 40


async def test_calls_that_differ_are_priced_by_what_they_take(archive: Api) -> None:
    names = " ".join(f"a{number}: loud(times: {number})" for number in range(1_200))
    result = await run(archive.schema, archive.engines, f"{{ papers(first: 100) {{ nodes {{ {names} }} }} }}")
    assert codes(result) == {"TOO_COSTLY"}
    assert CALLS == []


async def test_a_change_is_made_as_often_as_it_is_asked_for() -> None:
    @strawberry.type
    class Mutation:
        @strawberry.mutation
        def count(self) -> int:
            """How many calls there were."""
            CALLS.append("count")
            return len(CALLS)

    CALLS.clear()
    settings = Settings.model_construct()
    result = await run(
        Schema(Query, settings, mutation=Mutation), Engines(Settings()), "mutation { a: count b: count }"
    )
    assert result.data == {"a": 1, "b": 2}


async def test_others_have_their_turn_while_resolvers_are_called(archive: Api, statements: StatementRecorder) -> None:
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            before = len(CALLS)
            await asyncio.sleep(0)
            most = max(most, len(CALLS) - before)

    watching = asyncio.create_task(watch())
    with statements() as seen:
        result = await run(
            archive.schema, archive.engines, "{ papers(first: 100) { nodes { idle owner { name } title } } }"
        )
    watching.cancel()
    assert not result.errors
    assert result.data is not None
    assert all(node["idle"] and node["owner"]["name"] for node in result.data["papers"]["nodes"])
    assert Counter(CALLS) == {"idle": 100}
    assert most < 50  # each turn has a few calls, not all
    assert len(seen) == 2  # the papers and their owners, who wait for the level's last field
