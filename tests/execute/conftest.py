"""The schema of the market, and engines on its rows."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from db.session.engines import Engines
from graph.entity import Schema
from graph.settings import Settings
from tests.entity.conftest import Filled, dialect
from tests.entity.conftest import filled as samples
from tests.entity.market import MARKET, Query
from tests.entity.serving import serve

__all__ = ["dialect", "samples"]


@pytest.fixture(scope="session")
def schema() -> Schema:
    """The schema with the limits that a server has by default."""
    return Schema(Query, Settings.model_construct())


@pytest.fixture
async def filled(dialect: str, samples: Filled) -> AsyncIterator[Engines]:
    """Engines on a database that holds the market, on each database in turn. Nobody writes to it."""
    async with serve(await samples(MARKET, dialect), MARKET) as api:
        yield api.engines


@pytest.fixture
async def nowhere(tmp_path: Path) -> AsyncIterator[Engines]:
    """Engines on a database that cannot be opened: for what must be refused before it is run."""
    url = f"sqlite:///{tmp_path / 'nowhere' / 'trellis.db'}"
    engines = Engines(Settings(database_url=SecretStr(url)))
    yield engines
    await engines.dispose()
