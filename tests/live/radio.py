"""Subscriptions over the workshop of `tests.execute`: what is published in a test is heard by whoever listens.

The publisher puts news into a queue of each listener and never waits. It counts who has done its `finally`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import strawberry
from sqlalchemy import Select, select
from starlette.requests import HTTPConnection
from strawberry.types import Info

from db.relations import EVERYTHING
from db.session.engines import Engines
from graph.auth.credentials import credentials_of
from graph.auth.cross_site import refuse_cross_site
from graph.domain import Domain, Started
from graph.entity import Schema, row
from graph.errors import ClientError, Unauthenticated
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer
from tests.execute import workshop
from tests.execute.workshop_types import WORKSHOP, Tool

COOKIE = "radio"


class Radio:
    """Sends news to whoever listens."""

    def __init__(self) -> None:
        self.listening: set[asyncio.Queue[int | None]] = set()
        self.begun = 0
        self.ended = 0
        """How many have done their `finally`."""

    def publish(self, number: int | None) -> None:
        """Tell everybody, at once. None: there will be no more news."""
        for queue in self.listening:
            queue.put_nowait(number)

    async def news(self) -> AsyncIterator[int]:
        """What is published from now on."""
        queue: asyncio.Queue[int | None] = asyncio.Queue()
        self.listening.add(queue)
        self.begun += 1
        try:
            while (number := await queue.get()) is not None:
                yield number
        finally:
            self.listening.discard(queue)
            self.ended += 1


class People:
    """Who has which token, or cookie; a test changes that."""

    def __init__(self) -> None:
        self.known: dict[str, Viewer] = {}
        self.asked = 0

    async def identify(self, request: HTTPConnection) -> Viewer:
        """Who has sent a request. Raises `Unauthenticated` and `CrossSite`."""
        given = credentials_of(request, COOKIE)
        token = given.bearer() or given.cookie
        if not token:
            return NOBODY
        self.asked += 1
        if given.authorization is None:
            refuse_cross_site(request)
        if token not in self.known:
            raise Unauthenticated
        return self.known[token]


class Static(ClientError):
    """There is nothing but noise."""

    code = "STATIC"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def say(self, number: int, info: Info[Any, Any]) -> int:
        """Publish a number."""
        info.context.service(Radio).publish(number)
        return number


@strawberry.type
class Note:
    number: int

    @strawberry.field
    def viewer(self, info: Info[Any, Any]) -> str:
        """For whom the event is."""
        return str(info.context.viewer.name)

    @strawberry.field
    def text(self, times: int = 1) -> str:
        """As long as the client wants it."""
        return "x" * times

    @strawberry.field
    def even(self) -> int | None:
        """Odd numbers have an error."""
        if self.number % 2:
            raise Static(f"{self.number} is odd.")
        return self.number


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncIterator[int]:
        """From 1."""
        for number in range(1, to + 1):
            yield number

    @strawberry.subscription
    async def news(self, info: Info[Any, Any]) -> AsyncIterator[Note]:
        """Every number that is published."""
        async for number in info.context.service(Radio).news():
            yield Note(number=number)

    @strawberry.subscription
    async def tools(self, info: Info[Any, Any]) -> AsyncIterator[Tool | None]:
        """The tool of every number."""
        async for number in info.context.service(Radio).news():
            yield row(Tool, number)

    @strawberry.subscription
    async def noise(self, after: int) -> AsyncIterator[int]:
        """Some numbers, and then an error."""
        for number in range(after):
            yield number
        raise Static("There is nothing but noise.")

    @strawberry.subscription
    async def fault(self) -> AsyncIterator[int]:
        """A mistake of ours."""
        yield 1
        raise RuntimeError("a secret of the house")

    @strawberry.subscription
    async def careless(self, info: Info[Any, Any]) -> AsyncIterator[int]:
        """Reads with a session that it has not."""
        await info.context.session.scalar("SELECT 1")
        yield 1

    @strawberry.subscription
    async def careful(self, info: Info[Any, Any]) -> AsyncIterator[int]:
        """Reads what it needs, and lets go."""
        async for number in info.context.service(Radio).news():
            async with info.context.reading() as context:
                found = await context.session.rows(_tools())
            yield number + len(found)

    @strawberry.subscription
    async def holding(self, info: Info[Any, Any]) -> AsyncIterator[int]:
        """Yields while it holds a connection."""
        async with info.context.reading() as context:
            await context.session.rows(_tools())
            yield 1


def _tools() -> Select[Any]:
    return select(workshop.Tool.id)


class Station:
    """One domain with what its tests look at."""

    def __init__(self) -> None:
        self.radio = Radio()
        self.people = People()

    @property
    def domain(self) -> Domain:
        """The domain, for one server."""
        return Domain(self._schema, lambda _viewer: EVERYTHING, self._start)

    def _schema(self, settings: Settings) -> Schema:
        return Schema(WORKSHOP.query, settings, mutation=Mutation, subscription=Subscription)

    def _start(self, _engines: Engines, _settings: Settings) -> Started:
        return Started(self.people.identify, [self.radio], has_credentials=_has_credentials)


def _has_credentials(request: HTTPConnection) -> bool:
    return credentials_of(request, COOKIE).are_given


def without(viewer: Viewer, role: str) -> Viewer:
    """The viewer without a role."""
    return replace(viewer, roles=viewer.roles - {role})
