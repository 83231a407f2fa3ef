"""PostgreSQL, through asyncpg: arrays of keys, LATERAL pages, JSONB, states of errors.

Sources: https://www.postgresql.org/docs/current/errcodes-appendix.html,
https://www.postgresql.org/docs/current/functions-json.html,
https://www.postgresql.org/docs/current/functions-comparisons.html#FUNCTIONS-COMPARISONS-ANY-SOME
"""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

import asyncpg
from sqlalchemy import (
    ARRAY,
    JSON,
    URL,
    BindParameter,
    CheckConstraint,
    ClauseElement,
    Column,
    ColumnClause,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Executable,
    ForeignKeyConstraint,
    FromClause,
    Index,
    Insert,
    Integer,
    PrimaryKeyConstraint,
    ScalarSelect,
    Select,
    String,
    Table,
    Text,
    Time,
    TypeCoerce,
    UniqueConstraint,
    any_,
    bindparam,
    cast,
    column,
    event,
    func,
    literal_column,
    not_,
    select,
    text,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import (
    DBAPIError,
    DisconnectionError,
    EmulatedDBAPIException,
    IntegrityError,
    SQLAlchemyError,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, PoolResetState
from sqlalchemy.schema import Constraint
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import Exists
from sqlalchemy.sql.functions import FunctionElement

from db import exact_json
from db.dialects import postgresql_plans
from db.dialects.change_log import ChangeLogDialect
from db.dialects.connections import ConnectionsDialect, Heard, Options, Servers
from db.dialects.errors import Failure, Outage, ReportedViolation, Rule
from db.dialects.interface import KEYS, Changes, DatabaseDialect, FoundBy, Function, FunctionName, NewValues, Readable
from db.dialects.paging import PagedRows, Query, cut, first_of, labelled, limit, sorted_by
from db.dialects.plans import IndexForm, Plan, Search, SearchNeed
from db.dialects.postgresql_changes import PostgreSQLChangeLog
from db.dialects.postgresql_driver import DRIVER, bound_prepared_statements
from db.dialects.postgresql_ranges import AnyMultiRange, AnyRange, from_words
from db.dialects.postgresql_servers import ROLE, RoledServers, hosts_of, with_servers
from db.dialects.postgresql_texts import (
    DETERMINISTIC,
    FOLD,
    ICU,
    PLAIN,
    WITHOUT_ACCENTS,
    fold_sql,
    learn_small_letters,
    takes_for_equal,
    without_accents_sql,
)
from db.dialects.postgresql_times import read_day, read_moment, read_moment_in_utc, read_time
from db.relations import ColumnType, Expression, Key, Term, element_type, parameter_type, stored
from db.relations.types import is_local, undecorated
from db.unreadable import Unreadable

URL_OPTIONS = {*inspect.signature(asyncpg.connect).parameters, "prepared_statement_cache_size"}
"""What may follow the question mark of a URL. Source:
https://magicstack.github.io/asyncpg/current/api/index.html#asyncpg.connection.connect"""

TRANSIENT = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: PostgreSQL asks for the whole transaction again.
Source: https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html"""

OUT_OF_RANGE = ("22003", "22012")
"""A number is larger than its type holds; a division by zero."""

TOO_MANY_CONNECTIONS = "53300"
QUERY_CANCELED = "57014"
"""Source: https://www.postgresql.org/docs/current/errcodes-appendix.html"""

RULES = {"23505": Rule.UNIQUE, "23503": Rule.FOREIGN_KEY, "23514": Rule.CHECK, "23502": Rule.NOT_NULL}
"""Rules by the states of errors."""

OUTAGES = {
    "08": Outage.LOST,
    "25006": Outage.READ_ONLY,
    "28": Outage.REFUSING,
    "3D": Outage.REFUSING,
    "53100": Outage.FULL,
    "53": Outage.CROWDED,
    "57P": Outage.STOPPING,
    "58": Outage.BROKEN,
}
"""Outages by the beginnings of states, the longer ones first where two fit."""

CLOSED = "closed"
"""In each sentence of asyncpg about a connection that it has lost already, for which it has no state."""

STARTUP_PARAMETER = "unsupported startup parameter"
"""What PgBouncer says. Source: https://www.pgbouncer.org/config.html#ignore_startup_parameters"""
OF_PGBOUNCER = (
    " (behind PgBouncer, set TRELLIS_PGBOUNCER=true for pool_mode = transaction; for pool_mode = session, add"
    " ignore_startup_parameters = statement_timeout,jit to its configuration)"
)

OUTDATED = ("cached plan must not change", "cache lookup failed", "could not open relation", "cached statement plan")
"""What the server says, in English or not at all, when a table or a type has changed under a plan."""
OUTDATED_STATES = ("0A000", "XX000", "42P01", "42809")

DEEP = 3
"""So many subqueries in one another are a filter through several relations."""

UNREACHABLE = ("08", "28", "3D", "53", "57P")
"""Classes of states that say: not now, or not you."""
COMING = ("08", "57P")
"""Those of them that say: not now."""
NOT_ABOUT_READING = (
    SQLAlchemyError,
    EmulatedDBAPIException,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    AssertionError,
)
"""What the database or the network says, and what SQLAlchemy and asyncpg say of statements and parameters."""

NO_TABLE = "42P01"
NO_OBJECT = "42704"
RAISED = "P0001"
NO_SCHEMA = "3F000"
ABORTED = "25P02"
LOCKED = "55P03"
UNFIT = ("22000", "22001", "22007", "22008", "22021", "22P02", "22P03")
"""Values that the driver cannot encode, texts that are too long, moments out of range, characters and forms that a
type does not have."""

FAULTS_OF_SQL = ("42", "3F", "22023")
"""The classes of syntax errors, and of names that are not there; and what a function does not take, a client's value
or one of a row in a view."""
FORBIDDEN = "42501"
DATA_EXCEPTION = "22"
"""The class of states of these, and of all that a function does not take: a time zone, a pattern, a path.
Source: https://www.postgresql.org/docs/current/errcodes-appendix.html"""

UNCERTAIN = ("08", "53", "57P", "58", "F0", "XX")
"""Classes of states after which a server may not be itself: lost connections, want of memory or disk, shutdowns, errors
of the system, of its configuration and of its own making."""

ENDINGS = {UniqueConstraint: "key", ForeignKeyConstraint: "fkey", CheckConstraint: "check"}
"""How the names end that PostgreSQL makes up for constraints without one."""

PREPARER = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]  # SQLAlchemy has no types for it


_WITHOUT_THE_ROLE = r"""
    SELECT set_config('search_path', regexp_replace(current_setting('search_path'), '"\$user"\s*,?\s*', ''), false)
"""


class PostgreSQLConnections(ConnectionsDialect):
    """How connections open, begin and end."""

    drivers: Mapping[str, str] = dict.fromkeys(("postgres", "postgresql", "postgresql+asyncpg", DRIVER), DRIVER)
    begin_snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    begin_change = "BEGIN"
    autocommit: ClassVar[Options] = {"isolation_level": "AUTOCOMMIT"}
    snapshot: ClassVar[Options] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    change: ClassVar[Options] = {}
    sqlalchemy_ends_any_transaction = False  # asyncpg's adapter ends only what it has begun itself
    has_fast_path = True

    try_lock = "SELECT pg_catalog.pg_try_advisory_xact_lock(:number)"
    # Where a record will be written next: what is committed may not be written out yet (`synchronous_commit = off`).
    position = (
        "SELECT CAST(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()"
        " ELSE pg_catalog.pg_current_wal_insert_lsn() END - '0/0' AS bigint),"
        " CAST(extract(epoch FROM clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) AS double precision)"
    )

    cut = staticmethod(asyncpg.Connection.terminate)  # what waits fails with the state 08003

    # An old view sees the old row of the catalog, and the function the file that is there now.
    outdated_view = (
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid >= 16384 AND relkind = 'r'"
        " AND relfilenode <> pg_catalog.pg_relation_filenode(oid))"
    )

    def url(self, url: URL) -> URL:
        """`sslmode`, which hosting providers write, becomes asyncpg's `ssl`."""
        if "sslmode" in url.query:
            url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": url.query["sslmode"]})
        unknown = set(url.query) - URL_OPTIONS
        if unknown:
            raise ValueError(f"has options that asyncpg does not know: {', '.join(sorted(unknown))}; leave them out")
        return with_servers(url)

    def servers(self, url: URL) -> Servers | None:
        """Where a role is named; several hosts have one."""
        return RoledServers(url) if ROLE in url.query else None

    def json_text(self, value: Any) -> str:
        """Any JSON: JSONB keeps every digit."""
        return exact_json.dumps(value)

    def engine_options(
        self,
        url: URL,
        pool: Options,
        *,
        statement_timeout_s: float,
        connect_timeout_s: float,
        pgbouncer: bool,
        read_only: bool,
    ) -> dict[str, Any]:
        """A pool, and what the server is told when a connection starts."""
        arguments: dict[str, Any] = (
            dict(_PGBOUNCER_ARGUMENTS) if pgbouncer else _start_up(statement_timeout_s, read_only=read_only)
        )
        arguments["timeout"] = connect_timeout_s  # from the look-up of the host's name to the server's first word
        # The pool resets nothing by itself: `end_transaction` does, and only where there is something to end.
        return {"connect_args": arguments, "pool_reset_on_return": None, **pool}

    def set_up(self, engine: AsyncEngine, *, statement_timeout_s: float, read_only: bool) -> None:
        """Replace lost connections, end transactions that were left open, and learn how the server writes texts."""
        learn_small_letters(engine)
        event.listen(engine.sync_engine, "connect", bound_prepared_statements)
        event.listen(engine.sync_engine, "checkout", _replace_lost)
        event.listen(engine.sync_engine, "reset", _end_transaction)

    def own_schema(self, schema: str) -> str | None:
        """The schema: a database has any number of them."""
        return schema

    def find_apart(self, engine: AsyncEngine, schema: str) -> None:
        """Take `"$user"` out of the search path where the schema bears the role's name, which would put ours first.

        Source: https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATH
        """

        def look_past(adapted: Any, _record: ConnectionPoolEntry) -> None:
            adapted.run_async(lambda driver: driver.execute(_WITHOUT_THE_ROLE))

        if engine.url.username == schema:
            # Before SQLAlchemy asks the first connection what its own schema is.
            event.listen(engine.sync_engine, "connect", look_past, insert=True)

    def listen_to_driver(self, driver: Any, hear: Heard) -> Callable[[], None]:
        """Asyncpg asks about each type that it meets for the first time on a connection."""

        def heard(record: Any) -> None:
            hear(record.query, record.elapsed * 1000)

        driver.add_query_logger(heard)
        return lambda: driver.remove_query_logger(heard)

    def keep_none_prepared(self, adapted: Any) -> Callable[[], None]:
        """SQLAlchemy keeps so many of a connection, and would lose those that are sent again."""
        kept = adapted._prepared_statement_cache  # noqa: SLF001 - docs/private-names.md
        adapted._prepared_statement_cache = None  # noqa: SLF001 - as above

        def keep() -> None:
            adapted._prepared_statement_cache = kept  # noqa: SLF001 - as above

        return keep

    def is_transient(self, error: DBAPIError) -> bool:
        """A serialization failure, or a deadlock."""
        return _state_of(error) in TRANSIENT

    def outage(self, error: DBAPIError) -> Outage | None:
        """Read from the error's state."""
        state = str(_state_of(error) or "")
        if not state:
            # The latter has no better words for a server that took its leave between two statements.
            closed = _is_of(error, asyncpg.InterfaceError) and CLOSED in str(error.orig)
            return Outage.LOST if closed or _is_of(error, asyncpg.InternalClientError) else None
        return next((outage for start, outage in OUTAGES.items() if state.startswith(start)), None)

    def is_outdated(self, error: DBAPIError) -> bool:
        """Whether a plan, or what asyncpg knows of a type, is not good any more."""
        if _is_of(error, asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError):
            return True
        return _state_of(error) in OUTDATED_STATES and any(words in str(error.orig) for words in OUTDATED)

    async def is_read_only(self, connection: AsyncConnection) -> bool:
        """Whether the server is a standby, or was told to take no changes.

        Source: https://www.postgresql.org/docs/current/hot-standby.html
        """
        return (await connection.exec_driver_sql("SHOW transaction_read_only")).scalar() == "on"

    def may_come(self, error: BaseException) -> bool:
        """Whether nobody listens yet, its name is not known yet, or the server starts or stops."""
        state = str(getattr(getattr(error, "orig", error), "sqlstate", None) or "")
        return isinstance(getattr(error, "orig", error), OSError) or state.startswith(COMING)

    def said(self, error: BaseException) -> str:
        """As above; PgBouncer refuses settings of a connection that it does not track."""
        said = super().said(error)
        return said + OF_PGBOUNCER if STARTUP_PARAMETER in said else said

    def is_busy(self, error: BaseException) -> bool:
        """Whether every connection that the server allows is taken, or a short question has waited too long."""
        return getattr(getattr(error, "orig", error), "sqlstate", None) in (TOO_MANY_CONNECTIONS, QUERY_CANCELED)

    def could_not_read(self, error: BaseException) -> bool:
        """Whether it is Python's own error. asyncpg has a class for values that it cannot send, `asyncpg.DataError`.

        asyncpg raises what its decoders raise only when it has read all that was sent, up to ReadyForQuery
        (`PROTOCOL_ERROR_CONSUME` in asyncpg/protocol/coreproto.pyx); the assertions of its encoders it passes on.
        """
        return isinstance(error, Exception) and not isinstance(error, NOT_ABOUT_READING)

    def stopped_by_server(self, error: DBAPIError) -> bool:
        """Whether `statement_timeout` of the server came first."""
        return _state_of(error) == QUERY_CANCELED

    def is_harmless(self, error: BaseException) -> bool:
        """Whether the server has reported it, as one that ends a statement and nothing more.

        Errors of the driver may have states, too, but only the server tells a severity. A value that asyncpg cannot
        encode, for one, leaves the connection in a transaction of which nobody knows: the statement was prepared, and
        no Sync follows. Source: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
        """
        if self.could_not_read(error):
            return True
        reported = _reported_by_server(error)
        return reported is not None and not str(reported.sqlstate).startswith(UNCERTAIN)


class LockTable(Executable, ClauseElement):
    """LOCK TABLE, with which readers go on and writers wait."""

    inherit_cache = False

    def __init__(self, table: Table) -> None:
        self.table = table


@compiles(LockTable)
def _lock_sql(lock: LockTable, compiler: SQLCompiler, **_: Any) -> str:
    return f"LOCK TABLE {compiler.preparer.format_table(lock.table)} IN SHARE ROW EXCLUSIVE MODE"


class PostgreSQL(DatabaseDialect):
    """Keys are arrays; a page is a short ordered read for each parent, which an index on key and order serves."""

    name = "postgresql"
    connections: ClassVar[ConnectionsDialect] = PostgreSQLConnections()
    change_log: ClassVar[ChangeLogDialect] = PostgreSQLChangeLog()
    datetimes_in_utc = True
    changes_in_with = True
    combines = True
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

    def takes_for_equal(self, type_: ColumnType) -> bool:
        """Texts, as far as their type tells."""
        return takes_for_equal(type_)

    def readable(self, column: Expression, dialect: Dialect) -> Readable:
        """Days, times and JSON as text, and texts as bytes: asyncpg leaves those as they are."""
        kind = stored(column.type, dialect)
        if isinstance(kind, DateTime) and kind.timezone:  # in UTC, as the zone of a connection has other ends
            return Readable(_in_iso_8601(func.timezone("UTC", column)), read_moment_in_utc)
        for times, read in ((DateTime, read_moment), (Date, read_day), (Time, read_time)):
            if isinstance(kind, times):
                return Readable(_in_iso_8601(column), read)
        if isinstance(kind, JSON):
            return Readable(cast(column, Text), exact_json.loads)
        if isinstance(kind, AnyRange):
            return Readable(cast(column, Text), _range_reader(element_type(kind)))
        if isinstance(kind, AnyMultiRange):
            return Readable(cast(column, Text), _unreadable)
        if isinstance(kind, ARRAY):
            return _readable_array(column, stored(kind.item_type, dialect))
        if isinstance(kind, String):  # in a database without an encoding, texts are any bytes
            return Readable(func.textsend(cast(column, Text)), bytes.decode)
        return Readable(column)

    def key_condition(self, columns: Sequence[Expression]) -> ColumnElement[bool]:
        """`= ANY (array)`: one SQL text, one parameter for each column, whatever the number of keys."""
        if len(columns) == 1:
            return columns[0] == any_(_arrays(columns)[0])
        keys = func.unnest(*_arrays(columns)).table_valued(*_named(columns)).render_derived(name="keys")
        return tuple_(*columns).in_(select(keys))

    def found_by(self, columns: Sequence[Expression]) -> FoundBy:
        """Where the database may take different texts for equal, the key that was asked for, not the row's own."""
        if not any(takes_for_equal(column.type) for column in columns):
            return super().found_by(columns)
        asked = _keys_of(_parents(columns))
        return FoundBy([column == key for column, key in zip(columns, asked, strict=True)], asked)

    def key_parameters(self, keys: Sequence[Key], width: int) -> dict[str, object]:
        """One array for each column of the key."""
        if width == 1:
            return {f"{KEYS}_0": [key for (key,) in keys]}
        return {f"{KEYS}_{index}": [key[index] for key in keys] for index in range(width)}

    def page_per_parent(self, paged: PagedRows) -> Query:
        """A short ordered read for each parent, except where a table of pairs leads to few rows.

        Where all rows of the parents are read anyway, they are read once, and not for each parent.
        """
        if paged.reads_all:
            return super().page_per_parent(paged)
        few = paged.through_table and not paged.skips and not any(takes_for_equal(it.type) for it in paged.key)
        if paged.most is not None:
            return self._numbered_pages(paged, few=few)
        return self._few_or_lateral(paged) if few else self._lateral(paged)

    def first_rows(self, rows: Query, order: tuple[Term, ...], bounds: Sequence[ColumnElement[bool]] = ()) -> Query:
        """As above. Of rows that are found through several relations, all are found before the first ones are taken.

        With a LIMIT the planner hopes for matches that come early, in the order of an index, and walks through every
        way for each row: 1.8 s for 40,000 posts, where all of them take 0.08 s. OFFSET 0 keeps it from that.
        Source: https://www.postgresql.org/docs/current/queries-limit.html,
        `set_subquery_pathlist` in src/backend/optimizer/path/allpaths.c.
        """
        if rows.whereclause is None or _subqueries_deep(rows.whereclause) < DEEP:
            return super().first_rows(rows, order, bounds)
        shown = [str(column.key) for column in rows.selected_columns]
        columns = [column for column in self.term_columns(order) if column.key not in shown]
        found = rows.add_columns(*columns).offset(literal_column("0")).subquery("found")
        terms = [term._replace(expression=found.c[f"term_{index}"]) for index, term in enumerate(order)]
        return select(*(found.c[name] for name in shown)).order_by(*sorted_by(terms)).limit(limit())

    def beside(self, term: Term, number: int) -> FromClause | None:
        """A subquery under ORDER BY runs for each row; one that stands beside the row is remembered by what it reads.

        An aggregate, so that there is always one row, and the subquery stays one: that of any type but arrays.
        Source: Memoize, https://www.postgresql.org/docs/current/runtime-config-query.html#GUC-ENABLE-MEMOIZE
        """
        if not term.is_shared or not isinstance(term.expression, ScalarSelect):
            return None
        of_row = term.expression.element
        if not isinstance(of_row, Select):
            return None
        (value,) = of_row.selected_columns
        if isinstance(undecorated(value.type), ARRAY):
            return None
        return of_row.with_only_columns(func.array_agg(value)[1].label("value")).lateral(f"beside_{number}")

    def _lateral(self, paged: PagedRows) -> Query:
        parent = _parents(paged.key)
        page = self._page_of(parent, paged)
        return (
            select(*_but_number(page), *_keys_of(parent))
            .select_from(parent.join(page, true()))
            .order_by(parent.c.position, page.c.number)
        )

    def _few_or_lateral(self, paged: PagedRows) -> Query:
        """All rows of all parents, if they are as few as the pages may hold; else a short read for each parent.

        Where a table of pairs leads to a small table, PostgreSQL would scan that table anew for each parent. Never more
        rows are read than the pages may hold together, and one: docs/decisions/0003-a-page-per-parent.md.
        """
        most = func.cardinality(_arrays(paged.key)[0]) * limit()
        few = (
            paged.rows.add_columns(*self.term_columns(paged.order), *labelled(paged.key))
            .where(self.key_condition(paged.key))
            .limit(most + 1)
            .cte("few")
        )
        fits = select(func.count()).select_from(few).scalar_subquery() <= most
        parent = _parents(paged.key)
        page = self._page_of(parent, paged)
        one_by_one = (
            select(*_but_number(page), page.c.number, *_keys_of(parent))
            .select_from(parent.join(page, true()))
            .where(not_(fits))
        )
        at_once = _cut(few, paged, [str(column.key) for column in _but_number(page)]).where(fits)
        found = union_all(at_once, one_by_one).subquery("found")
        key = (found.c[f"key_{index}"] for index in range(len(paged.key)))
        return select(*_but_number(found)).order_by(*key, found.c.number)

    def _numbered_pages(self, paged: PagedRows, *, few: bool) -> Query:
        """The pages in any order, each row with its number, for a planner that knows neither keys nor limits.

        Whether there are few rows is seen in the table of pairs alone: of a join with an unknown LIMIT, PostgreSQL
        makes loops for three rows, or hashes for a million. docs/decisions/0049-one-round-trip.md.
        """
        parent = _parents(paged.key)
        page = self._page_of(parent, paged)
        one_by_one = select(*_but_number(page), *_keys_of(parent), page.c.number).select_from(parent.join(page, true()))
        pairs = select(*labelled(paged.key)).where(self.key_condition(paged.key))
        if not few or len(pairs.get_final_froms()) != 1:
            return one_by_one
        pairs = pairs.limit(literal_column(str(paged.most_together), Integer()))
        fits = select(func.count() < paged.most_together).select_from(pairs.cte("pairs")).scalar_subquery()
        rows = paged.rows.add_columns(*self.term_columns(paged.order), *labelled(paged.key))
        shown = [str(column.key) for column in _but_number(page)]
        together = rows.where(self.key_condition(paged.key), fits).subquery("few")
        at_once = _cut(together, paged, shown).subquery("at_once")
        key = [f"key_{index}" for index in range(len(paged.key))]
        first = select(*(at_once.c[name] for name in (*shown, *key, "number")))
        return select(union_all(first, one_by_one.where(not_(fits))).subquery("pages"))

    def _page_of(self, parent: FromClause, paged: PagedRows) -> FromClause:
        """The page of one parent, with a `number` for each row."""
        order = sorted_by(paged.order)
        rows = (
            self.with_cursors(paged)
            .add_columns(func.row_number().over(order_by=order or None).label("number"))
            .where(*(column == key for column, key in zip(paged.key, _keys_of(parent), strict=True)))
            .order_by(*order)
        )
        if paged.most is not None:
            return first_of(rows, paged.most, parent).lateral("page")
        return cut(rows, skips=paged.skips).lateral("page")

    def numbered_rows(self, paged: PagedRows) -> Query:
        """The window function and the order share one sort; PostgreSQL stops both where the page ends."""
        assert paged.most is not None
        order = sorted_by(paged.order)
        number = func.row_number().over(order_by=order or None).label("number")
        return first_of(self.with_cursors(paged).add_columns(number).order_by(*order), paged.most)

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
        name, table = column.name, column.table.name
        sequence = f"pg_get_serial_sequence('{table}', '{name}')"
        return (text(f"SELECT setval({sequence}, max({name})) FROM {table} HAVING count(*) > 0"),)

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
        """Read from the error's state and fields; the driver's own exception knows table, column and constraint."""
        state = getattr(error.orig, "sqlstate", None)
        if state is None:
            return None
        if state not in RULES:
            return ReportedViolation(Rule.OTHER)
        driver_error = getattr(error.orig, "__cause__", None) or error.orig
        column = getattr(driver_error, "column_name", None) if RULES[state] is Rule.NOT_NULL else None
        return ReportedViolation(
            RULES[state],
            getattr(driver_error, "table_name", None),
            (column,) if column else (),
            getattr(driver_error, "constraint_name", None),
        )

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
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if state.startswith(UNREACHABLE):
            return Failure.UNREACHABLE
        if state in UNFIT:
            return Failure.UNFIT_VALUE
        if state in OUT_OF_RANGE:
            return Failure.OUT_OF_RANGE
        if state == NO_OBJECT and f'{ICU}"' in (error.statement or ""):
            return Failure.NO_COLLATION
        if _is_about_a_value(error, state):
            return Failure.UNFIT_VALUE
        if state.startswith(DATA_EXCEPTION):
            return Failure.UNCOMPUTABLE
        if state == RAISED:
            return Failure.REFUSED
        return {
            NO_TABLE: Failure.NO_TABLE,
            NO_SCHEMA: Failure.NO_TABLE,
            LOCKED: Failure.BUSY,
            ABORTED: Failure.ABORTED,
        }.get(state)

    def place(self, url: URL) -> str:
        """The database, its host and its port."""
        return f"{url.database} at {', '.join(map(str, hosts_of(url)))}"


def _subqueries_deep(condition: ClauseElement) -> int:
    """How many subqueries of a condition stand in one another at most."""
    if isinstance(condition, Exists):
        (asked,) = condition.get_children()  # its SELECT, as a value
        where = (
            asked.element.whereclause if isinstance(asked, ScalarSelect) and isinstance(asked.element, Select) else None
        )
        return 1 if where is None else 1 + _subqueries_deep(where)
    return max(map(_subqueries_deep, condition.get_children()), default=0)


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


def _in_iso_8601(moment: Expression) -> Expression:
    """A day or a time as text: in one form, whatever the server's DateStyle, and PostgreSQL reads it again."""
    return func.to_json(moment).op("#>>")(literal_column("'{}'"))


def _reader(kind: ColumnType) -> Callable[[str], Any] | None:
    """What reads a value of a type as JSON has it."""
    if isinstance(kind, DateTime):
        return read_moment
    readers: Mapping[type[ColumnType], Callable[[str], Any]] = {Date: read_day, Time: read_time}
    return next((read for times, read in readers.items() if isinstance(kind, times)), None)


def _range_reader(kind: ColumnType) -> Callable[[str], Any]:
    """What reads a range from its words. asyncpg refuses a whole range whose bound Python has no form for."""
    read = _reader(kind) or (int if isinstance(kind, Integer) else Decimal)
    return lambda words: from_words(words, read)


def _unreadable(_words: str) -> Unreadable:
    """In the place of each value of a column of which one could not be read."""
    return Unreadable()


def _readable_array(column: Expression, item: ColumnType) -> Readable:
    """An array of days or times as JSON, whose elements are read one by one; asyncpg reads others."""
    read = _reader(item)
    if read is None:
        return Readable(column)

    def elements(values: Any) -> Any:
        return [elements(one) for one in values] if isinstance(values, list) else values and read(values)

    return Readable(cast(func.to_json(column), Text), lambda words: elements(json.loads(words)))


def _arrays(columns: Sequence[Expression]) -> list[BindParameter[Any]]:
    return [
        bindparam(f"{KEYS}_{index}", type_=ARRAY(parameter_type(column.type))) for index, column in enumerate(columns)
    ]


def _named(columns: Sequence[Expression]) -> list[ColumnClause[Any]]:
    return [column(f"key_{index}", parameter_type(key.type)) for index, key in enumerate(columns)]


def _parents(key: Sequence[Expression]) -> FromClause:
    """The keys as a table with a `position`, in the order in which they were given."""
    parents = func.unnest(*_arrays(key)).table_valued(*_named(key), with_ordinality="position")
    return parents.render_derived(name="parent")


def _cut(few: FromClause, paged: PagedRows, shown: Sequence[str]) -> Query:
    """The pages of all parents, out of rows that hold their keys and the values of the order's terms."""
    order = [term._replace(expression=few.c[f"term_{index}"]) for index, term in enumerate(paged.order)]
    key = [f"key_{index}" for index in range(len(paged.key))]
    number = func.row_number().over(partition_by=[few.c[name] for name in key], order_by=sorted_by(order))
    page = select(few, number.label("number")).subquery("page")
    return select(*(page.c[name] for name in (*shown, "number", *key))).where(page.c.number <= limit())


def _keys_of(parent: FromClause) -> list[Expression]:
    return [column for column in parent.c if column.key != "position"]


def _but_number(page: FromClause) -> list[Expression]:
    return [column for column in page.c if column.key != "number"]


_PGBOUNCER_ARGUMENTS = {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
"""In transaction mode each statement may meet another server connection, which knows no prepared statement of ours;
PgBouncer also refuses start-up settings that it does not track.
https://docs.sqlalchemy.org/en/21/dialects/postgresql.html#prepared-statement-name-with-pgbouncer"""


def _start_up(statement_timeout_s: float, *, read_only: bool) -> dict[str, Any]:
    return {
        "server_settings": {
            "application_name": "trellis",
            "statement_timeout": str(max(1, round(statement_timeout_s * 1000))),
            "jit": "off",  # plans of ours are short; compiling them costs more than it saves
            **({"default_transaction_read_only": "on"} if read_only else {}),
        }
    }


def _replace_lost(connection: Any, _record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
    if connection.driver_connection.is_closed():  # what the socket has told already costs nothing to ask
        raise DisconnectionError


def _end_transaction(connection: Any, _record: ConnectionPoolEntry, state: PoolResetState) -> None:
    # Sessions begin and end snapshots past SQLAlchemy, which would not notice one that was left open.
    if state.asyncio_safe and connection.driver_connection.is_in_transaction():
        connection.rollback()
        if connection.driver_connection.is_in_transaction():
            connection.run_async(lambda driver: driver.execute("ROLLBACK"))


def _reported_by_server(error: BaseException) -> asyncpg.PostgresError | None:
    """The error of the server itself, wrapped or not; None for any other, and for one that ends the connection."""
    wrapped = error.orig if isinstance(error, DBAPIError) else error
    for raised in (wrapped, getattr(wrapped, "__cause__", None)):
        if isinstance(raised, asyncpg.PostgresError):
            severity: object = getattr(raised, "severity_en", None) or getattr(raised, "severity", None)
            return raised if severity == "ERROR" else None
    return None


def _is_about_a_value(error: DBAPIError, state: str) -> bool:
    """Whether a fault of SQL is none of the statement's: the server tells where in its text each of those is.

    Types whose texts are names or a language of their own have such faults for values: a table that is not there for
    `regclass`, a syntax error for `tsquery`.
    """
    reported = _reported_by_server(error)
    takes_values = "$1" in (error.statement or "")
    if reported is None or state == FORBIDDEN or not state.startswith(FAULTS_OF_SQL) or not takes_values:
        return False
    return getattr(reported, "position", None) is None and getattr(reported, "internal_position", None) is None


def _is_of(error: DBAPIError, *classes: type[BaseException]) -> bool:
    """Whether the driver's own error is of one of these classes, and not only SQLAlchemy's for it."""
    return isinstance(error.orig, classes) or isinstance(getattr(error.orig, "__cause__", None), classes)


def _state_of(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
