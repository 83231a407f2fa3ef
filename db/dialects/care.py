"""What differs between databases in what they say of themselves: their version, their clock, their size.

A connection enters, facts leave; catalogs and settings are read, no rows. A database is one class.
"""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import ClassVar, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection


class Facts(NamedTuple):
    """A database at one moment."""

    product: str
    version: str
    encoding: str
    time_zone: str | None = None
    """None where a database has none."""
    ahead_s: float | None = None
    """By how many seconds its clock is ahead of ours, at least; 0 where that cannot be told from the time that the
    question took; None where it has no clock but ours."""
    max_connections: int | None = None
    """How many connections the server lets our role have; None where there is no server."""
    extensions: frozenset[str] = frozenset()
    is_pooled: bool = False
    """Whether something stands between, which lends connections: PgBouncer, or what is like it."""
    first_schema: str | None = None
    """In which schema a name without one is looked for first; None where there is none."""


class CareDialect(ABC):
    """How one kind of database says what it is, and how large."""

    bytes: ClassVar[str]
    """A query for the size of the database."""
    tables: ClassVar[str]
    """A query for the `:most` largest tables: their names, their bytes, and about how many rows, or NULL."""
    written: ClassVar[str | None] = None
    """A query for how far a primary's log is written; None where replicas are none that replay a log."""
    behind: ClassVar[str] = ""
    """A query for the bytes and the seconds by which a replica is behind what was `:written`."""

    dump: ClassVar[str | None] = None
    """The command that writes a copy of a server's database to `{file}`; None for a file, which Trellis copies."""

    @abstractmethod
    async def facts(self, connection: AsyncConnection) -> Facts:
        """What the database says."""


def ahead_s(clock: datetime, before: float, after: float) -> float:
    """By how much a clock that was read between two moments is ahead; negative where it is behind."""
    there = clock.timestamp()
    return there - after if there > after else min(0.0, there - before)
