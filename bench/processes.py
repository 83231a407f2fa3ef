"""Servers as processes: started on their core, awaited, measured, stopped, whatever happens.

They run in sessions of their own, so that Ctrl-C reaches the bench alone, which then stops them in turn.
"""

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from bench.cores import on
from bench.installing import PLACE, Unavailable
from bench.servers import Server, environment_of
from graph.testing.postgresql import free_port

READY_TIMEOUT_S = 60
STOP_TIMEOUT_S = 10
LOG_LINES = 5
KIB_PER_MIB = 1024


@dataclass(frozen=True)
class Running:
    """A server that answers on its port."""

    server: Server
    port: int
    process: subprocess.Popen[bytes]
    database: str
    """The name of the database that is read."""

    def cpu_s(self) -> float:
        """Seconds of processor time that it has taken, all threads together."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_memory_mib(self) -> float:
        """The most memory that it has held, resident, since the last `forget_peak`.

        Source: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html, VmHWM.
        """
        return self._status_mib("VmHWM")

    def memory_mib(self) -> float:
        """The memory that it holds now, resident: VmRSS."""
        return self._status_mib("VmRSS")

    def _status_mib(self, name: str) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.M)
        if found is None:  # it has stopped, and nobody has asked for its exit status yet
            raise ProcessLookupError(self.process.pid)
        return int(found[1]) / KIB_PER_MIB

    def forget_peak(self) -> None:
        """Start the peak anew. Where the system does not allow it, the peak is that since the server's start.

        Source: https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html
        """
        with suppress(PermissionError):
            Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


@contextmanager
def running(server: Server, url: str, cores: frozenset[int]) -> Iterator[Running]:
    """Have a server for a while. Raises `Unavailable` when it cannot be had or does not start."""
    port = free_port()
    launch = server.launch(url, port)
    log = PLACE / "logs" / f"{server.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, on(cores):
        process = subprocess.Popen(
            launch.command,
            cwd=launch.folder,
            env=environment_of(launch),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await(process, port, log)
        yield Running(server, port, process, make_url(url).database or "")
    finally:
        _stop(process)


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = " / ".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])
            raise Unavailable(f"it stopped at once: {said}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise Unavailable(f"it does not listen after {READY_TIMEOUT_S} s; see {log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
