"""An empty garden, and somebody who works in it."""

from collections.abc import AsyncIterator

import pytest

from db.session.engines import Engines
from tests.audit.garden import ADA, AskingGarden, Base
from tests.databases import Database
from tests.entity.serving import settings_of
from tests.own_tables import make_own_tables


@pytest.fixture
async def garden(blank_database: Database) -> AsyncIterator[AskingGarden]:
    """Asks as Ada; `garden.by(viewer)` as somebody else."""
    engines = Engines(settings_of(blank_database))
    async with engines.writing().begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.run_sync(make_own_tables)
    yield AskingGarden(engines, ADA)
    await engines.dispose()
