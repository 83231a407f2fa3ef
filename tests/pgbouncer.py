"""A PgBouncer in front of a PostgreSQL of tests, at one address: started, killed, paused.

The URL of a server enters, that of PgBouncer leaves. PgBouncer is the system's; where there is none, its tests are
skipped.
Source: https://www.pgbouncer.org/config.html
"""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import URL, make_url

from graph.testing.postgresql import free_port
from graph.testing.runs import unprivileged_user
from tests.untried import Untried

START_S = 10
SERVER_CONNECTIONS = 6
"""Fewer than a server of ours opens, so that statements meet connections that others have used."""

CONFIGURATION = """
[databases]
* = host={host} port={port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
admin_users = {user}
pool_mode = {mode}
default_pool_size = {connections}
max_client_conn = 200
server_login_retry = 1
server_connect_timeout = 2
ignore_startup_parameters = {ignored}
logfile = {folder}/log
"""
"""As docs/deploy.md says. A pool for sessions must be as large as those of its clients together."""


def binary() -> str:
    """Where PgBouncer is. Raises `Untried` that names the cure."""
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Untried("PgBouncer is not installed: apt-get install pgbouncer")
    return found


class PgBouncer:
    """One that stops and starts, at one address."""

    def __init__(self, server: str, mode: str, folder: Path | str, connections: int = SERVER_CONNECTIONS) -> None:
        self._binary = binary()
        self._folder = Path(folder)
        self._connections = connections
        self._process: subprocess.Popen[bytes] | None = None
        self.mode = mode
        self.at: URL = make_url(server).set(host="127.0.0.1", port=free_port())
        self._server = make_url(server)

    def _configure(self, ignored: str) -> None:
        behind, folder = self._server, self._folder
        written = CONFIGURATION.format(
            host=behind.host,
            port=behind.port,
            listen_port=self.at.port,
            folder=folder,
            user=behind.username,
            mode=self.mode,
            connections=self._connections if self.mode == "transaction" else 100,
            ignored=ignored,
        )
        (folder / "pgbouncer.ini").write_text(written, encoding="utf-8")
        (folder / "users").write_text(f'"{behind.username}" "{behind.password or ""}"\n', encoding="utf-8")

    @property
    def url(self) -> str:
        """The database behind it, through it."""
        return self.at.render_as_string(hide_password=False)

    def url_of(self, database: str) -> str:
        """Another database of the same server, through it."""
        return self.at.set(database=database).render_as_string(hide_password=False)

    async def start(self, ignoring: str = "statement_timeout,jit") -> None:
        """Start it and wait until it listens. Settings of a connection that it does not ignore, it refuses."""
        self._configure(ignoring)
        user: dict[str, Any] = {}
        if os.geteuid() == 0:  # it refuses root
            uid, gid = unprivileged_user()
            os.chown(self._folder, uid, gid)
            user = {"user": uid, "group": gid, "extra_groups": []}
        self._process = subprocess.Popen(  # noqa: ASYNC220 - takes a millisecond
            [self._binary, "-q", self._folder / "pgbouncer.ini"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            **user,
        )
        async with asyncio.timeout(START_S):
            while not await self._listens():  # noqa: ASYNC110 - nothing tells when it does
                await asyncio.sleep(0.02)

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(self.at.host, self.at.port)
        except OSError:
            return False
        writer.close()
        return True

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def send_signal(self, sign: signal.Signals) -> None:
        """Have it fall silent (SIGSTOP), and speak again (SIGCONT)."""
        assert self._process is not None
        self._process.send_signal(sign)

    async def tell(self, command: str) -> None:
        """Give a command of its console, such as PAUSE, which waits for statements under way."""
        console = await asyncpg.connect(self.at.set(database="pgbouncer").render_as_string(hide_password=False))
        try:
            await console.execute(command)
        finally:
            console.terminate()


@asynccontextmanager
async def pgbouncer(server: str, mode: str) -> AsyncIterator[PgBouncer]:
    """One in front of a server, which is gone at the end. Raises `Untried` where it is not installed."""
    with tempfile.TemporaryDirectory(prefix="trellis-pgbouncer-") as folder:
        made = PgBouncer(server, mode, Path(folder))
        await made.start()
        try:
            yield made
        finally:
            made.kill()
