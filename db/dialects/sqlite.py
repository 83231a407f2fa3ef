"""SQLite, through aiosqlite: functions in Python, numbers in the order of rows, rules named in sentences.

Sources: https://www.sqlite.org/rescode.html, https://www.sqlite.org/lang_upsert.html,
https://docs.python.org/3/library/sqlite3.html#sqlite3.Connection.create_function
"""

import re
from collections.abc import Sequence

from sqlalchemy import URL, CheckConstraint, ColumnElement, Float, Index, Insert, Integer, Numeric, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.schema import Constraint

from db.dialects.errors import Failure, ReportedViolation, Rule
from db.dialects.interface import Changes, DatabaseDialect, NewValues
from db.dialects.python_functions import FUNCTIONS, fts5_query
from db.relations import Expression

FTS5_QUERY = "trellis_fts5_query"
"""`(text)`: words as people type them as a query of FTS5."""

VIOLATION = re.compile(r"(UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: (.*))?", re.DOTALL)
"""`users.email, users.name` for columns, `index 'ix_users_email'` for expressions, a CHECK's name or its SQL."""
INDEX = re.compile(r"index '(.*)'", re.DOTALL)

UNREACHABLE = ("unable to open database file", "attempt to write a readonly database", "file is not a database")


class SQLite(DatabaseDialect):
    """A file in the process: a new connection learns our functions in Python; decimals are doubles."""

    name = "sqlite"
    max_keys = 10_000  # a statement binds at most 32,766 values, and a key may have several columns
    doubles = (Float, Numeric)
    counted_id = Integer()  # only a column of exactly INTEGER is counted up
    # SQLite gives each row of VALUES the number after the largest, and one connection writes at a time.
    # https://www.sqlite.org/autoinc.html
    numbers_rows_in_order = True

    def prepare(self, connection: DBAPIConnection) -> None:
        """Register the functions in Python."""
        for name, (arguments, function) in {**FUNCTIONS, FTS5_QUERY: (1, fts5_query)}.items():
            connection.create_function(name, arguments, function, deterministic=True)

    def insert_missing(self, table: Table, key: Sequence[str] = ()) -> Insert:
        """INSERT … ON CONFLICT DO NOTHING."""
        return sqlite.insert(table).on_conflict_do_nothing(index_elements=key or None)

    def upsert(
        self, table: Table, key: Sequence[Expression], changes: Changes, where: ColumnElement[bool] | None = None
    ) -> Insert:
        """INSERT … ON CONFLICT DO UPDATE."""
        return sqlite.insert(table).on_conflict_do_update(index_elements=key, set_=changes, where=where)

    def new_values(self, table: Table) -> NewValues:
        """The row that ON CONFLICT calls `excluded`."""
        return sqlite.insert(table).excluded

    def violation(self, error: IntegrityError) -> ReportedViolation | None:
        """Read from the error's sentence, which does not say which foreign key was broken."""
        found = VIOLATION.search(str(error.orig))
        if found is None:
            return None
        rule, detail = Rule[found[1].replace(" ", "_")], found[2]
        if detail is None:
            return ReportedViolation(rule)
        if rule is Rule.CHECK:
            return ReportedViolation(rule, constraint=detail)
        index = INDEX.fullmatch(detail)
        if index is not None:
            return ReportedViolation(rule, constraint=index[1])
        named = [part.strip().rpartition(".") for part in detail.split(",")]
        return ReportedViolation(rule, named[0][0], tuple(column for _, _, column in named))

    def constraint_name(self, constraint: Constraint | Index, table: Table) -> str:
        """The name in the model; of a CHECK without a name, its SQL."""
        if isinstance(constraint.name, str):
            return constraint.name
        return str(constraint.sqltext) if isinstance(constraint, CheckConstraint) else ""

    def failure(self, error: DBAPIError) -> Failure | None:
        """Read from the error's sentence."""
        said = str(error.orig)
        if said.startswith(UNREACHABLE):
            return Failure.UNREACHABLE
        if said.startswith("no such table"):
            return Failure.NO_TABLE
        return Failure.BUSY if said == "database is locked" else None

    def place(self, url: URL) -> str:
        """The file."""
        return str(url.database)
