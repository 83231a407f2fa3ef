"""Counters in a table of our own: processes that share a database share them.

Names and work enter; rows are locked in the order of their names, changed, and committed in one short transaction. The
connections are few, and nobody else's: limits hold while the server has more to do than it can. Rows whose hits are
past are removed, and there are never many more than `MAX_ROWS`.
"""

import time
from collections.abc import Mapping, Sequence
from typing import TypeVar

from sqlalchemy import Insert, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.dialects import dialect_of
from db.own import Counter
from db.session.engines import Engines
from graph.rates.counters import Work
from graph.rates.records import Record, read, written

TABLE: Table = Counter.__table__  # type: ignore[assignment]  # declarative classes promise no more than FromClause

CONNECTIONS = 3
TIMEOUT_S = 2
"""Seconds to wait for a connection, and for a statement. A driver of SQLite cannot be stopped while it waits for others
who write; so it is told to stop by itself before whoever has asked loses patience."""

CLEARED_EVERY_S = 60
MAX_ROWS = 500_000
"""Some 100 MB. An attempt costs a password's hash, so that it takes a server hours to be asked for as many names."""

T = TypeVar("T")


class DatabaseCounters:
    """Records in the primary database."""

    def __init__(self, engines: Engines) -> None:
        self.failures = 0
        self._engine = engines.apart(CONNECTIONS, TIMEOUT_S)
        dialect, columns = dialect_of(engines.dialect), TABLE.c
        new = dialect.new_values(TABLE)
        # A change of nothing locks the row and gives it back, whether it was there or not.
        self._lock: Insert = dialect.upsert(TABLE, [columns.name], {"name": new["name"]})
        self._keep: Insert = dialect.upsert(TABLE, [columns.name], {"state": new["state"], "ends": new["ends"]})
        self._cleared_at = 0.0

    async def change(self, names: Sequence[str], work: Work[T]) -> T:
        """Do the work on rows that are locked until it is committed; two statements. Raises what the database does."""
        async with self._engine.connect() as connection, connection.begin() as transaction:
            found = await self._locked(connection, names)
            result = work([found[name] for name in names])
            changed = [_row(name, found[name]) for name in sorted(names) if found[name].changed]
            if changed:
                await connection.execute(self._keep.values(changed))
            else:
                await transaction.rollback()
        await self._clear()
        return result

    async def close(self) -> None:
        """The connections are closed with all others of the engines."""

    async def _locked(self, connection: AsyncConnection, names: Sequence[str]) -> Mapping[str, Record]:
        """The records by name. Locked in one order, so that no two transactions wait for each other."""
        statement = self._lock.values([_row(name, Record()) for name in sorted(names)])
        rows = await connection.execute(statement.returning(TABLE.c.name, TABLE.c.state))
        return {name: read(state) for name, state in rows}

    async def _clear(self) -> None:
        """Remove rows that are past, once a minute; of too many, those that would be past first."""
        if time.monotonic() < self._cleared_at + CLEARED_EVERY_S:
            return
        self._cleared_at = time.monotonic()
        beyond = select(TABLE.c.ends).order_by(TABLE.c.ends.desc()).offset(MAX_ROWS).limit(1)
        async with self._engine.begin() as connection:
            last = await connection.scalar(beyond)
            await connection.execute(delete(TABLE).where(TABLE.c.ends <= max(int(time.time()) - 1, last or 0)))


def _row(name: str, record: Record) -> dict[str, object]:
    return {"name": name, "state": written(record), "ends": record.past_at}
