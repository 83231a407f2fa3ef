"""What one run of a query has read, so that it can be told whether a change of a row matters to its answer.

Statements enter as the session sends them, then changes as the feed tells them. Of a look-up by primary keys, only the
rows with these keys matter; of an update, only the columns that a statement names, wherever they stand in it. Where
something is not known, every change matters: an answer may be read once too often, and is never left as it was.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import Executable

from db.changes import Kind, RowChange
from db.changes.keys import key_texts
from db.fast import CompiledStatement
from db.relations import details_of, reads_of
from db.session import Reads, RowsByKey

MAX_KEYS = 10_000
"""Of more keys of one table than these, every row matters."""

Columns: TypeAlias = frozenset[str] | None
"""The names of columns; None: all of them."""

NO_COLUMNS: frozenset[str] = frozenset()


@dataclass
class TableChange:
    """What has become of the rows of one table."""

    columns: Columns = NO_COLUMNS
    """Those that updates have changed; None where a row has come or gone, or nobody knows."""
    rows: dict[tuple[str, ...], Columns] = field(default_factory=dict)
    """The same for each row, by its key."""
    is_of_all: bool = False
    """Whether any row may have changed."""

    def add(self, change: RowChange) -> None:
        """Note a change."""
        columns = change.columns if change.kind is Kind.UPDATE and change.columns else None
        self.columns = _both(self.columns, columns)
        self.rows[change.key] = _both(self.rows.get(change.key, NO_COLUMNS), columns)
        self.is_of_all = self.is_of_all or change.kind is Kind.TRUNCATE or not change.key


Changed: TypeAlias = Mapping[str, TableChange]
"""What has changed together, by table."""


def changed_by(changes: Iterable[RowChange]) -> Changed:
    """What changes come to, gathered once for all who ask."""
    found: dict[str, TableChange] = {}
    for change in changes:
        found.setdefault(change.table, TableChange()).add(change)
    return found


@dataclass
class _TableRead:
    """What was read of one table."""

    columns: Columns = NO_COLUMNS
    keys: set[tuple[str, ...]] = field(default_factory=set)

    def add(self, columns: Columns, keys: Collection[tuple[str, ...]] = ()) -> None:
        self.columns = _both(self.columns, columns)
        self.keys.update(keys)


class RowReads(Reads):
    """The tables, columns and keys that one run has read."""

    is_exact = True

    def __init__(self, told: Collection[str] = (), always: Mapping[str, frozenset[str]] | None = None) -> None:
        """`told`: tables that hints name, which then speak for what nobody can look into.

        `always`: by table, columns that matter whether a statement names them or not.
        """
        super().__init__()
        self._told = frozenset(told)
        self.tables.update(told)
        self._always = always or {}
        self._lists: dict[str, _TableRead] = {}
        """Of which any row matters."""
        self._look_ups: dict[str, _TableRead] = {}

    def note(self, statement: Executable | CompiledStatement, found_by: RowsByKey | None = None) -> None:
        """A statement is sent; of the table of `found_by`, it finds its rows by their keys."""
        super().note(statement, found_by)
        if isinstance(statement, CompiledStatement):
            tables, details = statement.reads.tables, statement.details
        else:
            tables, details = reads_of(statement).tables, details_of(statement)
        for table in tables:
            columns = None if details.columns is None else details.columns.get(table)
            is_look_up = found_by is not None and found_by.table == table and table in details.once
            keys = _texts(found_by) if is_look_up and found_by is not None else None
            self._add(table, columns, keys)

    def _add(self, table: str, columns: Columns, keys: Collection[tuple[str, ...]] | None) -> None:
        if columns is not None:
            columns = columns | self._always.get(table, NO_COLUMNS)
        if keys is None:
            self._lists.setdefault(table, _TableRead()).add(columns)
            return
        read = self._look_ups.setdefault(table, _TableRead())
        read.add(columns, keys)
        if len(read.keys) > MAX_KEYS:
            del self._look_ups[table]
            self._lists.setdefault(table, _TableRead()).add(read.columns)

    def doubt(self) -> None:
        """Take every change for one that matters: the run came to an error, before it had read everything."""
        self.is_known, self._told = False, frozenset()

    def are_touched_by(self, changed: Changed) -> bool:
        """Whether the answer may be another one now."""
        if not self.is_known and not self._told:
            return bool(changed)
        return any(self._is_touched(table, change) for table, change in changed.items())

    def _is_touched(self, table: str, change: TableChange) -> bool:
        if table in self._told:
            return True
        read = self._lists.get(table)
        if read is not None and _meet(read.columns, change.columns):
            return True
        look_up = self._look_ups.get(table)
        if look_up is None:
            return False
        if change.is_of_all:
            return True
        met = change.rows.keys() & look_up.keys
        return any(_meet(look_up.columns, change.rows[key]) for key in met)


def _texts(found_by: RowsByKey) -> Collection[tuple[str, ...]] | None:
    """The keys of a look-up as changes name them; None where equal keys may have different texts, as texts have."""
    if all(type(value) is int or isinstance(value, UUID) for key in found_by.keys for value in key):
        return {key_texts(key) for key in found_by.keys}
    return None


def _both(one: Columns, other: Columns) -> Columns:
    return None if one is None or other is None else one | other


def _meet(read: Columns, changed: Columns) -> bool:
    """Whether a change of columns matters to what was read of some; whether rows come and go always does."""
    return read is None or changed is None or not read.isdisjoint(changed)
