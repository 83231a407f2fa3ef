"""What the operations of one request have read, and which tables they have changed.

Statements enter as their session sends them. It is noted where somebody asks for it (`RequestSession.reads`), as a
cache of answers does; a session that nobody asks pays one test of an attribute for each statement.
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

from sqlalchemy import Executable, Table
from sqlalchemy.sql.dml import UpdateBase

from db.fast import CompiledStatement
from db.relations import ANYTHING, Key, StatementReads, reads_of


class RowsByKey(NamedTuple):
    """A look-up: a statement reads no other rows of a table than those that have these primary keys."""

    table: str
    """As `MetaData` has it."""
    keys: Sequence[Key]


class Reads:
    """The tables that were read and changed, and whether that is all."""

    is_exact: ClassVar[bool] = False
    """Whether it is noted which rows were looked up. Then no look-ups are combined, whose keys the database finds."""

    def __init__(self) -> None:
        self.tables: set[str] = set()
        self.is_known = True
        """Whether no statement may have read anything else."""
        self.of_viewer = False
        """Whether a statement has compared something with who asks."""
        self.changed: set[str] = set()
        """The tables of statements that insert, update or delete, and of objects that were sent."""

    def note(self, statement: Executable | CompiledStatement, found_by: RowsByKey | None = None) -> None:
        """A statement is sent; of the table of `found_by`, it finds its rows by their keys."""
        if isinstance(statement, CompiledStatement):
            self.note_found(statement.reads)
            self._note_change(statement.statement)
        else:
            self.note_found(reads_of(statement))
            self._note_change(statement)

    def note_anything(self, given: Iterable[object] = (), changed: Iterable[str] = ()) -> None:
        """A method of SQLAlchemy's session is called, which makes statements as it goes: nobody can look into them.

        `given` is what it is called with, `changed` the tables of objects that it may send.
        """
        self.note_found(ANYTHING)
        self.changed.update(changed)
        for one in given:
            self._note_change(one)

    def note_found(self, found: StatementReads) -> None:
        """What a statement reads is known."""
        self.tables |= found.tables
        self.is_known = self.is_known and found.is_known
        self.of_viewer = self.of_viewer or found.of_viewer

    def _note_change(self, construct: object) -> None:
        if isinstance(construct, UpdateBase) and isinstance(construct.table, Table):
            self.changed.add(construct.table.fullname)
