"""A PgBouncer is noticed, whatever the settings say of it."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import make_url

from db.care.facts import Facts, facts
from db.session.engines import Engines
from db.settings import DatabaseSettings
from tests.databases import Database
from tests.pgbouncer import PgBouncer, binary, pgbouncer
from tests.untried import Untried

pytestmark = [pytest.mark.postgresql, pytest.mark.process]


@pytest.fixture(params=["transaction", "session"])
async def bouncer(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[PgBouncer]:
    """One before the server of the database."""
    try:
        binary()
    except Untried as missing:
        pytest.skip(str(missing))
    async with pgbouncer(database.url, request.param) as made:
        yield made


async def told(url: str, *, is_said: bool) -> Facts:
    engines = Engines(DatabaseSettings.model_validate({"database_url": url, "pgbouncer": is_said, "pool_size": 1}))
    try:
        async with engines.primary.connect() as connection:
            return await facts(connection)
    finally:
        await engines.dispose()


@pytest.mark.direct
@pytest.mark.parametrize("is_said", [True, False])
async def test_a_pooler_is_noticed(bouncer: PgBouncer, database: Database, is_said: bool) -> None:
    through = bouncer.url_of(str(make_url(database.url).database))
    assert (await told(through, is_said=is_said)).is_pooled
    assert not (await told(database.url, is_said=is_said)).is_pooled
