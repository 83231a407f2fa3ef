"""PostgreSQL: what its SQL has that others have not, or write otherwise.

Beside it: connections (`postgresql_connections`), keys and pages (`postgresql_pages`), errors (`postgresql_errors`).
Sources: https://www.postgresql.org/docs/current/functions-json.html,
https://www.postgresql.org/docs/current/functions-datetime.html
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    URL,
    CheckConstraint,
    ClauseElement,
    Column,
    ColumnElement,
    Dialect,
    Executable,
    ForeignKeyConstraint,
    Index,
    Insert,
    PrimaryKeyConstraint,
    Table,
    TypeCoerce,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import Constraint
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from db.dialects import postgresql_errors, postgresql_plans, postgresql_readable
from db.dialects.care import CareDialect
from db.dialects.change_log import ChangeLogDialect
from db.dialects.connections import ConnectionsDialect
from db.dialects.errors import Failure, ReportedViolation
from db.dialects.interface import Changes, Function, FunctionName, NewValues, Readable
from db.dialects.plans import IndexForm, Plan, Search, SearchNeed
from db.dialects.postgresql_care import PostgreSQLCare
from db.dialects.postgresql_changes import PREPARER, PostgreSQLChangeLog
from db.dialects.postgresql_connections import PostgreSQLConnections
from db.dialects.postgresql_pages import PostgreSQLPages
from db.dialects.postgresql_servers import hosts_of
from db.dialects.postgresql_texts import (
    DETERMINISTIC,
    FOLD,
    PLAIN,
    WITHOUT_ACCENTS,
    fold_sql,
    takes_for_equal,
    without_accents_sql,
)
from db.relations import Expression, Term
from db.relations.types import is_local, undecorated

ENDINGS = {UniqueConstraint: "key", ForeignKeyConstraint: "fkey", CheckConstraint: "check"}
"""How the names end that PostgreSQL makes up for constraints without one."""


class LockTable(Executable, ClauseElement):
    """LOCK TABLE, with which readers go on and writers wait."""

    inherit_cache = False

    def __init__(self, table: Table) -> None:
        self.table = table


@compiles(LockTable)
def _lock_sql(lock: LockTable, compiler: SQLCompiler, **_: Any) -> str:
    return f"LOCK TABLE {compiler.preparer.format_table(lock.table)} IN SHARE ROW EXCLUSIVE MODE"


class PostgreSQL(PostgreSQLPages):
    """One class for all that a statement's text depends on, with connections and the change log beside it."""

    name = "postgresql"
    connections: ClassVar[ConnectionsDialect] = PostgreSQLConnections()
    change_log: ClassVar[ChangeLogDialect] = PostgreSQLChangeLog()
    care: ClassVar[CareDialect] = PostgreSQLCare()
    datetimes_in_utc = True
    changes_in_with = True
    sorts_by_language = True

    functions: ClassVar[Mapping[FunctionName, str]] = {
        # Where two of these stand under OR, an array is served from indexes; IN from none: the whole table is read.
        # https://www.postgresql.org/docs/current/indexes-bitmap-scans.html
        FunctionName.AMONG: "{0} = ANY (ARRAY{1})",
        FunctionName.DECIMAL_OF_DOUBLE: "CAST(CAST({0} AS TEXT) AS NUMERIC)",
        FunctionName.FOLD_CASE: FOLD,
        FunctionName.PLAIN_TEXT: PLAIN,
        FunctionName.WITHOUT_ACCENTS: WITHOUT_ACCENTS,
        FunctionName.LIKELY: "({0})",
        FunctionName.SHUFFLED: "md5(concat_ws('/', {parts}))",
        FunctionName.MATCHES: "({0} ~ CAST({1} AS TEXT))",
        FunctionName.FIRST_IN_ORDER: "(array_agg({0} ORDER BY {parts}) FILTER (WHERE {1}))[1]",
        FunctionName.COUNTED_FROM_ONE: "({0})[:]",
        FunctionName.MOMENT: "{0}",
        FunctionName.MOMENTS_COMPARED: "{0}",
        FunctionName.JSON_AT: "({0} #> ARRAY(SELECT jsonb_array_elements_text(CAST({1} AS jsonb))))",
        FunctionName.JSON_KIND: "jsonb_typeof({0})",
        FunctionName.JSON_TEXT: "(CASE jsonb_typeof({0}) WHEN 'string' THEN {0} #>> '{{}}' END)",
        FunctionName.JSON_ORDER: (
            "(CASE WHEN jsonb_typeof({0}) = jsonb_typeof(CAST({1} AS jsonb)) THEN"
            " CASE WHEN {0} < CAST({1} AS jsonb) THEN -1 WHEN {0} = CAST({1} AS jsonb) THEN 0 ELSE 1 END END)"
        ),
        # Its order of kinds is ours; an empty list stands in front of all: docs/decisions/0053-pages-and-orders.md
        FunctionName.JSON_SORTED: "NULLIF({0}, CAST('null' AS jsonb))",
        FunctionName.JSON_CONTAINS: "({0} @> CAST({1} AS jsonb))",
        FunctionName.JSON_HAS_KEY: "({0} ? {1})",
        FunctionName.JSON_WRITTEN: "(NULLIF(CAST(CAST({0} AS jsonb) AS TEXT), 'null') COLLATE \"C\")",
        FunctionName.MOMENT_START: "date_trunc({1}, {0}, {2})",
        FunctionName.LOCAL_START: "date_trunc({1}, {0})",
        FunctionName.DAY_START: "CAST(date_trunc({1}, CAST({0} AS TIMESTAMP)) AS DATE)",
    }

    def template(self, function: Function, dialect: Dialect) -> str | None:
        """Small letters as this server makes them; a column that says how to tell texts apart keeps its collation.

        Of a key, as many parts as there are.
        """
        name = FunctionName(function.name)
        if name is FunctionName.FOLD_CASE:
            return fold_sql(dialect)
        if name is FunctionName.SHUFFLED:
            parts = (f"CAST({{{number}}} AS TEXT)" for number in range(len(function.clauses)))
            return self.functions[name].replace("{parts}", ", ".join(parts))
        if name is FunctionName.FIRST_IN_ORDER:
            terms = (f"{{{number}}}" for number in range(2, len(function.clauses)))
            return self.functions[name].replace("{parts}", ", ".join(terms))
        if name is FunctionName.WITHOUT_ACCENTS:
            return without_accents_sql(dialect)
        if name is FunctionName.PLAIN_TEXT and _collations(function) <= DETERMINISTIC and _collations(function):
            return "CAST({0} AS TEXT)"
        if name is FunctionName.MOMENT_START and is_local(undecorated(function.type)):
            return "(date_trunc({1}, {0} AT TIME ZONE 'UTC', {2}) AT TIME ZONE 'UTC')"
        return super().template(function, dialect)

    def argument_sql(self, argument: Expression, compiler: SQLCompiler, **kw: Any) -> str:
        """JSON as JSONB: plain JSON knows none of the operators."""
        kind = argument.type.dialect_impl(compiler.dialect)
        sql = compiler.process(argument, **kw)
        return f"CAST({sql} AS JSONB)" if isinstance(kind, JSON) and not isinstance(kind, JSONB) else sql

    def json(self, *, none_as_null: bool) -> JSON:
        """JSONB, which a GIN index serves."""
        return JSONB(none_as_null=none_as_null)

    def readable(self, column: Expression, dialect: Dialect) -> Readable:
        """Days, times and JSON as text, and texts as bytes: asyncpg leaves those as they are."""
        return postgresql_readable.readable(column, dialect)

    def insert_missing(self, table: Table, key: Sequence[str] = ()) -> Insert:
        """INSERT … ON CONFLICT DO NOTHING."""
        return postgresql.insert(table).on_conflict_do_nothing(index_elements=key or None)

    def upsert(
        self, table: Table, key: Sequence[Expression], changes: Changes, where: ColumnElement[bool] | None = None
    ) -> Insert:
        """INSERT … ON CONFLICT DO UPDATE."""
        return postgresql.insert(table).on_conflict_do_update(index_elements=key, set_=changes, where=where)

    def new_values(self, table: Table) -> NewValues:
        """The row that ON CONFLICT calls `excluded`."""
        return postgresql.insert(table).excluded

    def lock(self, table: Table) -> Sequence[Executable]:
        """Readers go on; writers wait."""
        return (LockTable(table),)

    def count_on(self, column: Column[int]) -> Sequence[Executable]:
        """Set the column's sequence to the largest number, if there is one."""
        sequence = func.pg_get_serial_sequence(PREPARER.format_table(column.table), column.name)
        return (select(func.setval(sequence, func.max(column))).having(func.count(column) > 0),)

    def explain_sql(self, sql: str, *, analyze: bool) -> str:
        """As text, which people know; it says what the hints are made of."""
        return f"EXPLAIN {'(ANALYZE, BUFFERS) ' if analyze else ''}{sql}"

    def plan(self, sql: str, rows: Sequence[Sequence[Any]], *, values: bool) -> Plan:
        """Read from rows of one line each."""
        return postgresql_plans.plan([str(row[0]) for row in rows], values=values)

    def estimated_rows(self, table: Table) -> Executable:
        """What the last ANALYZE or VACUUM has counted; -1 before the first."""
        name = PREPARER.format_table(table)
        return (
            select(text("reltuples"))
            .select_from(text("pg_class"))
            .where(text("oid = to_regclass(:name)"))
            .params(name=name)
        )

    def index_term(self, term: Term) -> Expression:
        """With a place for nulls where it is not the one that PostgreSQL gives them."""
        ordered = super().index_term(term)
        if not term.nullable or term.nulls_first is term.descending:
            return ordered
        return ordered.nulls_first() if term.nulls_first else ordered.nulls_last()

    def search_index(self, need: SearchNeed) -> IndexForm | None:
        """Trigrams for parts, patterns for starts, GIN for JSON.

        Sources: https://www.postgresql.org/docs/current/pgtrgm.html#PGTRGM-INDEX,
        https://www.postgresql.org/docs/current/indexes-opclass.html
        """
        if need.search is Search.DOCUMENT:
            return IndexForm([need.value], {"postgresql_using": "gin"}, "gin")
        column = _plain_column(need.value)
        value = need.value.label("value") if column is None else column
        if need.search is Search.START:
            return IndexForm([value], {"postgresql_ops": {value.key: "text_pattern_ops"}}, "text_pattern_ops")
        options = {"postgresql_using": "gin", "postgresql_ops": {value.key: "gin_trgm_ops"}}
        remark = "It needs the extension pg_trgm: CREATE EXTENSION IF NOT EXISTS pg_trgm."
        return IndexForm([value], options, "gin_trgm_ops", remark)

    def violation(self, error: IntegrityError) -> ReportedViolation | None:
        """Read from the error's state and fields."""
        return postgresql_errors.violation(error)

    def constraint_name(self, constraint: Constraint | Index, table: Table) -> str:
        """The name in the model, cut to 63 bytes; without a name, the one that PostgreSQL makes up."""
        if isinstance(constraint.name, str):
            given = PREPARER.truncate_and_render_constraint_name(constraint.name)
            return str(given).removeprefix('"').removesuffix('"')
        if isinstance(constraint, PrimaryKeyConstraint):
            return f"{table.name}_pkey"
        columns = (column.name for column in getattr(constraint, "columns", ()))
        return "_".join((table.name, *columns, ENDINGS.get(type(constraint), "")))

    def failure(self, error: DBAPIError) -> Failure | None:
        """Read from the error's state."""
        return postgresql_errors.failure(error)

    def place(self, url: URL) -> str:
        """The database, its host and its port."""
        return f"{url.database} at {', '.join(map(str, hosts_of(url)))}"


def _plain_column(expression: Expression) -> Column[Any] | None:
    """The column that an expression is, or is the plain text of, where that is the same."""
    if getattr(expression, "name", None) == FunctionName.PLAIN_TEXT and isinstance(expression, FunctionElement):
        (column,) = (it.clause if isinstance(it, TypeCoerce) else it for it in expression.clauses)
        is_plain = not takes_for_equal(column.type) and getattr(undecorated(column.type), "collation", None) is None
        return column if is_plain and isinstance(column, Column) else None
    return expression if isinstance(expression, Column) else None


def _collations(function: Function) -> set[str]:
    """The collations that a function's columns are declared with."""
    columns = (it.clause if isinstance(it, TypeCoerce) else it for it in function.clauses)
    declared = (getattr(column.type, "collation", None) for column in columns)
    return {collation for collation in declared if collation is not None}
