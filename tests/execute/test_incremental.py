"""What comes later comes graphql-core's way; events of subscriptions go level by level, each for itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from graph.context import ContextFactory, RequestContext
from graph.entity import row
from graph.entity.conversion import ConvertedSchema
from graph.entity.types import TYPES
from graph.errors import ClientError
from graph.execute import level, scheduler
from graph.execute.graphql_core import LevelExecutor
from graph.execute.work import Objects, Work
from graph.prepare.fields import FieldPlan
from tests.databases import Database, StatementRecorder
from tests.entity.serving import fill, serve
from tests.execute.running import codes
from tests.execute.workshop_types import WORKSHOP, Tool


class Flat(ClientError):
    """A tyre without air."""

    code = "FLAT"


@strawberry.type
class Wheel:
    place: int

    @strawberry.field
    async def pressure(self) -> float | None:
        """Some cannot tell."""
        await asyncio.sleep(0)
        if self.place == 2:
            raise Flat("There is no air.")
        return 2.5


@strawberry.type
class Car:
    name: str
    wheel_count: int

    @strawberry.field
    def wheels(self) -> list[Wheel]:
        return [Wheel(place=place) for place in range(1, self.wheel_count + 1)]


@strawberry.type
class Query(WORKSHOP.query):  # type: ignore[misc,name-defined]  # made while running
    @strawberry.field
    def car(self) -> Car:
        return Car(name="Beetle", wheel_count=3)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def cars(self, names: list[str]) -> AsyncIterator[Car]:
        for number, name in enumerate(names, 1):
            yield Car(name=name, wheel_count=number)

    @strawberry.subscription
    async def maybe(self, names: list[str]) -> AsyncIterator[Car | None]:
        for name in names:
            yield Car(name=name, wheel_count=1) if name else None

    @strawberry.subscription
    async def tools(self, numbers: list[int]) -> AsyncIterator[Tool | None]:
        for number in numbers:
            yield row(Tool, number)


@pytest.fixture(scope="module")
def plain() -> strawberry.Schema:
    """A schema of Strawberry's own, with our executor, that may answer in parts."""
    return ConvertedSchema(
        query=Query,
        subscription=Subscription,
        execution_context_class=LevelExecutor,
        config=StrawberryConfig(scalar_map=TYPES.definitions(), enable_experimental_incremental_execution=True),
    )


@pytest.fixture
def level_by_level(monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Whether anything was run level by level in this test."""
    begun: list[FieldPlan] = []

    def begin(work: Work, objects: Objects, field: FieldPlan) -> None:
        begun.append(field)
        level.begin(work, objects, field)

    monkeypatch.setattr(scheduler, "begin", begin)
    return lambda: bool(begun)


@pytest.fixture
async def context(blank_database: Database) -> AsyncIterator[RequestContext]:
    """What an operation carries, on a database with the workshop."""
    await fill(blank_database, WORKSHOP)
    async with serve(blank_database, WORKSHOP) as api, ContextFactory(api.engines).context() as context:
        yield context


async def frames(
    schema: strawberry.Schema,
    query: str,
    variables: dict[str, Any] | None = None,
    context: RequestContext | None = None,
) -> list[Any]:
    """Everything that an operation delivers, in order."""
    return [frame async for frame in await schema.stream(query, variables, context_value=context)]


def patches(later: Iterable[Any]) -> list[dict[str, Any]]:
    """The parts that came after the first."""
    return [part for frame in later for part in frame.formatted.get("incremental", ())]


def data_in(later: Iterable[Any]) -> list[Any]:
    """What the later parts brought."""
    return [part.get("data", part.get("items")) for part in patches(later)]


async def test_a_deferred_fragment_comes_later(plain: strawberry.Schema, level_by_level: Callable[[], bool]) -> None:
    query = "{ car { name ...More @defer } } fragment More on Car { wheels { place pressure } }"
    first, *later = await frames(plain, query)
    assert (first.data, first.errors) == ({"car": {"name": "Beetle"}}, None)
    wheels = [{"place": place, "pressure": None if place == 2 else 2.5} for place in (1, 2, 3)]
    assert data_in(later) == [{"wheels": wheels}]
    (part,) = patches(later)
    assert [error["path"] for error in part["errors"]] == [["car", "wheels", 1, "pressure"]]
    assert later[-1].formatted["hasNext"] is False
    assert not level_by_level()


async def test_a_streamed_list_comes_piece_by_piece(
    plain: strawberry.Schema, level_by_level: Callable[[], bool]
) -> None:
    first, *later = await frames(plain, "{ car { wheels @stream(initialCount: 1) { place } name } }")
    assert (first.data, first.errors) == ({"car": {"wheels": [{"place": 1}], "name": "Beetle"}}, None)
    assert [item for items in data_in(later) for item in items] == [{"place": 2}, {"place": 3}]
    assert not level_by_level()


async def test_what_is_not_deferred_after_all_goes_level_by_level(
    plain: strawberry.Schema, level_by_level: Callable[[], bool]
) -> None:
    (only,) = await frames(plain, "{ car { name wheels { place } } }")
    assert only.data == {"car": {"name": "Beetle", "wheels": [{"place": place} for place in (1, 2, 3)]}}
    assert level_by_level()


async def test_mapped_types_may_be_deferred(
    plain: strawberry.Schema,
    context: RequestContext,
    statements: StatementRecorder,
    level_by_level: Callable[[], bool],
) -> None:
    query = """{ shelves { nodes { name ...Rest @defer(label: "rest") } } }
    fragment Rest on Shelf { loud tools(first: 1) { nodes { name shelf { name } } } }"""
    with statements() as seen:
        first, *later = await frames(plain, query, context=context)
    assert (first.data, first.errors) == ({"shelves": {"nodes": [{"name": "Left"}, {"name": "Right"}]}}, None)
    assert sorted(data_in(later), key=lambda part: str(part["loud"])) == [
        {"loud": "LEFT", "tools": {"nodes": [{"name": "Axe", "shelf": {"name": "Left"}}]}},
        {"loud": "RIGHT", "tools": {"nodes": [{"name": "Drill", "shelf": {"name": "Right"}}]}},
    ]
    # The shelves, the tools of both, their shelves.
    assert len(seen) == 3
    assert not level_by_level()


async def test_requests_for_rows_may_be_deferred(
    plain: strawberry.Schema, context: RequestContext, statements: StatementRecorder
) -> None:
    query = "{ ... @defer { sureTool(number: 3) { name } } toolNumbers(numbers: [1, 404]) { name } }"
    with statements() as seen:
        first, *later = await frames(plain, query, context=context)
    assert first.data == {"toolNumbers": [{"name": "Axe"}, None]}
    assert data_in(later) == [{"sureTool": {"name": "Chisel"}}]
    assert 1 <= len(seen) <= 2


CARS = """subscription ($names: [String!]!) { cars(names: $names) { name wheels { place pressure } } }"""


async def test_events_go_level_by_level_with_all_below_them(
    plain: strawberry.Schema, level_by_level: Callable[[], bool]
) -> None:
    (event,) = await frames(plain, CARS, {"names": ["Mini"]})
    assert (event.data, event.errors) == ({"cars": {"name": "Mini", "wheels": [{"place": 1, "pressure": 2.5}]}}, None)
    assert level_by_level()


async def test_an_error_in_one_event_has_its_path_and_does_not_end_the_stream(plain: strawberry.Schema) -> None:
    first, second, third = await frames(plain, CARS, {"names": ["Uno", "Due", "Tre"]})
    assert first.errors is None
    one, two, three = ({"place": place, "pressure": None if place == 2 else 2.5} for place in (1, 2, 3))
    assert second.data == {"cars": {"name": "Due", "wheels": [one, two]}}
    assert third.data == {"cars": {"name": "Tre", "wheels": [one, two, three]}}
    for event in (second, third):
        assert [error.path for error in event.errors] == [["cars", "wheels", 1, "pressure"]]
        assert codes(event) == {"FLAT"}


async def test_an_event_that_may_be_null_is_null(plain: strawberry.Schema) -> None:
    query = 'subscription { maybe(names: ["Mini", "", "Uno"]) { name wheels { place } } }'
    events = await frames(plain, query)
    assert [event.errors for event in events] == [None] * 3
    wheels = [{"place": 1}]
    assert [event.data["maybe"] for event in events] == [
        {"name": "Mini", "wheels": wheels},
        None,
        {"name": "Uno", "wheels": wheels},
    ]


async def test_events_may_be_requests_for_rows(
    plain: strawberry.Schema, context: RequestContext, statements: StatementRecorder, level_by_level: Callable[[], bool]
) -> None:
    query = "subscription ($numbers: [Int!]!) { tools(numbers: $numbers) { name weight shelf { name } } }"
    with statements() as seen:
        events = await frames(plain, query, {"numbers": [3, 404, 2, 1]}, context)
    left = {"name": "Left"}
    assert [event.data["tools"] for event in events] == [
        {"name": "Chisel", "weight": 200, "shelf": left},
        None,
        None,
        {"name": "Axe", "weight": 900, "shelf": left},
    ]
    assert [[error.path for error in event.errors or ()] for event in events] == [[], [], [["tools", "weight"]], []]
    # Four tools, and their shelf once: what was read is known as long as the context lives.
    assert len(seen) == 5
    assert level_by_level()
