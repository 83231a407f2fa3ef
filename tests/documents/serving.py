"""A small library behind a real server that trusts documents, and a client's build that registers them."""

import json
from collections.abc import Iterable
from typing import Any

from pydantic import SecretStr
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from db.relations import EVERYTHING
from db.session.engines import Engines
from graph.app import create_app
from graph.documents import Documents, store
from graph.documents.ids import PERSISTED_QUERY, sha256_of
from graph.documents.manifests import Listed
from graph.domain import Domain
from graph.endpoint import GraphQLEndpoint
from graph.entity import Schema
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer
from tests.databases import Database
from tests.http.client import Answer, Client
from tests.own_tables import make_own_tables
from tests.writing import library

BOOKS = "query Books($first: Int = 2) { books(first: $first, orderBy: [{title: ASC}]) { nodes { title } } }"
TITLES = {"books": {"nodes": [{"title": "Emma"}, {"title": "Persuasion"}]}}
CREATE = 'mutation Create { createBook(input: {title: "Middlemarch", pages: 900}) { book { title } } }'
COSTLY = "{ books(first: 100) { nodes { genres(first: 100) { nodes { name } } } } }"

VIEWERS = {"reader": Viewer(1), "keeper": Viewer(2, frozenset({"admin"}))}
DOMAIN = Domain(lambda settings: Schema(library.Query, settings, mutation=library.Mutation), lambda _viewer: EVERYTHING)


async def identify(request: HTTPConnection) -> Viewer:
    """Whoever the header names."""
    return VIEWERS.get(request.headers.get("authorization", ""), NOBODY)


async def make_library(database: Database, *, own: bool = True) -> Engines:
    """Two books, and the tables of trusted documents, if they are wanted."""
    engines = await library.make_library(database)
    async with engines.writing().begin() as connection:
        if own:
            await connection.run_sync(make_own_tables)
        books = [{"title": title, "pages": 300} for title in ("Persuasion", "Emma")]
        await connection.execute(insert(library.BookRow), books)
    return engines


async def register(engines: Engines, listed: Iterable[tuple[str, str]], app: str = "web", version: str = "1") -> int:
    """Register documents as `trellis documents register` does it."""
    async with AsyncSession(engines.writing()) as session, session.begin():
        return await store.register(session, [Listed(*it) for it in listed], app, version)


async def retire(engines: Engines, app: str = "web", version: str = "1") -> int:
    """Retire documents as `trellis documents retire` does it."""
    async with AsyncSession(engines.writing()) as session, session.begin():
        return await store.retire_version(session, app, version)


def persisted(text: str, **more: Any) -> dict[str, Any]:
    """Apollo's extension for a text."""
    return {PERSISTED_QUERY: {"version": 1, "sha256Hash": sha256_of(text), **more}}


async def send(client: Client, **request: Any) -> Answer:
    """Send a request, whatever it is."""
    authorization = request.pop("authorization", "")
    return await client.post(json.dumps(request).encode(), authorization=authorization)


def app_of(database: Database, **settings: Any) -> tuple[Any, Documents]:
    """The application on the library, and its documents."""
    made = Settings(database_url=SecretStr(database.url), pool_size=2, record_usage=False, **settings)
    app = create_app(made, domain=DOMAIN, identify=identify)
    endpoints = [getattr(route, "endpoint", None) for route in app.routes]
    (endpoint,) = (it for it in endpoints if isinstance(it, GraphQLEndpoint))
    return app, endpoint.documents
