"""Operations of a schema with extensions are held to what others are: points, and a second run for a lost view."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import strawberry
from graphql import OperationType
from sqlalchemy import text
from strawberry.extensions import SchemaExtension
from strawberry.types import Info

from db.session.engines import Engines
from graph.context import ContextFactory
from graph.entity import Schema
from graph.errors import RateLimited
from graph.execute.source import Source
from graph.prepare.documents import OperationRequest
from graph.settings import Settings

QUERIES = (OperationType.QUERY,)
TURN = OperationRequest("{ turn }", extensions={"doctor": True})


class Turns:
    """How often a resolver was called."""

    number = 0


async def _turn(info: Info[Any, Any]) -> int:
    """Which turn this is; the view of the first is lost, as where a table was rewritten."""
    turns = info.context.service(Turns)
    turns.number += 1
    await info.context.session.scalar(text("SELECT 40 + 2"))
    info.context.session.is_broken = turns.number == 1
    return int(turns.number)


@strawberry.type
class Query:
    @strawberry.field
    async def turn(self, info: Info[Any, Any]) -> int:
        return await _turn(info)


@strawberry.type
class Event:
    @strawberry.field
    async def turn(self, info: Info[Any, Any]) -> int:
        return await _turn(info)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def events(self) -> AsyncIterator[Event]:
        yield Event()


class Nothing(SchemaExtension):
    """An extension that does nothing."""


@pytest.fixture(scope="module", params=[(), (Nothing,)], ids=["plain", "extended"])
def either(request: pytest.FixtureRequest) -> Schema:
    """The schema without an extension, and with one."""
    return Schema(Query, Settings.model_construct(), subscription=Subscription, extensions=request.param)


async def test_a_query_that_has_lost_its_view_is_run_once_more(either: Schema, filled: Engines) -> None:
    contexts = ContextFactory(filled, services=[Turns()], may_diagnose=lambda _viewer: True)
    result = await either.operations.answer(TURN, contexts, QUERIES)
    assert (result.data, result.errors) == ({"turn": 2}, None)
    told = (result.extensions or {})["doctor"]["statements"]
    assert sum("40 + 2" in statement["sql"] for statement in told) == 2
    assert filled.pools()["primary"].checked_out == 0


async def test_an_event_that_has_lost_its_view_is_run_once_more(either: Schema, filled: Engines) -> None:
    asked = OperationRequest("subscription { events { turn } }")
    source = await either.operations.subscribe(asked, ContextFactory(filled))
    assert isinstance(source, Source)
    event = await source.next()
    result = await either.operations.event(source, event, ContextFactory(filled, services=[Turns()]))
    assert (result.data, result.errors) == ({"events": {"turn": 2}}, None)
    await source.close()
    assert filled.pools()["primary"].checked_out == 0


async def test_points_are_counted_before_anything_is_run(either: Schema, nowhere: Engines) -> None:
    turns, counted = Turns(), []
    contexts = ContextFactory(nowhere, services=[turns])

    async def count(points: int) -> None:
        counted.append(points)
        raise RateLimited(points, 1)

    contexts.count = count
    with pytest.raises(RateLimited):
        await either.operations.answer(TURN._replace(extensions=None), contexts, QUERIES)
    assert (counted, turns.number) == ([1], 0)
