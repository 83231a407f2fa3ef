"""The workshop behind a real server, with a provider of tokens."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import pytest
from sqlalchemy import insert

from db.session.engines import Engines
from graph.domain import Domain
from tests.api_keys.workshop import DOMAIN, Base, SkillRow, WorkerRow
from tests.databases import Database
from tests.entity.serving import settings_of
from tests.http.client import Client
from tests.http.conftest import Serve, serve
from tests.outside.provider import AUDIENCE, ISSUER, pem_of, private_key
from tests.own_tables import make_own_tables

__all__ = ["serve"]

SKILLS = {"ada": ("smith", "keeper"), "bob": ("smith",), "eve": ()}
Serving: TypeAlias = Callable[..., Awaitable[Client]]


@pytest.fixture
async def engines(blank_database: Database) -> AsyncIterator[Engines]:
    """The workshop's database, with three people."""
    engines = Engines(settings_of(blank_database))
    async with engines.writing().begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.run_sync(make_own_tables)
        await connection.execute(insert(WorkerRow), [{"id": name, "works": True} for name in SKILLS])
        skills = [{"worker_id": it, "name": name} for it, names in SKILLS.items() for name in names]
        await connection.execute(insert(SkillRow), skills)
    yield engines
    await engines.dispose()


@pytest.fixture
async def serving(engines: Engines, blank_database: Database, serve: Serve) -> Serving:
    """A server of the workshop, which believes the provider."""

    async def made(domain: Domain = DOMAIN, **more: Any) -> Client:
        known = {"jwt_public_key": pem_of(private_key("RS256")), "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}
        return await serve(blank_database.url, domain=domain, record_usage=False, **(known | more))

    return made


@pytest.fixture
async def client(serving: Serving) -> Client:
    return await serving()
