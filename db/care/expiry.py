"""Rows that have run out: who says which, and how they are counted and deleted.

Tables and conditions enter; rows go, so many at a time, each time in a short transaction of its own: nobody waits long
for a lock, and what was deleted stays so if something fails later. Rows that somebody else holds are passed over.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Table, delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

MAX_AT_ONCE = 1_000
PAUSE_S = 0.02
"""Between two batches, so that others who write come in between: on SQLite there is one turn to write for all."""


class Expiring(NamedTuple):
    """Rows of a table that run out."""

    name: str
    """In the plural, for people: `sign-ins`."""
    table: Table
    is_over: Callable[[datetime], ColumnElement[bool]]
    """The condition of rows that have run out at a moment."""
    first: Callable[[AsyncEngine], Awaitable[None]] | None = None
    """What is done before rows are deleted."""


async def count(engine: AsyncEngine, expiring: Expiring, now: datetime) -> int:
    """How many rows have run out. Raises what the database raises."""
    statement = select(func.count()).select_from(expiring.table).where(expiring.is_over(now))
    async with engine.connect() as connection:
        return int(await connection.scalar(statement) or 0)


async def delete_expired(engine: AsyncEngine, expiring: Expiring, now: datetime) -> int:
    """Delete the rows that have run out; how many they were. Raises what the database raises.

    `engine` begins transactions for changes by itself, as `Engines.writing` does.
    """
    if expiring.first is not None:
        await expiring.first(engine)
    key = list(expiring.table.primary_key)
    # In WITH, rows are found once. Else a nested loop looks anew for each row, and finds others: one batch takes all.
    # It stands inside: Python's sqlite3 counts the rows of a statement that begins with DELETE.
    # Source: `SS_process_ctes` in src/backend/optimizer/plan/subselect.c of PostgreSQL, of what takes locks.
    found = select(*key).where(expiring.is_over(now)).limit(MAX_AT_ONCE).with_for_update(skip_locked=True)
    batch = found.cte("batch", nesting=True)
    statement = delete(expiring.table).where(tuple_(*key).in_(select(*batch.c)))
    deleted = 0
    while True:
        async with engine.begin() as connection:
            gone = (await connection.execute(statement)).rowcount
        deleted += gone
        if gone < MAX_AT_ONCE:
            return deleted
        await asyncio.sleep(PAUSE_S)
