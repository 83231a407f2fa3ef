"""The first runs of a statement: on new connections, and after ANALYZE; warm ones beside them.

A server that has been measured enters, what its first answers take leaves. PostgreSQL plans a statement anew on every
connection that has not seen it, plans it five times for the values at hand before it may keep one plan, and forgets
all plans of a table that is analysed (https://www.postgresql.org/docs/current/sql-prepare.html, Notes). One request at
a time, so that the time is the request's own. All connections to the database are ended: ask for nothing warm later.
"""

import asyncio
import http.client
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import asyncpg

from bench import backends
from bench.answers import NoAnswer, common_form, connect, fetch
from bench.operations import FEED, OPERATIONS
from bench.processes import Running
from bench.servers import CONNECTIONS_TO_DATABASE

RUNS = 8
"""The first of them is told alone, the others together: after five of them a plan may be kept."""
WARM_RUNS = 10
NOTICED_S = 0.2
"""How long servers have to see that their connections have ended."""
PATIENCE_S = 30
"""How long the first answer may take, errors before it included: a server whose pool waits for connections that are
gone tells so once in half a minute, for each of them."""

ENDED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> $1"


class Runs(NamedTuple):
    """Some answers in a row, in milliseconds: the first one, and one of those after it."""

    first_ms: float
    next_ms: float
    first_postgresql_ms: float | None
    """Processor time of PostgreSQL's back ends, a new one's start included; None where they are elsewhere."""
    next_postgresql_ms: float | None

    def as_json(self) -> dict[str, float]:
        """What is known, to a microsecond."""
        return {name: round(ms, 3) for name, ms in self._asdict().items() if ms is not None}


class Cold(NamedTuple):
    """What was found, and what has no number."""

    runs: Mapping[str, Mapping[str, Runs]]
    """By the names of servers and of ways."""
    missing: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        found = {name: {way: runs.as_json() for way, runs in by_way.items()} for name, by_way in self.runs.items()}
        return {FEED: found, "missing": dict(self.missing)}


def measure(servers: Sequence[Running], url: str, rounds: int, tell: Callable[[str], None]) -> Cold:
    """Ask every server for its first answers, in each way, some rounds of them."""
    found: dict[str, dict[str, Runs]] = {}
    missing: dict[str, str] = {}
    for running in servers:
        for way, prepare in WAYS.items():
            tell(f"the first answers of {running.server.title}, {way}")
            try:
                taken = [_runs(running, url, prepare) for _ in range(rounds)]
            except (NoAnswer, OSError, http.client.HTTPException) as failure:
                missing[f"{running.server.title}, {way}"] = str(failure)
            else:
                found.setdefault(running.server.name, {})[way] = _median(taken)
    return Cold(found, missing)


def _runs(running: Running, url: str, prepare: Callable[[asyncpg.Connection], Any]) -> Runs:
    _first_ms(running)
    for _ in range(WARM_RUNS):
        _answer_ms(running)
    asyncio.run(_prepare(url, prepare))
    start = backends.times(running.database)
    first = _first_ms(running)
    between = backends.times(running.database)
    others = [_answer_ms(running) for _ in range(RUNS - 1)]
    behind = backends.seconds_between(start, between)
    later = backends.seconds_between(between, backends.times(running.database))
    return Runs(first, statistics.median(others), _ms(behind), _ms(later, RUNS - 1))


def _ms(seconds: float | None, answers: int = 1) -> float | None:
    return None if seconds is None else 1000 * seconds / answers


def _first_ms(running: Running) -> float:
    """What the first answer takes. A server may learn by errors that its connections have ended: those do not count."""
    until = time.monotonic() + PATIENCE_S
    for _ in range(CONNECTIONS_TO_DATABASE):
        with suppress(NoAnswer):
            return _answer_ms(running)
        if time.monotonic() > until:
            break
    return _answer_ms(running)


def _answer_ms(running: Running) -> float:
    """What one answer takes. Raises `NoAnswer`."""
    connection = connect(running)
    try:
        began = time.perf_counter()
        body, status = fetch(connection, running, OPERATIONS[FEED])
        taken = time.perf_counter() - began
    finally:
        connection.close()
    common_form(body, status)
    return 1000 * taken


def _median(taken: Sequence[Runs]) -> Runs:
    first, later, *behind = zip(*taken, strict=True)
    known = [statistics.median(column) if None not in column else None for column in behind]
    return Runs(statistics.median(first), statistics.median(later), *known)


async def _prepare(url: str, prepare: Callable[[asyncpg.Connection], Any]) -> None:
    connection = await asyncpg.connect(url)
    try:
        await prepare(connection)
    finally:
        await connection.close()


async def _nothing(_connection: asyncpg.Connection) -> None:
    """Leave the server warm."""


async def _end_connections(connection: asyncpg.Connection) -> None:
    await connection.fetch(ENDED, connection.get_server_pid())
    await asyncio.sleep(NOTICED_S)


async def _analyze(connection: asyncpg.Connection) -> None:
    await connection.execute("ANALYZE")


WAYS: Mapping[str, Callable[[asyncpg.Connection], Any]] = {
    "warm": _nothing,
    "after ANALYZE": _analyze,
    "on new connections": _end_connections,
}
