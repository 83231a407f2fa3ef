"""A PgBouncer is noticed, whatever the settings say of it."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import make_url
from sqlalchemy.schema import CreateSchema

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


async def told(url: str, *, is_said: bool, **more: str) -> Facts:
    given = {"database_url": url, "pgbouncer": is_said, "pool_size": 1, **more}
    engines = Engines(DatabaseSettings.model_validate(given))
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


@pytest.mark.direct
async def test_a_schema_of_ours_that_bears_the_name_of_the_role_comes_first_where_no_session_lasts(
    bouncer: PgBouncer, database: Database, engines: Engines
) -> None:
    url = make_url(database.url)
    role, through = str(url.username), bouncer.url_of(str(url.database))
    async with engines.writing().begin() as connection:
        await connection.execute(CreateSchema(role))
    is_lent = bouncer.mode == "transaction"
    assert (await told(database.url, is_said=False, own_schema=role)).first_schema == "public"
    assert (await told(through, is_said=is_lent, own_schema=role)).first_schema == (role if is_lent else "public")
