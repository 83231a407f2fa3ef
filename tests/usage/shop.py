"""A shop that needs no table: a schema with deprecations, and servers that count who uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any

import strawberry
from pydantic import SecretStr
from starlette.types import ASGIApp

from db.relations import EVERYTHING
from graph.app import create_app
from graph.domain import Domain
from graph.entity import Schema
from graph.settings import Settings
from tests.explorer.serving import serving
from tests.http.client import Client


@strawberry.enum
class Kind(Enum):
    SOFT = "soft"
    HARD = strawberry.enum_value("hard", deprecation_reason="Nobody buys it. Goes on 2027-06-01.")


@strawberry.input
class Wish:
    kind: Kind | None = None
    word: str | None = strawberry.field(default=None, deprecation_reason="Say kind.")
    also: list[Wish] | None = None


@strawberry.type
class Toy:
    name: str
    kind: Kind

    title: str = strawberry.field(default="Bear", deprecation_reason="Use name. Goes on 2027-01-31.")


@strawberry.type
class Query:
    @strawberry.field
    def toys(self, wish: Wish | None = None, limit: int | None = None) -> list[Toy]:
        return [Toy(name="Bear", kind=Kind.SOFT)]

    @strawberry.field
    def broken(self) -> str:
        raise ValueError("broken")


DOMAIN = Domain(lambda settings: Schema(Query, settings), lambda _viewer: EVERYTHING)


def app() -> ASGIApp:
    """The application of a process of its own; its settings are in the environment."""
    return create_app(domain=DOMAIN)


TOYS = "{ toys { name } }"
WITH_A_WISH = "query Wished($wish: Wish) { toys(wish: $wish) { name } }"


@asynccontextmanager
async def shop(database_url: str, **settings: Any) -> AsyncIterator[Client]:
    """A client of a server over HTTP that counts into a database."""
    made = Settings(database_url=SecretStr(database_url), **settings)
    async with serving(create_app(made, domain=DOMAIN)) as origin, Client(origin) as client:
        yield client


def asked_by(name: str, version: str = "") -> dict[str, str]:
    """The headers of a client."""
    return {"graphql_client_name": name, "graphql_client_version": version}
