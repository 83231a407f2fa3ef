"""What a request costs the process that answers it: processor time, memory, and bytes of the answer.

An ASGI application and requests enter, `Reply`s leave. Nothing goes over a network, so that the figures are those of
the server alone: its threads and, on this machine, PostgreSQL's back ends.
"""

import asyncio
import ctypes
import gc
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Scope

from graph.http.requests import GRAPHQL_RESPONSE, JSON
from graph.settings import KIB

MIB = KIB * KIB
KEPT_BYTES = 256 * KIB
"""How much of an answer is kept to be looked at; the rest is counted."""
PART_BYTES = 64 * KIB
"""How much a server hands over at once."""
STRANGER = ("203.0.113.7", 40_000)
"""The network address of senders, unless they say otherwise. Source: https://www.rfc-editor.org/rfc/rfc5737"""


@dataclass(frozen=True)
class Request:
    """One HTTP request."""

    body: bytes = b""
    method: str = "POST"
    path: str = "/graphql"
    query: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    client: tuple[str, int] = STRANGER

    def parts(self) -> Iterator[tuple[bytes, bool]]:
        """The body as it comes in, and whether there is more."""
        for start in range(0, len(self.body) or 1, PART_BYTES):
            end = start + PART_BYTES
            yield self.body[start:end], end < len(self.body)

    def scope(self) -> Scope:
        """As a server hands it to an application."""
        named = {"host": "api.example.org", "content-type": JSON, "accept": GRAPHQL_RESPONSE} | {
            name.lower(): value for name, value in self.headers.items()
        }
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "root_path": "",
            "query_string": self.query,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in named.items()],
            "client": self.client,
            "server": ("api.example.org", 80),
        }


class Reply(NamedTuple):
    """What came back: the status, the whole length, and the beginning."""

    status: int
    length: int
    beginning: bytes
    headers: Mapping[str, str]


async def send(app: ASGIApp, request: Request) -> Reply:
    """Send one request, and stay until it is answered."""
    status, length, kept, headers = 0, 0, bytearray(), dict[str, str]()
    parts = iter(request.parts())

    async def receive() -> MutableMapping[str, Any]:
        for body, more in parts:
            return {"type": "http.request", "body": body, "more_body": more}
        await asyncio.Event().wait()
        raise AssertionError("nobody leaves")

    async def take(message: MutableMapping[str, Any]) -> None:
        nonlocal status, length
        if message["type"] == "http.response.start":
            status = message["status"]
            headers.update((name.decode(), value.decode("latin-1")) for name, value in message["headers"])
            return
        body = message.get("body", b"")
        length += len(body)
        kept.extend(body[: KEPT_BYTES - len(kept)])

    await app(request.scope(), receive, take)
    return Reply(status, length, bytes(kept), headers)


class Cost(NamedTuple):
    """What some work has taken."""

    cpu_s: float
    peak_bytes: int
    """The most memory above what was held before."""
    kept_bytes: int
    """What was still held afterwards."""


@dataclass(frozen=True)
class Meter:
    """Measures the work of this process, and of a PostgreSQL that works for it alone."""

    postmaster: int | None = None
    """The first process of PostgreSQL; None on SQLite."""

    async def cost(self, work: Callable[[], Awaitable[None]], *, exact: bool = True) -> Cost:
        """Do the work, and say what it took; `exact` where memory that was free before must not hide any of it."""
        if exact:
            _give_back()
        held, before = _resident(), self._cpu_s()
        with _peak() as peak:
            await work()
        after, highest = self._cpu_s(), peak()
        if exact:
            _give_back()
        return Cost(after - before, max(0, highest - held), max(0, _resident() - held))

    def _cpu_s(self) -> float:
        return time.process_time() + (0 if self.postmaster is None else _cpu_s_below(self.postmaster))


def _cpu_s_below(parent: int) -> float:
    """Seconds of processor time of a process and its children, those included that have ended.

    Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    """
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = file.read_text().rpartition(")")[2].split()
            if file.parent.name == str(parent):
                ticks += sum(map(int, fields[11:15]))
            elif fields[1] == str(parent):
                ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _give_back() -> None:
    """Let the system have what is free, or the next peak would hide in it."""
    gc.collect()
    with suppress(AttributeError, OSError):  # not every C library has it
        ctypes.CDLL(None).malloc_trim(0)


def _resident() -> int:
    return _status("VmRSS")


@contextmanager
def _peak() -> Iterator[Callable[[], int]]:
    """Start the peak anew, and read it. Source: https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    yield lambda: _status("VmHWM")


def _status(name: str) -> int:
    """A figure of this process, in bytes; 0 on systems that do not tell."""
    with suppress(OSError):
        found = re.search(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.M)
        return int(found[1]) * KIB if found else 0
    return 0
