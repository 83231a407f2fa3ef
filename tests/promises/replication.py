"""A primary and its streaming replicas, of one test alone: held back, paused, silenced, promoted.

Binaries enter, the URLs of running servers leave; all of it is gone at the end.
Sources: https://www.postgresql.org/docs/current/app-pgbasebackup.html,
https://www.postgresql.org/docs/current/runtime-config-replication.html
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg

from graph.testing import runs
from graph.testing.postgresql import binaries, call, start_server
from graph.testing.runs import Run
from tests.promises.server import FragileServer

PATIENCE_S = 20


class Server(FragileServer):
    """A primary, or a replica of one."""

    async def tell(self, sql: str, *values: object) -> Any:
        """Send one statement past everything, and return its value."""
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval(sql, *values)
        finally:
            await connection.close()

    async def hold_back(self, delay_s: float) -> None:
        """Have a replica show each change so much later."""
        await self.tell(f"ALTER SYSTEM SET recovery_min_apply_delay = '{round(delay_s * 1000)}ms'")
        await self.tell("SELECT pg_reload_conf()")

    async def has_all_of(self, primary: "Server") -> None:
        """Wait until it shows what was written on its primary."""
        written = await primary.tell("SELECT pg_current_wal_flush_lsn()::text")
        async with asyncio.timeout(PATIENCE_S):
            while not await self.tell("SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", written):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def promote(self) -> None:
        """Make a primary of a replica."""
        await self.tell("SELECT pg_promote()")


@contextmanager
def primary_with_replicas(replicas: int = 1) -> Iterator[list[Server]]:
    """A primary and so many replicas that stream from it."""
    with runs.begin() as run:
        start_server(run)
        primary = Server(run)
        primary.stop()
        primary.start()
        servers = [primary]
        try:
            servers.extend(_replica_of(primary, run, number) for number in range(1, replicas + 1))
            yield servers
        finally:
            for server in servers:
                with suppress(FileNotFoundError):  # a test has stopped it
                    server.send_signal(signal.SIGCONT)
                    server.stop()


def _replica_of(primary: Server, run: Run, number: int) -> Server:
    replica = Server(run, f"replica{number}")
    backup = ["-D", replica.data, "-R", "-c", "fast", "-X", "stream", "-h", "127.0.0.1", "-p", primary.port]
    call([binaries(run) / "pg_basebackup", *backup, "-U", "postgres"])
    replica.start()
    return replica
