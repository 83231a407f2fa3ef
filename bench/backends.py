"""The processor time of PostgreSQL: of the back ends that serve one database, as the system counts it.

A database's name enters, seconds leave. PostgreSQL is not asked, and does not notice. Back ends are known by their
titles (https://www.postgresql.org/docs/current/monitoring-ps.html: `postgres: user database host activity`); each has
one thread, whose time the system counts in nanoseconds (https://docs.kernel.org/scheduler/sched-stats.html). A server
on another machine has none here. Work beside the back ends, the checkpointer's for instance, is not counted.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

TITLE = b"postgres: "
NS_PER_S = 10**9

Times = Mapping[int, int]
"""Nanoseconds of processor time, by the numbers of processes."""


def times(database: str, processes: Path = Path("/proc")) -> Times:
    """What each back end of this database has taken so far."""
    found = {}
    for process in _back_ends(database, processes):
        with suppress(OSError, ValueError):  # it may end while we look
            found[int(process.name)] = int((process / "schedstat").read_text().split()[0])
    return found


def seconds_between(before: Times, after: Times) -> float | None:
    """What the back ends have taken in between; those that have ended count for nothing. None where there are none."""
    if not after:
        return None
    return sum(ns - before.get(process, 0) for process, ns in after.items()) / NS_PER_S


def _back_ends(database: str, processes: Path) -> Iterator[Path]:
    for process in processes.glob("[0-9]*"):
        with suppress(OSError):
            title = (process / "cmdline").read_bytes()
            if title.startswith(TITLE) and database in title.rstrip(b"\0 ").decode(errors="replace").split():
                yield process
