"""`trellis serve` as a process of its own, always at the same address: started, stopped, killed, measured."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx

from tests.cli.running import TRELLIS, environment, hear_interrupts

START_S = 60
PREFIX = "TRELLIS_"
"""Of settings. Those of the developer, and what tests are told, do not reach a server of ours."""


class ServerProcess:
    """A server on a database, with settings by their names: `pool_size="5"`."""

    def __init__(self, database_url: str, *arguments: str, **settings: str) -> None:
        self._arguments = arguments
        self._variables = {f"{PREFIX}{name.upper()}": value for name, value in settings.items()}
        self._variables["TRELLIS_DATABASE_URL"] = database_url
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self._begin()
        async with asyncio.timeout(START_S), httpx.AsyncClient(verify=False) as client:
            while True:
                try:
                    await client.get(f"{self.origin}/healthz")
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                else:
                    return

    def _begin(self) -> None:
        self.process = subprocess.Popen(
            [TRELLIS, "serve", "--port", str(self.port), *self._arguments],
            env={name: value for name, value in environment().items() if not name.startswith(PREFIX)} | self._variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=hear_interrupts,
        )

    @property
    def pid(self) -> int:
        """The number of the process that was started."""
        assert self.process is not None
        return self.process.pid

    def tell(self, sign: signal.Signals) -> None:
        """Send a signal to the process alone, not to its workers."""
        os.kill(self.pid, sign)

    async def ended(self, within_s: float) -> tuple[int | None, float]:
        """The exit status, or None where it goes on; and how long it took."""
        assert self.process is not None
        started = time.monotonic()
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self.process.wait, within_s)
        return self.process.returncode, time.monotonic() - started

    def kill(self) -> None:
        """End it at once, with its workers; it gets no time to finish anything."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def family(self) -> list[int]:
        """The process and its workers: all of its session that run."""
        return [pid for pid in _processes() if _session_of(pid) == self.pid]

    def cpu_s(self) -> float:
        """Seconds of processor time that the process has taken."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> float:
        """What the process holds, resident."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.M)
        return int(found[1]) / 1024 if found else 0.0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill()


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _session_of(pid: int) -> int | None:
    """The session of a process; None for one that has ended. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html."""
    with suppress(OSError):
        state, _, _, session, *_ = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return None if state in "ZX" else int(session)
    return None
