"""What differs between databases in how changes are recorded, numbered and told.

Names and keys enter, SQL leaves; a database is one class. Nothing is executed here.
Why: docs/decisions/0069-the-change-log.md.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Dialect, FromClause, Table

from db.dialects.own_names import OwnName

TRIGGER = "trellis_changes"
"""The beginning of the names of triggers that record."""
EVENTS = ("insert", "update", "delete")

_TOLD = re.compile(r"/\* trellis (.*?) \*/", re.DOTALL)
"""In a trigger's text: the table, its key and its columns, as JSON."""

HearWord = Callable[[str], None]
"""Takes the word of a signal."""


class LogNames(NamedTuple):
    """What the log is made of, as statements name it: quoted, with a schema where it has one."""

    changes: str
    positions: str
    function: str
    sequence: str
    numbering: str
    """The procedure that gives positions, where one statement cannot."""

    @classmethod
    def of(cls, dialect: Dialect) -> "LogNames":
        """The names that a dialect of SQLAlchemy writes, once it knows where tables of ours are."""
        quote = dialect.identifier_preparer.quote
        names = ("changes", "change_positions", "record_changes", "change_ids", "number_changes")
        return cls(*(quote(OwnName(f"trellis_{name}", None)) for name in names))

    @property
    def number(self) -> int:
        """64 bits that stand for this log among all locks of the database."""
        return int.from_bytes(sha256(self.changes.encode()).digest()[:8], "big", signed=True)

    @property
    def channel(self) -> str:
        """The name by which processes tell one another of this log."""
        return f"trellis_{self.number & 0xFFFF_FFFF_FFFF_FFFF:016x}"


class Cascade(NamedTuple):
    """A foreign key by which a database changes rows without running their triggers."""

    name: str
    table: str
    key: tuple[str, ...]
    """The primary key of that table."""
    referred: str
    columns: tuple[tuple[str, str], ...]
    """Each with the column that it refers to."""
    on_delete: str
    on_update: str


class TableKey(NamedTuple):
    """A table whose changes are recorded."""

    name: str
    """As it stands in the database, without its schema."""
    schema: str | None
    key: tuple[str, ...]
    columns: tuple[str, ...] = ()
    """All of its columns, for databases whose triggers name them."""
    cascades: tuple[Cascade, ...] = ()
    """The foreign keys that its changes set off, for databases that run no triggers for those."""

    @property
    def label(self) -> str:
        """The table as the log names it, which is how `MetaData` does."""
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


class Recorded(NamedTuple):
    """A table with triggers, as the database tells."""

    label: str
    """What the triggers call it."""
    table: str
    """What it is called: another name where the table was renamed."""
    key: tuple[str, ...]
    is_complete: bool
    """Whether no trigger is missing or switched off, and all columns are known to them."""


class LongWriter(NamedTuple):
    """The transaction that all later changes wait for."""

    process: int | None
    """None: a prepared transaction, which no process has."""
    name: str
    """Of the application, or of the prepared transaction; empty where nobody has said one."""
    seconds: float | None
    """How long it has run; None where the database does not tell us."""


class ChangeLogDialect(ABC):
    """How one kind of database records, numbers and tells changes."""

    has_signals: ClassVar[bool]
    """Whether processes can wake one another through the database; else they have to look."""
    data_version: ClassVar[str | None] = None
    """A query whose answer differs when another connection has committed; None where looking costs a read."""
    try_lock: ClassVar[str | None] = None
    """A query that takes the lock of a `:number` until its connection ends, and tells whether it has."""
    holder: ClassVar[str | None] = None
    """A query for the process that holds the lock of a `:number`, its application's name and its address."""
    end_holder: ClassVar[str | None] = None
    """A query that ends the connection that holds the lock of a `:number`, unless it is this one."""
    signal: ClassVar[str | None] = None
    """A query that tells a `:word` to all who listen on a `:channel`."""
    signal_if_held: ClassVar[str | None] = None
    """The same, if anybody holds the lock of a `:number`; whether that is so."""
    long_writer: ClassVar[str | None] = None
    """A query for the parts of `LongWriter`."""
    constraints: ClassVar[frozenset[str]] = frozenset()
    """Names of constraints that hold the log together on this database alone, so that no model has them."""
    partitions: ClassVar[str | None] = None
    """A query for the partitions of the table `:name` in `:schema`, or in the schema that is looked at first."""

    replaces: ClassVar[bool] = False
    """Whether `record` takes the place of triggers that are there."""
    cascades: ClassVar[str | None] = None
    """A query for what `read_cascades` reads; None where triggers run for rows that a foreign key changes."""

    def read_cascades(self, rows: Sequence[Any]) -> tuple[Cascade, ...]:
        """All foreign keys of the database that change rows."""
        return ()

    def set_off_by(self, table: TableKey, cascades: Sequence[Cascade]) -> tuple[Cascade, ...]:
        """Those that changes of a table may set off, one after the other."""
        return ()

    @abstractmethod
    def create(self, names: LogNames) -> Sequence[str]:
        """Statements that make what triggers need beside the tables."""

    @abstractmethod
    def drop(self, names: LogNames) -> Sequence[str]:
        """Statements that take that away, and all triggers with it, before the tables go."""

    @abstractmethod
    def record(self, names: LogNames, table: TableKey, partition: str | None = None) -> Sequence[str]:
        """Statements that make the triggers of a table, or of its partition, whose name is quoted."""

    @abstractmethod
    def forget(self, table: TableKey, partition: str | None = None) -> Sequence[str]:
        """Statements that take the triggers away, if they are there."""

    @abstractmethod
    def number(self, names: LogNames) -> str:
        """A statement that gives positions to at most `:most` transactions, and returns those positions.

        It is right whoever runs it, and however many: of several that run at once, one succeeds, and the others fail on
        the key of positions or do nothing.
        """

    def with_changes(self, names: LogNames, positions: Table, changes: Table) -> FromClause:
        """Positions, each with the changes of its transaction; one without any stands there once."""
        return positions.outerjoin(changes, changes.c.transaction_id == positions.c.transaction_id)

    @abstractmethod
    def waiting(self, names: LogNames) -> str | None:
        """A query for the oldest transaction that runs, and the oldest that has changes without a position.

        None where nothing waits for others. Changes that are older than the first are what `number` has not seen yet.
        """

    @abstractmethod
    def begin_anew(self, names: LogNames) -> str | None:
        """A statement that empties a log which came with a copy from a server that counts other transactions.

        It leaves a position after a gap of one, and returns it; of other logs it changes and returns nothing. None
        where transactions are counted by the log itself.
        """

    @abstractmethod
    def recorded(self, names: LogNames) -> str:
        """A query for what `read_recorded` reads."""

    @abstractmethod
    def read_recorded(self, rows: Sequence[Any]) -> list[Recorded]:
        """The tables with triggers, of the rows of `recorded`."""

    async def listen(self, driver: Any, channel: str, hear: HearWord, lost: Callable[[], None]) -> None:
        """Hear what others tell on a channel, and that the driver's connection is lost."""
        raise NotImplementedError


def literal(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def telling(table: TableKey) -> str:
    """A comment in the text of a trigger that says which table it is for."""
    told = [table.label, table.key, table.columns, [it.name for it in table.cascades]]
    text = json.dumps(told, ensure_ascii=True).replace("*/", "*\\u002f")
    return f"/* trellis {text} */"


class Told(NamedTuple):
    """What a trigger says of its table."""

    table: TableKey
    cascades: frozenset[str]
    """The names of the foreign keys that it knows."""


def told_by(sql: str) -> Told | None:
    """The table that a trigger of ours is for, as its text says; None of others."""
    found = _TOLD.search(sql)
    if found is None:
        return None
    label, key, columns, *more = json.loads(found[1])
    return Told(TableKey(label, None, tuple(key), tuple(columns)), frozenset(*more))
