"""A MariaDB server for one run of the tests.

A folder enters, the URL of a running server leaves. Several processes share the run: whoever needs the server first
starts it, and it ends when the process that owns the run closes its end of a pipe, however that process ends. The
binaries are the system's; nothing is installed, and the server listens on the loopback address alone.

Sources: https://mariadb.com/kb/en/mariadb-install-db/, https://mariadb.com/kb/en/mariadbd-options/.
"""

import os
import shutil
import socket
import time
from pathlib import Path

from graph.testing.postgresql import PostgresUnavailable, call, free_port
from graph.testing.runs import Run

ENVIRONMENT_VARIABLE = "TEST_MARIADB_URL"

FOLDER = "mariadb"
"""Below the run's folder: the data, the log and the number of the server's process."""

CONFIGURATION = (
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--max-connections=200",
    "--max-allowed-packet=64M",
    "--character-set-server=utf8mb4",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--innodb-log-buffer-size=2M",
    "--innodb-flush-log-at-trx-commit=0",  # the data is thrown away: a crash of the machine may take it
    "--innodb-doublewrite=0",
    "--innodb-flush-method=nosync",
    "--performance-schema=OFF",
    "--aria-pagecache-buffer-size=8M",
    "--key-buffer-size=1M",
)

ENDED = "[ERROR] Aborting"
"""In the log of a server that could not start."""
START_TIMEOUT_S = 120
"""A machine with much to do takes its time."""

GUARDIAN = """exec 3<&0
folder=$1
shift
: >"$folder/log"
"$@" </dev/null >"$folder/log" 2>&1 3<&- &
server=$!
echo "$server" >"$folder/pid.new" && mv "$folder/pid.new" "$folder/pid"
{
    read -r _ <&3
    kill -KILL "$server"
    rm -rf "$folder"
} >/dev/null 2>&1 &"""
"""Starts the server, waits until the owner of the run closes the pipe, then ends the server and removes its files."""


class MariaDBUnavailable(Exception):
    """No MariaDB server can be had for the tests."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The tests need MariaDB, and {reason}. Install its server (apt-get install mariadb-server-core"
            f" mariadb-client-core), or set {ENVIRONMENT_VARIABLE}=mariadb://user:password@host/database to a server"
            " whose user may create databases."
        )


def server_url(run: Run) -> str:
    """The URL of a server for this run; the first to ask starts it.

    The server comes from the environment, else from the system. Raises `MariaDBUnavailable` that names the cure.
    """
    given = os.environ.get(ENVIRONMENT_VARIABLE)
    return given or run.once("mariadb_url", lambda: start_server(run))


def is_there() -> bool:
    """Whether a server is named, or can be started here."""
    return ENVIRONMENT_VARIABLE in os.environ or (_program("mariadbd") is not None)


def start_server(run: Run) -> str:
    """Start a server in a folder of the run; its URL. Raises `MariaDBUnavailable`."""
    server, install = _program("mariadbd"), _program("mariadb-install-db")
    if server is None or install is None:
        raise MariaDBUnavailable("there is none here")
    folder = run.folder / FOLDER
    folder.mkdir()
    if os.geteuid() == 0:  # the server runs as the owner of the run's folder
        owner = run.folder.stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
    data = f"--datadir={folder / 'data'}"
    try:
        call(
            [
                *(install, "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", data),
                *(option for option in CONFIGURATION if option.startswith("--innodb")),
            ]
        )
        while True:
            port = free_port()
            _begin(run, folder, [server, "--no-defaults", data, f"--port={port}", *CONFIGURATION])
            if _answers(folder, port):
                return f"mariadb://root@127.0.0.1:{port}/mysql"
    except PostgresUnavailable as failure:
        raise MariaDBUnavailable(failure.reason) from None


def _begin(run: Run, folder: Path, command: list[str | Path]) -> None:
    pipe = os.open(run.pipe, os.O_RDONLY)
    try:
        sockets = [f"--socket={folder / 'socket'}", f"--pid-file={folder / 'server.pid'}"]
        call(["/bin/sh", "-c", GUARDIAN, "guardian", folder, *command, *sockets], stdin=pipe)
    finally:
        os.close(pipe)


def _answers(folder: Path, port: int) -> bool:
    """Wait until the server greets. False: somebody else took the port. Raises `MariaDBUnavailable` where it ends."""
    process, deadline = int((folder / "pid").read_text()), time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        said = (folder / "log").read_text(errors="replace")
        if ENDED in said or not _lives(process):  # where nobody asks how it ended, its number stays taken
            if "Bind on TCP/IP port" in said:
                return False
            raise MariaDBUnavailable(f"it ended at once; its log says: {said.strip()}")
        if _greets(port):
            return True
        time.sleep(0.02)
    raise MariaDBUnavailable(f"it has said nothing for {START_TIMEOUT_S} seconds")


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True


def _greets(port: int) -> bool:
    """Whether a server speaks first, as those of MariaDB do once they are ready."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as opened:
            return bool(opened.recv(1))
    except OSError:
        return False


def _program(name: str) -> Path | None:
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))
    return None if found is None else Path(found)
