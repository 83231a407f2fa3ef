"""Through PgBouncer, which lends the connections of PostgreSQL: statements meet connections that others have used."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from db.session import Mode, RequestSession
from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.errors import CannotStart
from graph.startup import until_it_answers
from tests.db.session.test_session import KEPT_COUNT, add_tag
from tests.pgbouncer import SERVER_CONNECTIONS, PgBouncer, binary, pgbouncer
from tests.untried import Untried

pytestmark = pytest.mark.postgresql

CLIENTS = 4 * SERVER_CONNECTIONS
TIMES = 5


@pytest.fixture(params=["transaction", "session"])
async def bouncer(request: pytest.FixtureRequest, settings: DatabaseSettings) -> AsyncIterator[PgBouncer]:
    """A PgBouncer before the database of a test, in either mode."""
    try:
        binary()
    except Untried as missing:
        pytest.skip(str(missing))
    async with pgbouncer(settings.database_url.get_secret_value(), request.param) as made:
        yield made


def through(bouncer: PgBouncer, settings: DatabaseSettings, **given: object) -> Engines:
    """Engines as docs/deploy.md says; each client has a connection to PgBouncer."""
    leads = {"database_url": SecretStr(bouncer.url), "pool_size": CLIENTS}
    return Engines(settings.model_copy(update={**leads, "pgbouncer": bouncer.mode == "transaction", **given}))


@pytest.mark.parametrize("fast_path", [True, False])
async def test_what_is_asked_and_changed_by_many_at_once_is_as_without(
    bouncer: PgBouncer, settings: DatabaseSettings, fast_path: bool
) -> None:
    servers = [through(bouncer, settings, fast_path=fast_path) for _ in range(2)]  # of Trellis, behind one pool

    async def add(slug: str, change: RequestSession) -> None:
        await change.rows(add_tag(slug))

    async def work(number: int) -> None:
        engines = servers[number % 2]
        for turn in range(TIMES):
            async with RequestSession(engines, Mode.SINGLE) as session:
                asked = text(f"SELECT {number % 7}, CAST(:turn AS integer), pg_sleep(0.001)").bindparams(turn=turn)
                assert [tuple(row[:2]) for row in await session.rows(asked)] == [(number % 7, turn)]
            async with RequestSession(engines, Mode.SNAPSHOT) as session:
                first, again = [await session.rows(KEPT_COUNT) for _ in range(2)]
                assert tuple(first[0]) == tuple(again[0])
            async with RequestSession(engines, Mode.CURRENT) as session:
                await session.write(partial(add, f"tag-{number}-{turn}"))

    await asyncio.gather(*map(work, range(CLIENTS)))
    for engines in servers:
        async with RequestSession(engines) as session:
            assert [tuple(row) for row in await session.rows(KEPT_COUNT)] == [(CLIENTS * TIMES,)]
        await engines.dispose()


async def test_who_is_not_let_in_for_a_setting_is_told_what_to_do(
    bouncer: PgBouncer, settings: DatabaseSettings
) -> None:
    bouncer.kill()
    await bouncer.start(ignoring="extra_float_digits")
    engines = through(bouncer, settings, pgbouncer=False)
    with pytest.raises(CannotStart, match="set TRELLIS_PGBOUNCER=true for pool_mode = transaction"):
        await until_it_answers(engines.probing()["primary"], 0)
    await engines.dispose()
