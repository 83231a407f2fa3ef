"""A PostgreSQL of one test alone, as careful with what it commits as in production, to be broken on purpose."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from graph.testing import runs
from graph.testing.postgresql import CONFIGURATION, binaries, call, free_port, start_server
from graph.testing.runs import Run

CAREFUL = CONFIGURATION | {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}

TERMINATE = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE application_name = 'trellis' AND pid <> pg_backend_pid()
"""


class FragileServer:
    """A server that stops and starts, at one address."""

    def __init__(self, run: Run, folder: str = "data") -> None:
        self._run = run
        self.data = run.folder / folder
        """Its files."""
        self._binaries: Path = binaries(run)
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it and wait until it answers; what a crash has left is recovered."""
        options = " ".join(f"-c {name}='{value}'" for name, value in CAREFUL.items())
        self._control(
            "start", "-w", "-l", self._run.folder / f"{self.data.name}.log", "-o", f"-p {self.port} {options}"
        )

    def stop(self) -> None:
        """Stop it as a crash would: nothing is finished, nothing is written."""
        self._control("stop", "-w", "-m", "immediate")

    def send_signal(self, sign: signal.Signals) -> None:
        """Have all of its processes fall silent (SIGSTOP), and speak again (SIGCONT)."""
        for pid in (self.postmaster, *_children_of(self.postmaster)):
            with suppress(ProcessLookupError):
                os.kill(pid, sign)

    @property
    def postmaster(self) -> int:
        """The first of its processes. Source: https://www.postgresql.org/docs/current/storage-file-layout.html."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    async def crash(self) -> None:
        """Stop it, and start it again after a moment."""
        await asyncio.to_thread(self.stop)
        await asyncio.sleep(0.2)
        await asyncio.to_thread(self.start)

    async def terminate_back_ends(self) -> int:
        """End every connection of ours; how many there were."""
        connection = await asyncpg.connect(make_url(self.url).render_as_string(hide_password=False))
        try:
            return int(await connection.fetchval(TERMINATE))
        finally:
            await connection.close()

    def _control(self, command: str, *arguments: object) -> None:
        call([self._binaries / "pg_ctl", command, "-D", self.data, *arguments])


def _children_of(parent: int) -> Iterator[int]:
    """Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(file.read_text().rpartition(")")[2].split()[1]) == parent:
                yield int(file.parent.name)


@asynccontextmanager
async def fragile_server() -> AsyncIterator[FragileServer]:
    """A server of our own that has started; at the end it is gone, and so are its files."""
    with runs.begin() as run:
        await asyncio.to_thread(start_server, run)
        server = FragileServer(run)
        server.stop()
        await asyncio.to_thread(server.start)
        yield server
