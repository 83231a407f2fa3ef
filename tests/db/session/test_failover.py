"""One of two servers is the primary, until the other one is promoted: a service with both in its URL is whole soon."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count

import pytest
from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.dialects import Outage, outage_of
from db.migrate import upgrade
from db.session import Mode, OutcomeUnknown, RequestSession, Unreachable
from db.session.engines import Engines, create_engine
from db.settings import DatabaseSettings, async_url
from tests.db.session.test_session import KEPT_COUNT, add_tag
from tests.pgbouncer import binary, pgbouncer
from tests.promises.replication import Server, primary_with_replicas
from tests.untried import Untried

WHOLE_S = 5.0
PATIENCE_S = 30
NUMBERS = count()
AT_ONCE = 6


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    """A primary with the tables, and its replica."""
    with primary_with_replicas(1) as servers:
        upgrade(DatabaseSettings(database_url=SecretStr(servers[0].url)))
        asyncio.run(servers[1].has_all_of(servers[0]))
        yield servers


@pytest.fixture
async def engines(servers: list[Server]) -> AsyncIterator[Engines]:
    """Engines on whichever takes changes, with some open connections."""
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in reversed(servers))
    url = SecretStr(f"postgresql://postgres@{hosts}/postgres")
    engines = Engines(
        DatabaseSettings(database_url=url, pool_size=AT_ONCE, connect_timeout_s=5, statement_timeout_s=20)
    )
    await at_once(lambda: read(engines))
    yield engines
    await engines.dispose()


async def at_once(work: Callable[[], Awaitable[object]]) -> None:
    """Do so much work at once that every connection is used."""
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def read(engines: Engines) -> int:
    """The number of tags."""
    async with RequestSession(engines, Mode.SINGLE) as session:
        ((number,),) = await session.rows(KEPT_COUNT)
        return int(number)


async def write(engines: Engines) -> None:
    """Add a tag."""
    slug = f"tag-{next(NUMBERS)}"

    async def work(session: RequestSession) -> None:
        await session.rows(add_tag(slug))

    async with RequestSession(engines, Mode.CURRENT) as session:
        await session.write(work)


async def write_somehow(engines: Engines) -> bool:
    """Whether a tag was added; what goes wrong says that it may be tried again."""
    try:
        await write(engines)
    except (Unreachable, OutcomeUnknown, PoolTimeout):
        return False
    except DBAPIError as error:
        if outage_of(error) not in (Outage.LOST, Outage.STOPPING, Outage.READ_ONLY):
            raise
        return False
    return True


async def until_whole(engines: Engines) -> float:
    """Write until that works, and what works then works for everybody; the seconds that took."""
    started = time.monotonic()
    async with asyncio.timeout(PATIENCE_S):
        while not await write_somehow(engines):  # noqa: ASYNC110 - nothing tells when it is
            await asyncio.sleep(0.02)
        took = time.monotonic() - started
        await at_once(lambda: write(engines))
        await at_once(lambda: read(engines))
    return took


async def test_after_a_promotion_the_service_is_whole_when_the_primary_is_dead(
    servers: list[Server], engines: Engines
) -> None:
    await at_once(lambda: write(engines))
    await servers[1].has_all_of(servers[0])
    servers[0].stop()
    assert not await write_somehow(engines)  # nobody takes changes
    await servers[1].promote()
    assert await until_whole(engines) < WHOLE_S
    assert await read(engines) >= 2 * AT_ONCE + 1


async def test_after_a_promotion_the_service_is_whole_when_the_primary_is_silent(
    servers: list[Server], engines: Engines
) -> None:
    servers[0].send_signal(signal.SIGSTOP)
    waiting = [asyncio.create_task(read(engines)) for _ in range(AT_ONCE)]
    await asyncio.sleep(0.1)
    await servers[1].promote()
    assert await until_whole(engines) < WHOLE_S
    assert all(tags >= 0 for tags in await asyncio.gather(*waiting))  # no read is lost


async def test_a_change_that_meets_a_primary_which_is_none_any_more_is_made_by_the_new_one(
    servers: list[Server], engines: Engines
) -> None:
    await at_once(lambda: write(engines))
    await servers[1].has_all_of(servers[0])
    await servers[0].tell("ALTER SYSTEM SET default_transaction_read_only = on")
    await servers[0].tell("SELECT pg_reload_conf()")
    await servers[1].promote()
    await asyncio.sleep(0.2)
    await at_once(lambda: write(engines))
    assert await read(engines) == 2 * AT_ONCE
    assert await servers[0].tell("SELECT count(*) FROM tags") == AT_ONCE


async def test_a_url_is_led_to_a_server_in_the_role_that_it_asks_for(servers: list[Server]) -> None:
    url = f"postgresql://postgres@127.0.0.1:{servers[0].port},127.0.0.1:{servers[1].port}/postgres"
    found = {}
    for role in ("any", "primary", "read-write", "standby", "read-only", "prefer-standby"):
        engine = create_engine(async_url(f"{url}?target_session_attrs={role}"), DatabaseSettings())
        async with engine.connect() as connection:
            answer = await connection.exec_driver_sql("SELECT inet_server_port()")
            found[role] = [server.port for server in servers].index(answer.scalar_one())
        await engine.dispose()
    assert found == {"any": 0, "primary": 0, "read-write": 0, "standby": 1, "read-only": 1, "prefer-standby": 1}


async def test_where_nobody_takes_changes_the_database_says_so(servers: list[Server], engines: Engines) -> None:
    await servers[0].tell("ALTER SYSTEM SET default_transaction_read_only = on")
    await servers[0].tell("SELECT pg_reload_conf()")
    await asyncio.sleep(0.2)
    with pytest.raises(Unreachable, match="is read-write now"):
        await write(engines)


async def test_through_pgbouncer_a_promotion_is_heard_of(servers: list[Server]) -> None:
    """PgBouncer tells each client what its server said when it first met it: that it is a standby, for instance."""
    try:
        binary()
    except Untried as missing:
        pytest.skip(str(missing))
    async with pgbouncer(servers[0].url, "transaction") as a, pgbouncer(servers[1].url, "transaction") as b:
        url = f"postgresql://postgres@127.0.0.1:{a.at.port},127.0.0.1:{b.at.port}/postgres"
        settings = DatabaseSettings(database_url=SecretStr(url), pgbouncer=True, pool_size=AT_ONCE)
        standby = create_engine(async_url(f"{url}?target_session_attrs=standby"), settings)
        async with standby.connect() as connection:
            answer = await connection.exec_driver_sql("SELECT inet_server_port()")
            assert answer.scalar_one() == servers[1].port
        await standby.dispose()
        engines = Engines(settings)
        await at_once(lambda: write(engines))
        await servers[1].has_all_of(servers[0])
        servers[0].stop()
        await servers[1].promote()
        assert await until_whole(engines) < WHOLE_S
        assert await read(engines) >= 2 * AT_ONCE + 1
        await engines.dispose()
