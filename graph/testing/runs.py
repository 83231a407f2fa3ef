"""One run of the tests: a folder that all its processes share, and that is gone when the run ends.

Nothing is imported here but the standard library: a process that owns a run may have nothing to do with databases.
"""

import fcntl
import os
import pwd
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STOP_TIMEOUT_S = 15
SERVERS = ("data/postmaster.pid", "mariadb/pid")
"""Files below a run's folder that are there as long as a server runs."""
MEMORY = Path("/dev/shm")
ROOM_IN_MEMORY = 2 * 1024**3
"""In bytes: a run takes 0.2 to 0.6 GiB."""


@dataclass(frozen=True)
class Run:
    """A folder and a pipe that all processes of a run share."""

    folder: Path

    @property
    def pipe(self) -> Path:
        """Open for writing as long as the run lasts."""
        return self.folder / "pipe"

    @property
    def name(self) -> str:
        """A name of its own for the run, fit for a database's name."""
        return "trellis_" + self.folder.name.rpartition("-")[2].lower()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep the run's other processes out."""
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def once(self, name: str, make: Callable[[], str]) -> str:
        """Make something that all processes of the run share, and remember it."""
        answer = self.folder / name
        with self.alone():
            if not answer.exists():
                answer.write_text(make())
            return answer.read_text()


@contextmanager
def begin() -> Iterator[Run]:
    """Own a run. At the end its server is stopped and its files are gone."""
    run = Run(Path(tempfile.mkdtemp(prefix="trellis-tests-", dir=_in_memory())))
    os.mkfifo(run.pipe)
    if os.geteuid() == 0:  # a server runs as somebody else, and works below this folder
        os.chown(run.folder, *unprivileged_user())
    pipe = os.open(run.pipe, os.O_RDWR)
    try:
        yield run
    finally:
        os.close(pipe)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while any((run.folder / file).exists() for file in SERVERS) and time.monotonic() < deadline:
            time.sleep(0.02)
        shutil.rmtree(run.folder, ignore_errors=True)


def unprivileged_user() -> tuple[int, int]:
    """The numbers of the user and the group that a server runs as where the tests run as root."""
    try:
        user = pwd.getpwnam("nobody")
    except KeyError:
        return 65534, 65534
    return user.pw_uid, user.pw_gid


def _in_memory() -> Path | None:
    """A folder in memory, where emptying a table takes 3 ms instead of 15; None where memory has too little room."""
    there = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_IN_MEMORY
    return MEMORY if there else None
