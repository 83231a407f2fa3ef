"""Two executors side by side, on the demo."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert

from db import demo, models
from db.session.engines import Engines
from graph.schema import make_schema
from graph.settings import Settings
from tests.execute.agreement.executing import Pair, most_were_run
from tests.execute.agreement.known import known_to


@pytest.fixture
async def club(engines: Engines) -> AsyncIterator[Pair]:
    """The schema of our nouns, on the small demo and one change of it in the record."""
    await demo.fill(engines, scale=1)
    async with engines.writing().begin() as connection:
        entry = {
            "action": "createTag",
            "actor": "user:1",
            "user_id": "1",
            "user_number": 1,
            "object_ids": [],
            "request_id": "1",
        }
        await connection.execute(insert(models.AuditEntry).values(entry))
    generous = Settings.model_construct(max_work=10_000)
    schema = make_schema(generous)
    pair = Pair(schema, make_schema(generous), engines, await known_to(schema, engines))
    yield pair
    most_were_run(pair)
