"""A schema, and databases with the small demo."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import insert

from db import demo, models
from db.session.engines import Engines
from graph.entity import Schema
from graph.schema import make_schema
from graph.settings import Settings


@pytest.fixture(scope="session")
def schema() -> Schema:
    """The schema with the limits that a server has by default."""
    return make_schema()


@pytest.fixture
async def filled(engines: Engines) -> Engines:
    """Engines on a database with the small demo, and one change of it in the record."""
    await demo.fill(engines, scale=1)
    async with engines.writing().begin() as connection:
        entry = {"action": "createTag", "actor": "user:1", "actor_id": 1, "object_ids": [], "request_id": "1"}
        await connection.execute(insert(models.AuditEntry).values(entry))
    return engines


@pytest.fixture
async def nowhere(tmp_path: Path) -> AsyncIterator[Engines]:
    """Engines on a database that cannot be opened: for what must be refused before it is run."""
    url = f"sqlite:///{tmp_path / 'nowhere' / 'trellis.db'}"
    engines = Engines(Settings(database_url=SecretStr(url)))
    yield engines
    await engines.dispose()
