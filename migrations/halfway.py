"""Where DDL is not undone: which statements of a revision have run, so that one that stopped half-way goes on.

Statements enter, one after the other; those that have run before are left out. The journal is a table beside the
history. A statement that changes rows is written down in its own transaction. One that makes or changes a table commits
by itself: it is written down before it runs, and where a process has ended in between, what is there already is taken
for its work. The journal is empty, and goes, when every revision is whole.
Why: docs/decisions/0076-mariadb.md.
"""

import hashlib
import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import CHAR, Column, Connection, Integer, MetaData, String, Table, delete, insert, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import ClauseElement

from db.dialects import dialect_of
from db.own.place import HALFWAY
from db.refusals import HalfDone

COMMITS = re.compile(r"\s*(CREATE|ALTER|DROP|RENAME|TRUNCATE)\b", re.IGNORECASE)
"""How a statement begins that commits by itself."""

_TABLE = Table(
    HALFWAY,
    MetaData(),
    Column("history", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", CHAR(64), nullable=False),
)


class Journal:
    """The statements of one run of revisions."""

    def __init__(self, connection: Connection, history: str) -> None:
        """`history`: the table that keeps the revisions."""
        self._connection = connection
        self._history = history
        self._number = 0
        self._ours = _TABLE.c.history == history
        self._done = self._read()

    def run(self, construct: Any, text: str, work: Callable[[], Any]) -> Any:
        """Do the work of a statement unless it has been done; a change of the history makes a revision whole."""
        if isinstance(construct, UpdateBase) and getattr(construct.table, "name", None) == self._history:
            result = work()
            self._forget()
            return result
        digest = hashlib.sha256(text.encode()).hexdigest()
        number, self._number = self._number, self._number + 1
        if number >= len(self._done):
            return self._first(number, digest, text, work)
        if self._done[number] != digest:
            raise HalfDone(self._history, number + 1)
        is_last = number == len(self._done) - 1
        return self._again(work) if is_last and COMMITS.match(text) else None

    def _first(self, number: int, digest: str, text: str, work: Callable[[], Any]) -> Any:
        mark = insert(_TABLE).values(history=self._history, number=number, digest=digest)
        if not COMMITS.match(text):
            result = work()
            self._connection.execute(mark)
            return result
        self._connection.execute(mark)
        try:
            return work()
        except DBAPIError:
            self._connection.execute(delete(_TABLE).where(self._ours, _TABLE.c.number == number))
            self._connection.commit()
            raise

    def _again(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except DBAPIError as error:
            if not dialect_of(self._connection.dialect.name).was_done_before(error):
                raise
            return None

    def _read(self) -> list[str]:
        if not inspect(self._connection).has_table(HALFWAY):
            _TABLE.create(self._connection)
            return []
        found = select(_TABLE.c.digest).where(self._ours).order_by(_TABLE.c.number)
        return [*self._connection.scalars(found)]

    def _forget(self) -> None:
        self._connection.execute(delete(_TABLE).where(self._ours))
        self._number, self._done = 0, []


def take_away(connection: Connection) -> None:
    """Drop the journal where nothing is half done."""
    if inspect(connection).has_table(HALFWAY) and connection.execute(select(_TABLE.c.number).limit(1)).first() is None:
        _TABLE.drop(connection)
    connection.commit()


def text_of(construct: Any, dialect: Any, parameters: Any) -> str:
    """A statement with its values, to be known again."""
    if not isinstance(construct, ClauseElement):
        return f"{construct} {parameters!r}"
    compiled = construct.compile(dialect=dialect)
    return f"{compiled} {sorted((compiled.params or {}).items(), key=str)!r} {parameters!r}"
