"""The seam of the change log: committed changes in their order, for whoever wants to hear of them.

Rows of the log become batches, one for each transaction; listeners take batches. A change says which row it is about
and which columns have changed, and has no values of the row but its key. Nothing is read or executed here.
Why: docs/decisions/0069-the-change-log.md.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias

NOTHING: frozenset[str] = frozenset()


class Kind(StrEnum):
    """What has become of a row."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    TRUNCATE = "truncate"
    """All rows of the table are gone."""


class RowChange(NamedTuple):
    """A change of one row. A row whose key changes is deleted and inserted."""

    table: str
    """As `MetaData` has it: `invoices` or `billing.invoices`."""
    key: tuple[str, ...]
    """The values of the key as texts, in the key's order; empty for TRUNCATE."""
    kind: Kind
    columns: frozenset[str] = NOTHING
    """The names of the changed columns in the database, of an UPDATE; else empty."""


class Batch(NamedTuple):
    """All that one transaction has changed."""

    position: int
    """Its place in the order of all transactions of the log: 1, 2, 3 and so on."""
    changes: tuple[RowChange, ...]
    """In the order in which they were made."""


class Lost(NamedTuple):
    """What has changed up to a position is not known: take everything as changed."""

    position: int


Listener: TypeAlias = Callable[[Batch | Lost], None]
"""Is called in the event loop, for one after the other, and must not wait for anything."""


class Resync(Exception):
    """What followed a position is not in the log any more: read everything again, and go on from the newest one."""


class Feed(Protocol):
    """Committed changes, in an order that is the same for all processes."""

    @property
    def position(self) -> int:
        """Up to where listeners have heard."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have a listener called for each batch after this position; the returned function ends that."""

    async def since(self, position: int, most: int | None = None) -> Sequence[Batch]:
        """The batches after a position, up to `position` of the feed. Raises `Resync`.

        With `most`, the first of them, at least one where there is any and about so many.
        """
