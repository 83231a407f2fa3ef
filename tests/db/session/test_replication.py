"""Real replicas that are behind their primary: whoever has just written reads it, and who is too far behind is out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from asyncpg._testbase.fuzzer import TCPFuzzingProxy
from pydantic import SecretStr
from sqlalchemy import String, bindparam, func, select

from db import models
from db.fast import CompiledStatement
from db.migrate import upgrade
from db.session import Mode, RequestSession
from db.session.engines import Engines
from db.session.positions import NOTHING_WRITTEN, Position
from db.session.written import end_of_log
from db.settings import DatabaseSettings
from tests.db.session.test_session import KEPT_COUNT, add_tag
from tests.promises.replication import Server, primary_with_replicas

PATIENCE_S = 20
COUNT_OF_SLUG = CompiledStatement(
    select(func.count()).select_from(models.Tag).where(models.Tag.slug == bindparam("slug", type_=String))
)
WAIT_S = 5.0
"""As long as a test may: a busy machine has no milliseconds to count."""


@pytest.fixture(scope="module")
def servers() -> Iterator[list[Server]]:
    """A primary with the tables, and two replicas."""
    with primary_with_replicas(2) as servers:
        upgrade(DatabaseSettings(database_url=SecretStr(servers[0].url)))
        yield servers


@pytest.fixture
async def cluster(servers: list[Server]) -> AsyncIterator[list[Server]]:
    """The same, with nothing held back; tags are gone at the end."""
    primary, *replicas = servers
    for replica in replicas:
        await replica.has_all_of(primary)
    yield servers
    for replica in replicas:
        await replica.hold_back(0)
        await replica.tell("SELECT pg_wal_replay_resume()")
    await primary.tell("TRUNCATE tags RESTART IDENTITY CASCADE")


@pytest.fixture
async def engines(cluster: list[Server]) -> AsyncIterator[Engines]:
    """Engines on the primary and its replicas."""
    primary, *replicas = cluster
    urls = tuple(SecretStr(replica.url) for replica in replicas)
    engines = Engines(DatabaseSettings(database_url=SecretStr(primary.url), replica_urls=urls, max_replica_lag_s=1))
    yield engines
    await engines.dispose()


async def write(engines: Engines, slug: str) -> Position:
    """Add a tag, and say where the log ends afterwards."""

    async def work(session: RequestSession) -> None:
        await session.rows(add_tag(slug))

    async with RequestSession(engines, Mode.CURRENT) as session:
        await session.write(work)
    return await end_of_log(engines)


async def read(engines: Engines, after: Position = NOTHING_WRITTEN, mode: Mode = Mode.SINGLE) -> tuple[int, str]:
    """How many tags there are, and which database says so."""
    async with RequestSession(engines, mode) as session:
        session.after = after
        ((number,),) = await session.rows(KEPT_COUNT)
        (name,) = [name for name, pool in engines.pools().items() if pool.checked_out]
        return number, name


async def until(held: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not held():  # noqa: ASYNC110 - nothing tells when a replica was asked
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("mode", [Mode.SINGLE, Mode.SNAPSHOT])
async def test_what_was_written_is_read_from_the_primary_as_long_as_no_replica_has_it(
    cluster: list[Server], engines: Engines, mode: Mode
) -> None:
    for replica in cluster[1:]:
        await replica.hold_back(60)
    for number in range(1, 51):
        written = await write(engines, f"tag-{number}")
        assert await read(engines, written, mode) == (number, "primary")
        assert (await read(engines, mode=mode))[0] == 0  # others may read what is old
    assert not await engines.has_replica_with(written, 0.02)


async def test_what_was_written_is_read_from_the_replica_that_has_it(cluster: list[Server], engines: Engines) -> None:
    await cluster[2].hold_back(60)
    for number in range(1, 11):
        written = await write(engines, f"tag-{number}")
        assert await engines.has_replica_with(written, WAIT_S)
        assert [await read(engines, written) for _ in range(4)] == [(number, "replica 1")] * 4


async def test_a_thousand_reads_after_writes_are_never_stale(cluster: list[Server], engines: Engines) -> None:
    await cluster[1].hold_back(0.05)
    await cluster[2].hold_back(0.002)
    sources = set[str]()

    async def write_and_read(writer: int) -> None:
        for number in range(100):
            written = await write(engines, f"tag-{writer}-{number}")
            await engines.has_replica_with(written, 0.02)
            async with RequestSession(engines, Mode.SINGLE) as session:
                session.after = written
                found = await session.rows(COUNT_OF_SLUG, {"slug": f"tag-{writer}-{number}"})
                assert [tuple(row) for row in found] == [(1,)]
                sources.update(name for name, pool in engines.pools().items() if pool.checked_out)

    await asyncio.gather(*map(write_and_read, range(10)))
    assert sources >= {"primary", "replica 2"}


async def test_a_server_that_takes_the_place_of_another_one_is_asked_anew(cluster: list[Server]) -> None:
    """As one that is restored or started anew, and shows less than the one before."""
    primary, good, late = cluster
    await late.hold_back(60)
    proxy = TCPFuzzingProxy(backend_host="127.0.0.1", backend_port=good.port)
    await asyncio.to_thread(proxy.start)
    url = SecretStr(f"postgresql://postgres@127.0.0.1:{proxy.listening_port}/postgres")
    engines = Engines(DatabaseSettings(database_url=SecretStr(primary.url), replica_urls=(url,)))
    written = await write(engines, "tag")
    assert await engines.has_replica_with(written, WAIT_S)
    assert await read(engines, written) == (1, "replica 1")
    proxy.backend_port = late.port
    proxy.close_all_connections()
    assert [await read(engines, written) for _ in range(10)] == [(1, "primary")] * 10
    assert await read(engines) == (0, "replica 1")
    await engines.dispose()
    await asyncio.to_thread(proxy.stop)


async def test_of_a_change_that_is_not_written_out_yet_the_end_is_known(
    cluster: list[Server], engines: Engines
) -> None:
    await cluster[0].tell("ALTER SYSTEM SET synchronous_commit = off")
    await cluster[0].tell("ALTER SYSTEM SET wal_writer_delay = '10s'")
    await cluster[0].tell("SELECT pg_reload_conf()")
    try:
        for number in range(1, 21):
            written = await write(engines, f"tag-{number}")
            assert (await read(engines, written))[0] == number
    finally:
        await cluster[0].tell("ALTER SYSTEM RESET ALL")
        await cluster[0].tell("SELECT pg_reload_conf()")


async def test_a_replica_that_is_too_far_behind_is_left_out_until_it_has_caught_up(
    cluster: list[Server], engines: Engines
) -> None:
    for _ in range(2):
        await read(engines)
    await cluster[1].tell("SELECT pg_wal_replay_pause()")
    await write(engines, "tag")
    await until(lambda: not engines.replica_states()["replica 1"].serves)
    one, two = engines.replica_states().values()
    assert "s behind the primary" in one.why
    assert one.lag is not None
    assert one.lag.seconds > 1
    assert one.lag.bytes > 0
    assert (two.serves, two.why) == (True, "")
    assert {await read(engines) for _ in range(4)} == {(1, "replica 2")}
    await cluster[1].tell("SELECT pg_wal_replay_resume()")
    await until(lambda: engines.replica_states()["replica 1"].serves)
    assert {await read(engines) for _ in range(4)} == {(1, "replica 1"), (1, "replica 2")}
