"""A replica that is dead is left out, and harms nobody; one that answers again is asked again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from asyncpg._testbase.fuzzer import TCPFuzzingProxy
from pydantic import SecretStr
from sqlalchemy import make_url, text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.session import Mode, RequestSession, replicas
from db.session import engines as module
from db.session.engines import Engines
from tests.databases import Database, settings_for

PATIENCE_S = 20


class Replica:
    """A way to the database of a test that can be cut and mended."""

    def __init__(self, database: Database, folder: Path) -> None:
        url = make_url(database.url)
        if database.dialect == "sqlite":
            self._way, self._away = folder / "way", folder / "away"
            self._way.symlink_to(folder)
            self.url = f"sqlite:///{self._way / 'trellis.db'}"
            self.cut: Callable[[], object] = lambda: self._way.rename(self._away)
            self.mend: Callable[[], object] = lambda: self._away.rename(self._way)
            self.close: Callable[[], object] = lambda: None
            return
        self._proxy = TCPFuzzingProxy(backend_host=url.host or "127.0.0.1", backend_port=url.port or 5432)
        self._proxy.start()
        self.url = url.set(host="127.0.0.1", port=self._proxy.listening_port).render_as_string(hide_password=False)
        self.cut, self.mend, self.close = self._cut, self._mend, self._proxy.stop

    def fall_silent(self) -> None:
        """Swallow all that comes, and say nothing."""
        self._proxy.trigger_connectivity_loss()

    def speak_again(self) -> None:
        """Pass on what comes from now on."""
        self._proxy.restore_connectivity()

    def _cut(self) -> None:
        """End every connection, and refuse new ones."""
        self._proxy.stop()
        self.close = lambda: None

    def _mend(self) -> None:
        self._proxy.start()
        self.close = self._proxy.stop


@asynccontextmanager
async def engines_with(database: Database, *replicas: str, recycle_s: int = 0) -> AsyncIterator[Engines]:
    """Engines with replicas. None keeps a connection for longer than a read, so that every read has to take one."""
    urls = tuple(SecretStr(url) for url in replicas)
    engines = Engines(settings_for(database).model_copy(update={"replica_urls": urls, "pool_recycle_s": recycle_s}))
    yield engines
    await engines.dispose()


async def readers(engines: Engines, reads: int, mode: Mode = Mode.SINGLE) -> set[str]:
    """Read so often, each time in a session of its own; which pools have been asked."""
    asked = set()
    for _ in range(reads):
        async with RequestSession(engines, mode) as session:
            assert await session.rows(text("SELECT 1")) == [(1,)]
            asked |= {name for name, pool in engines.pools().items() if pool.checked_out or pool.overflow}
    return asked


@pytest.fixture
async def replica(database: Database, tmp_path: Path) -> AsyncIterator[Replica]:
    """A replica that answers."""
    replica = Replica(database, tmp_path)
    yield replica
    replica.close()


def nowhere(database: Database) -> str:
    """The URL of a database that has never been there."""
    return "sqlite:////nowhere/trellis.db" if database.dialect == "sqlite" else "postgresql://127.0.0.1:1/nowhere"


@pytest.mark.parametrize("mode", [Mode.SINGLE, Mode.SNAPSHOT])
async def test_of_two_replicas_the_one_that_answers_takes_all_reads(database: Database, mode: Mode) -> None:
    async with engines_with(database, nowhere(database), database.url) as engines:
        assert await readers(engines, 6, mode) == {"replica 2"}
        assert {engines.reading().pool, engines.snapshot().pool} == {engines.replicas[1].pool}


async def test_without_any_replica_the_primary_takes_all_reads(database: Database) -> None:
    async with engines_with(database, nowhere(database), nowhere(database)) as engines:
        assert await readers(engines, 4) == {"primary"}
        assert {engines.reading().pool, engines.snapshot().pool} == {engines.primary.pool}


async def test_many_reads_at_once_lose_none_when_a_replica_dies(database: Database, replica: Replica) -> None:
    async with engines_with(database, replica.url) as engines:
        assert await readers(engines, 2) == {"replica 1"}
        replica.cut()
        await asyncio.gather(*(readers(engines, 2) for _ in range(8)))
        assert await readers(engines, 1) == {"primary"}


async def test_a_replica_that_answers_again_is_asked_again(
    database: Database, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.02)
    async with engines_with(database, replica.url) as engines:
        replica.cut()
        assert await readers(engines, 2) == {"primary"}
        replica.mend()
        async with asyncio.timeout(PATIENCE_S):
            while await readers(engines, 1) != {"replica 1"}:  # noqa: ASYNC110 - nothing tells when it is back
                await asyncio.sleep(0.02)


async def test_without_the_primary_its_error_is_told(database: Database) -> None:
    lost = Database(nowhere(database), database.dialect)
    async with engines_with(lost, nowhere(database)) as engines:
        for _ in range(2):
            with pytest.raises(Exception, match=r"refused|unable to open|Connect call failed"):
                await readers(engines, 1)


async def test_who_waits_for_a_crowded_replica_does_not_leave_it_out(database: Database) -> None:
    settings = settings_for(database).model_copy(
        update={"replica_urls": (SecretStr(database.url),), "pool_size": 1, "pool_max_overflow": 0}
    )
    engines = Engines(settings.model_copy(update={"pool_timeout_s": 0.05}))
    async with engines.reading().connect():
        with pytest.raises(PoolTimeout):
            await readers(engines, 1)
    assert await readers(engines, 1) == {"replica 1"}
    await engines.dispose()


OPENED, KEPT = 0, 1800
"""Seconds after which a connection is replaced: every read opens one, or all use those that are open."""


@pytest.mark.direct
@pytest.mark.postgresql
@pytest.mark.parametrize("mode", [Mode.SINGLE, Mode.SNAPSHOT])
@pytest.mark.parametrize("recycle_s", [OPENED, KEPT])
async def test_a_read_on_a_replica_that_falls_silent_is_begun_again_elsewhere(
    database: Database, replica: Replica, monkeypatch: pytest.MonkeyPatch, mode: Mode, recycle_s: int
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.1)
    monkeypatch.setattr(replicas, "OPEN_S", 0.3)
    async with engines_with(database, replica.url, database.url, recycle_s=recycle_s) as engines:
        await asyncio.gather(*(readers(engines, 5, mode) for _ in range(4)))
        replica.fall_silent()
        async with asyncio.timeout(PATIENCE_S):  # a statement has longer
            await asyncio.gather(*(readers(engines, 10, mode) for _ in range(10)))
        assert await readers(engines, 4, mode) == {"replica 2"}
        replica.speak_again()
        async with asyncio.timeout(PATIENCE_S):
            while "replica 1" not in await readers(engines, 2, mode):  # noqa: ASYNC110 - nothing tells when it is back
                await asyncio.sleep(0.05)


@pytest.mark.postgresql
async def test_reads_go_on_while_the_primary_is_silent(database: Database, replica: Replica) -> None:
    async with engines_with(replace(database, url=replica.url), database.url, recycle_s=KEPT) as engines:
        await readers(engines, 2)
        replica.fall_silent()
        async with asyncio.timeout(PATIENCE_S):
            assert await readers(engines, 4) == {"replica 1"}


@pytest.mark.postgresql
async def test_a_replica_that_has_too_much_to_do_is_not_left_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    async with engines_with(database, database.url, recycle_s=KEPT) as engines:
        probing = engines.probing()["replica 1"]
        await readers(engines, 1)
        async with probing.connect(), probing.connect(), RequestSession(engines, Mode.SINGLE) as session:
            assert await session.rows(text("SELECT 1 FROM pg_sleep(0.5)")) == [(1,)]
        assert await readers(engines, 2) == {"replica 1"}
