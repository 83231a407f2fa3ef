"""How large a database is, which tables are the largest, and how far replicas are behind.

Connections enter, figures leave. Catalogs are read, no rows: numbers of rows are those that the database estimates.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.dialects import Failure, dialect_of, failure_of

LARGEST = 10


class TableSize(NamedTuple):
    """A table with its indexes and what is kept beside it."""

    name: str
    bytes: int
    rows: int | None
    """About how many; None where the database does not know."""


class Sizes(NamedTuple):
    """A database at one moment."""

    bytes: int
    tables: Sequence[TableSize] | None
    """The largest ones, the largest first; None where the database does not tell."""


class Lag(NamedTuple):
    """How far a replica is behind its primary."""

    bytes: int
    """Of the primary's log, not replayed yet."""
    seconds: float | None
    """Since the last change that was replayed; 0 where all are; None where none ever was."""


async def sizes(connection: AsyncConnection) -> Sizes:
    """How large the database is, with its largest tables. Raises what the database raises."""
    known = dialect_of(connection.dialect.name).care
    taken = int(await connection.scalar(text(known.bytes)) or 0)
    try:
        rows = (await connection.execute(text(known.tables), {"most": LARGEST})).all()
    except DBAPIError as error:
        if failure_of(error) is not Failure.NO_TABLE:  # a SQLite that was built without dbstat
            raise
        return Sizes(taken, None)
    return Sizes(
        taken, [TableSize(name, int(size), None if count is None else int(count)) for name, size, count in rows]
    )


async def written_until(primary: AsyncConnection) -> str | None:
    """How far the primary's log is written; None where replicas are none that replay a log."""
    question = dialect_of(primary.dialect.name).care.written
    return None if question is None else await primary.scalar(text(question))


async def lag(replica: AsyncConnection, written: str) -> Lag | None:
    """How far a replica is behind that; None for a server that replays no log."""
    question = dialect_of(replica.dialect.name).care.behind
    size, seconds = (await replica.execute(text(question), {"written": written})).one()
    if size is None:
        return None
    behind = max(0, int(size))  # more may have been written since the primary was asked
    return Lag(behind, 0.0 if behind == 0 else None if seconds is None else float(seconds))
