"""The feed of changes: what every process hears of rows that were committed, in one order for all of them.

Listeners enter; batches of changes reach them, one for each transaction, each with a position. No value of a row is
told but its key. How changes are recorded and found is not known here.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias


class Kind(StrEnum):
    """What became of a row."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    TRUNCATE = "truncate"
    """All rows of the table are gone."""


class RowChange(NamedTuple):
    """A row that was changed."""

    table: str
    """As `MetaData` has it: `posts` or `billing.invoices`."""
    key: tuple[str, ...]
    """The values of the key, as texts; empty where a table was emptied."""
    kind: Kind
    columns: frozenset[str]
    """The names, in the database, of the columns that an update has changed; else empty."""


class Batch(NamedTuple):
    """The changes of one transaction."""

    position: int
    """Larger by one than that of the batch before."""
    changes: tuple[RowChange, ...]


class Lost(NamedTuple):
    """What has happened up to here is not known: everything may have changed."""

    position: int


Listener: TypeAlias = Callable[[Batch | Lost], None]
"""Hears of changes. It never waits and never raises."""


class Feed(Protocol):
    """The changes of one database, as one process hears of them."""

    @property
    def position(self) -> int:
        """Up to where listeners have heard."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell this listener, too. What is returned ends that."""

    async def since(self, position: int) -> Sequence[Batch]:
        """The batches after a position. Raises `Resync` where they are no longer kept."""


class Resync(Exception):
    """What is asked for is no longer kept: begin anew with what the database shows now."""
