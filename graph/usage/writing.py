"""Writing: a batch enters, sums in our own tables grow by it, in one transaction.

Counts are added to what is there, so several servers add up. Rows are written in the order of their keys, so that two
servers never wait for each other in a circle. The tables are bounded whatever clients send, restarts included: what is
there of a day is looked up first.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Column, Insert, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.care.expiry import Expiring
from db.dialects import dialect_of
from db.own import UsageCount, UsageOperation, UsageRun
from db.session.engines import Engines
from graph.client import OTHER, Client
from graph.usage.batch import NOT_KEPT, Batch, Overflow
from graph.usage.counting import MAX_CLIENTS

MAX_ROWS_OF_A_DAY = 50_000
"""Of counts, and of runs; when a day has as many, the rest of it is counted for `other`."""
MAX_OPERATIONS = 2_000
"""How many documents are kept, of all days."""

COUNTS: Table = UsageCount.__table__  # type: ignore[assignment]  # declarative classes promise no more than FromClause
RUNS: Table = UsageRun.__table__  # type: ignore[assignment]
OPERATIONS: Table = UsageOperation.__table__  # type: ignore[assignment]

_DAYS = (
    ("usage counts", COUNTS.c.day),
    ("usage runs", RUNS.c.day),
    ("operations that were used", OPERATIONS.c.last_day),
)


async def write(engines: Engines, batch: Batch) -> None:
    """Add a batch to what is there. What there is too much of is noted in the batch's `overflow`.

    Raises what the database raises; then nothing was written.
    """
    async with engines.writing().begin() as connection:
        bounded = await _bounded(connection, batch)
        for table, sums, rows in (
            (COUNTS, ("uses",), _counts(bounded)),
            (RUNS, ("runs", "failed", "duration_us"), _runs(bounded)),
        ):
            if rows:
                await connection.execute(_adding(engines.dialect, table, sums), rows)
        if bounded.operations:
            await connection.execute(_keeping(engines.dialect), _operations(bounded))


def expiring_counts(days: int) -> list[Expiring]:
    """What is kept for so many days, today's among them."""
    return [_until(days, *each) for each in _DAYS]


def _until(days: int, name: str, column: Column[date]) -> Expiring:
    return Expiring(name, column.table, lambda now: column < first_day(now.date(), days))


async def _bounded(connection: AsyncConnection, batch: Batch) -> Batch:
    """The batch, with `other` in the place of clients that there is no room for, and without such operations."""
    renamed: dict[tuple[date, Client], Client] = {}
    for day, clients in _clients(batch).items():
        renamed |= {(day, client): OTHER for client in await _too_many(connection, day, clients)}
    if renamed:
        batch.overflow[Overflow.CLIENTS] += sum(
            runs.runs for run, runs in batch.runs.items() if (run.day, run.client) in renamed
        )
    known = set((await connection.scalars(select(OPERATIONS.c.hash))).all())
    new = sorted(batch.operations.keys() - known)[max(0, MAX_OPERATIONS - len(known)) :]
    return batch.with_changes(renamed, set(new))


async def _too_many(connection: AsyncConnection, day: date, clients: set[Client]) -> Collection[Client]:
    """Those of the clients that there is no room for on a day."""
    if await _is_full(connection, COUNTS, day) or await _is_full(connection, RUNS, day):
        return clients - {OTHER}
    statement = select(RUNS.c.client, RUNS.c.version).where(RUNS.c.day == day).distinct()
    known = {Client(*row) for row in await connection.execute(statement)}
    room = max(0, MAX_CLIENTS - len(known))
    return sorted(clients - known - {OTHER})[room:]


async def _is_full(connection: AsyncConnection, table: Table, day: date) -> bool:
    rows = await connection.scalar(select(func.count()).select_from(table).where(table.c.day == day))
    return (rows or 0) >= MAX_ROWS_OF_A_DAY


def _clients(batch: Batch) -> Mapping[date, set[Client]]:
    clients: defaultdict[date, set[Client]] = defaultdict(set)
    for run in batch.runs:
        clients[run.day].add(run.client)
    return clients


def _adding(dialect_name: str, table: Table, sums: Iterable[str]) -> Insert:
    """An INSERT that adds to the row that is there."""
    dialect = dialect_of(dialect_name)
    new = dialect.new_values(table)
    return dialect.upsert(table, _key(table), {name: table.c[name] + new[name] for name in sums})


def _keeping(dialect_name: str) -> Insert:
    """An INSERT of operations that notes when those that are there were run."""
    dialect = dialect_of(dialect_name)
    return dialect.upsert(OPERATIONS, _key(OPERATIONS), {"last_day": dialect.new_values(OPERATIONS)["last_day"]})


def _key(table: Table) -> list[Column[Any]]:
    return list(table.primary_key.columns)


def _counts(batch: Batch) -> list[dict[str, Any]]:
    return [
        {"day": use.day, "client": use.client.name, "version": use.client.version, "coordinate": use.coordinate}
        | {"uses": times}
        for use, times in sorted(batch.uses.items())
    ]


def _runs(batch: Batch) -> list[dict[str, Any]]:
    return [
        {"day": run.day, "client": run.client.name, "version": run.client.version, "operation": run.operation}
        | {"runs": runs.runs, "failed": runs.failed, "duration_us": round(runs.duration_s * 1_000_000)}
        for run, runs in sorted(batch.runs.items(), key=lambda item: item[0])
    ]


def _operations(batch: Batch) -> list[dict[str, Any]]:
    last = {run.operation: run.day for run in sorted(batch.runs) if run.operation != NOT_KEPT}
    return [
        {"hash": hash_, "last_day": last[hash_], "name": text.name, "document": text.document}
        | {"coordinates": text.coordinates}
        for hash_, text in sorted(batch.operations.items())
        if hash_ in last
    ]


def first_day(today: date, days: int) -> date:
    """The first of so many days that end with today."""
    return today - timedelta(days=days - 1)
