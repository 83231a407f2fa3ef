"""SQLite: what its SQL has that others have not, or write otherwise; numbers in the order of rows, rules in sentences.

Beside it: connections (`sqlite_connections`), functions in Python (`sqlite_functions`), moments (`sqlite_moments`).
Sources: https://www.sqlite.org/rescode.html, https://www.sqlite.org/lang_upsert.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import (
    URL,
    CheckConstraint,
    Column,
    ColumnElement,
    Dialect,
    Index,
    Insert,
    Integer,
    LargeBinary,
    Table,
    case,
    cast,
    func,
    literal_column,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.schema import Constraint
from sqlalchemy.sql.compiler import SQLCompiler

from db.dialects import sqlite_moments, sqlite_plans
from db.dialects.care import CareDialect
from db.dialects.change_log import ChangeLogDialect
from db.dialects.connections import ConnectionsDialect
from db.dialects.decimal_compiler import is_decimal
from db.dialects.errors import Failure, ReportedViolation, Rule
from db.dialects.interface import Changes, DatabaseDialect, Function, FunctionName, NewValues, Readable
from db.dialects.paging import Query
from db.dialects.plans import IndexForm, OrderedNeed, Plan
from db.dialects.python_aggregates import DECIMAL, DESCENDING, NULLS_FIRST
from db.dialects.sqlite_care import SQLiteCare
from db.dialects.sqlite_changes import SQLiteChangeLog
from db.dialects.sqlite_connections import SQLiteConnections
from db.dialects.sqlite_functions import register_functions
from db.relations import Expression, Term, stored
from db.relations.moments import moment, moments_compared

VIOLATION = re.compile(r"(UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: (.*))?", re.DOTALL)
"""`users.email, users.name` for columns, `index 'ix_users_email'` for expressions, a CHECK's name or its SQL."""
INDEX = re.compile(r"index '(.*)'", re.DOTALL)

NO_TEXT: ColumnElement[bytes] = literal_column("x'ff'")
"""A byte that no text has."""

UNREACHABLE = ("unable to open database file", "disk I/O error", "file is not a database")
FAILURES = {
    "database is locked": Failure.BUSY,
    "integer overflow": Failure.OUT_OF_RANGE,
    "malformed JSON": Failure.UNCOMPUTABLE,
    "user-defined function raised exception": Failure.UNCOMPUTABLE,  # ours, of a text that is no JSON
}


class SQLite(DatabaseDialect):
    """A file in the process: a new connection learns our functions in Python; decimals are stored as doubles."""

    name = "sqlite"
    connections: ClassVar[ConnectionsDialect] = SQLiteConnections()
    change_log: ClassVar[ChangeLogDialect] = SQLiteChangeLog()
    care: ClassVar[CareDialect] = SQLiteCare()
    max_keys = 10_000  # a statement binds at most 32,766 values, and a key may have several columns
    counted_id = Integer()  # only a column of exactly INTEGER is counted up
    holds_lengths = False
    keys_may_be_null = True
    # SQLite gives each row of VALUES the number after the largest, and one connection writes at a time.
    # https://www.sqlite.org/autoinc.html
    numbers_rows_in_order = True
    relates_once = True  # a subquery that hangs on the row around it runs for each; no join is made of it
    functions: ClassVar[Mapping[FunctionName, str]] = {
        **DatabaseDialect.functions,
        FunctionName.LIKELY: "likely({0})",
    }

    def readable(self, column: Expression, dialect: Dialect) -> Readable:
        """Texts as bytes; the driver decodes none of them."""
        if isinstance(stored(column.type, dialect), LargeBinary):
            return Readable(column)
        kind = func.typeof(column)
        as_bytes = cast(column, LargeBinary)
        return Readable(case((kind == "text", as_bytes), (kind == "blob", NO_TEXT), else_=column), _decoded)

    def prepare(self, connection: DBAPIConnection) -> None:
        """Register the functions in Python."""
        register_functions(connection)

    def function_sql(self, function: Function, compiler: SQLCompiler, **kw: Any) -> str:
        """Moments are texts, in forms of which one is ours."""
        if isinstance(function, moment):
            return sqlite_moments.key_sql(function, compiler, **kw)
        if isinstance(function, moments_compared):
            return sqlite_moments.comparison_sql(function, compiler, **kw)
        if function.name == FunctionName.FIRST_IN_ORDER:
            return self._first_in_order(function, compiler, **kw)
        return super().function_sql(function, compiler, **kw)

    def _first_in_order(self, function: Function, compiler: SQLCompiler, **kw: Any) -> str:
        """The terms without their directions, which an argument can not have."""
        value, condition, *ordered = function.clauses
        terms = list(map(Term.of, ordered))
        flags = "".join(
            str(
                DESCENDING * term.descending
                + NULLS_FIRST * term.nulls_first
                + DECIMAL * is_decimal(term.expression.type)
            )
            for term in terms
        )
        parts = [value, condition, literal_column(f"'{flags}'"), *(term.expression for term in terms)]
        return f"{function.name}({', '.join(self.argument_sql(part, compiler, **kw) for part in parts)})"

    def first_rows(self, rows: Query, order: tuple[Term, ...], bounds: Sequence[ColumnElement[bool]] = ()) -> Query:
        """At most `limit()` of the rows, in order; moments too are served by an index."""
        return sqlite_moments.first_rows(rows, order, bounds)

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

    def explain_sql(self, sql: str, *, analyze: bool) -> str:
        """The plan alone: SQLite counts nothing while a statement runs."""
        return f"EXPLAIN QUERY PLAN {sql}"

    def plan(self, sql: str, rows: Sequence[Sequence[Any]], *, values: bool) -> Plan:
        """Read from rows of number, parent, an unused one and a line; no values stand in them."""
        return sqlite_plans.plan(sql, rows)

    def ordered_index(self, need: OrderedNeed) -> IndexForm | None:
        """An index of columns: one of our functions would keep every other program from writing to the table."""
        parts = [*need.equal, *(term.expression for term in need.order)]
        return super().ordered_index(need) if all(isinstance(part, Column) for part in parts) else None

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
        return FAILURES.get(said)

    def place(self, url: URL) -> str:
        """The file."""
        return str(url.database)


def _decoded(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
