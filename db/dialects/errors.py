"""What databases report, in words that are the same for all of them.

Each database's file reads its driver's errors; no driver is known here.
"""

from enum import Enum, StrEnum, auto
from typing import NamedTuple


class Rule(Enum):
    """What kind of rule a change would have broken."""

    UNIQUE = auto()
    FOREIGN_KEY = auto()
    CHECK = auto()
    NOT_NULL = auto()
    OTHER = auto()


class ReportedViolation(NamedTuple):
    """A broken rule, as far as the database's error names it; names are the database's own."""

    rule: Rule
    table: str | None = None
    columns: tuple[str, ...] = ()
    constraint: str | None = None
    """The name of a constraint or an index; on SQLite, the SQL of a CHECK without a name."""


class UnstorableValue(ValueError):
    """A value that the database would not keep as it is. Its words are for whoever sent the value."""


class Outage(StrEnum):
    """Why a database serves nobody at the moment, in words for the log."""

    UNREACHABLE = "cannot be reached"
    LOST = "has closed a connection"
    STOPPING = "is starting or stopping"
    REFUSING = "does not let the server in"
    CROWDED = "has no room for another connection"
    FULL = "has a full disk"
    """There is no room for a change. Reads are answered."""
    READ_ONLY = "takes no changes"
    """A standby, or a file or a folder that cannot be written. Reads are answered."""
    BROKEN = "cannot read or write its files"


class Failure(Enum):
    """Why a database did not do what every database can do."""

    UNREACHABLE = auto()
    """There is no server or file, or it does not let us in."""
    NO_TABLE = auto()
    """A table is missing: the revisions have not been applied."""
    BUSY = auto()
    """Another connection holds a lock that we did not wait for any longer."""
    UNFIT_VALUE = auto()
    """A value is not of the type that it is meant for, or does not fit into it."""
    REFUSED = auto()
    """A trigger of the database has raised an error of its own."""
    OUT_OF_RANGE = auto()
    """A number is larger than the database stores or computes with, or was to be divided by zero."""
    ABORTED = auto()
    """A statement before this one has failed, and the transaction takes no others."""
    NO_COLLATION = auto()
    """The server has no order of texts by the rules of a language."""
    UNCOMPUTABLE = auto()
    """What a view or a function computes cannot be computed of the rows that are there."""
