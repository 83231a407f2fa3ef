"""SQLite, through aiosqlite: functions in Python, numbers in the order of rows, rules named in sentences.

Sources: https://www.sqlite.org/rescode.html, https://www.sqlite.org/lang_upsert.html,
https://docs.python.org/3/library/sqlite3.html#sqlite3.Connection.create_function
"""

import asyncio
import os
import re
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import aiosqlite
from sqlalchemy import (
    CHAR,
    NCHAR,
    URL,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Index,
    Insert,
    Integer,
    LargeBinary,
    String,
    Table,
    case,
    cast,
    event,
    func,
    literal_column,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import Constraint
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.util.concurrency import in_greenlet

from db import exact_json
from db.dialects import exact_numbers, sqlite_moments, sqlite_plans
from db.dialects.change_log import ChangeLogDialect
from db.dialects.connections import ConnectionsDialect, Options
from db.dialects.decimal_compiler import TYPES, DecimalCompiler, is_decimal
from db.dialects.errors import Failure, Outage, ReportedViolation, Rule, UnstorableValue
from db.dialects.interface import Changes, DatabaseDialect, Function, FunctionName, NewValues, Readable
from db.dialects.paging import Query
from db.dialects.plans import IndexForm, OrderedNeed, Plan
from db.dialects.python_aggregates import AGGREGATES, DECIMAL, DESCENDING, NULLS_FIRST
from db.dialects.python_functions import FUNCTIONS
from db.dialects.sqlite_changes import SQLiteChangeLog
from db.private_files import make_file
from db.relations import Expression, Term, stored, unpadded
from db.relations.moments import moment, moments_compared

DRIVER = "sqlite+aiosqlite"

INTERRUPT_AGAIN_S = 0.01

BEGIN = "trellis_begin"
"""Execution option: the statement that opens a transaction when SQLAlchemy begins one; empty for none."""

VIOLATION = re.compile(r"(UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: (.*))?", re.DOTALL)
"""`users.email, users.name` for columns, `index 'ix_users_email'` for expressions, a CHECK's name or its SQL."""
INDEX = re.compile(r"index '(.*)'", re.DOTALL)

NO_TEXT: ColumnElement[bytes] = literal_column("x'ff'")
"""A byte that no text has."""

HARMLESS = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_RANGE,
    }
)
"""Codes that end a statement and nothing more. Others (a full disk, no memory, an interruption) may have ended the
transaction, too. Source: https://www.sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction"""
OUTAGES = {
    sqlite3.SQLITE_CANTOPEN: Outage.UNREACHABLE,
    sqlite3.SQLITE_PERM: Outage.UNREACHABLE,
    sqlite3.SQLITE_AUTH: Outage.UNREACHABLE,
    sqlite3.SQLITE_NOTADB: Outage.BROKEN,
    sqlite3.SQLITE_CORRUPT: Outage.BROKEN,
    sqlite3.SQLITE_IOERR: Outage.BROKEN,
    sqlite3.SQLITE_FULL: Outage.FULL,
    sqlite3.SQLITE_READONLY: Outage.READ_ONLY,
}
"""Outages by their codes. Source: https://www.sqlite.org/rescode.html"""
PRIMARY = 0xFF
"""The part of an extended code that names its kind."""

UNREACHABLE = ("unable to open database file", "disk I/O error", "file is not a database")
FAILURES = {
    "database is locked": Failure.BUSY,
    "integer overflow": Failure.OUT_OF_RANGE,
    "malformed JSON": Failure.UNCOMPUTABLE,
    "user-defined function raised exception": Failure.UNCOMPUTABLE,  # ours, of a text that is no JSON
}

ALONE = "trellis_alone"
"""In the `info` of a connection: the file that it reads as one that nobody changes, and how that was."""

WRITTEN_AHEAD = 2
"""The version of the file format of a database with a write-ahead log, the byte at `FORMAT`.
Source: https://www.sqlite.org/fileformat2.html#file_format_version_numbers"""
FORMAT = slice(18, 19)

MAX_DEAR = 4
"""It computes in threads of our process, often in Python, and each takes the interpreter from all others: a look-up
takes 0.3 s beside four of them at worst, 0.7 s beside six, 2 s beside twelve (docs/decisions/0033-admission.md)."""


class SQLiteConnections(ConnectionsDialect):
    """How connections open, begin and end."""

    drivers: Mapping[str, str] = {"sqlite": DRIVER, DRIVER: DRIVER}
    begin_snapshot = "BEGIN"  # the first SELECT fixes the view, by WAL or by a lock that commits wait for
    begin_change = "BEGIN IMMEDIATE"  # to wait for the turn to write now, instead of failing in the middle
    autocommit: ClassVar[Options] = {BEGIN: ""}
    snapshot: ClassVar[Options] = {BEGIN: begin_snapshot}
    change: ClassVar[Options] = {BEGIN: begin_change}
    sqlalchemy_ends_any_transaction = True  # the driver ends whatever is open
    has_fast_path = False
    is_of_one_machine: ClassVar[bool] = True
    max_dear = MAX_DEAR

    def url(self, url: URL) -> URL:
        """The driver says by itself what is wrong with an option."""
        return url

    def json_text(self, value: Any) -> str:
        """Any JSON, but a number alone that the column would round: SQLite takes a column of JSON for one of numbers.

        Raises `UnstorableValue`.
        """
        is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        if is_number and exact_numbers.stored(Decimal(str(value))) is None:
            raise UnstorableValue(f"this database would round the number {value}; put it into an object or a list")
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
        """A pool for a file; a database in memory has but one connection."""
        in_memory = url.database in (None, "", ":memory:")
        return {"connect_args": {"timeout": statement_timeout_s}, **({} if in_memory else pool)}

    def set_up(self, engine: AsyncEngine, *, statement_timeout_s: float, read_only: bool) -> None:
        """Tell each new connection how to behave, and send the BEGIN that its options name."""
        pragmas = (
            f"busy_timeout = {round(statement_timeout_s * 1000)}",
            "foreign_keys = ON",
            "case_sensitive_like = ON",  # `contains` tells cases apart, as on PostgreSQL
        )

        def prepare(connection: Any, _record: object) -> None:
            _prepare(connection, pragmas)

        dialect = engine.sync_engine.dialect
        texts: dict[type[Any], type[Any]] = {CHAR: UnpaddedText, NCHAR: UnpaddedText}
        dialect.statement_compiler = DecimalCompiler
        dialect.colspecs = {**dialect.colspecs, **texts, **sqlite_moments.TYPES, **TYPES}
        event.listen(engine.sync_engine, "do_connect", _open_to_read if read_only else _fail_here)
        event.listen(engine.sync_engine, "connect", prepare)
        if read_only:
            event.listen(engine.sync_engine, "checkout", _replace_outdated)
        event.listen(engine.sync_engine, "begin", _begin)
        event.listen(engine.sync_engine, "invalidate", _undo)

    def is_transient(self, error: DBAPIError) -> bool:
        """Another connection writes, and has done so for longer than `busy_timeout`."""
        return "database is locked" in str(error.orig)

    def outage(self, error: DBAPIError) -> Outage | None:
        """Read from the error's code."""
        code: int | None = getattr(error.orig, "sqlite_errorcode", None)
        return None if code is None else OUTAGES.get(code & PRIMARY)

    def file(self, url: URL) -> Path | None:
        """None for one that is named by a URI, which says itself whether it may be made."""
        name = url.database or ""
        return None if name in ("", ":memory:") or name.startswith("file:") else Path(name)

    async def is_read_only(self, connection: AsyncConnection) -> bool:
        """Take the turn to write, set what is set already, and undo it: no page reaches the file or its log.

        BEGIN IMMEDIATE alone is silent about a file that cannot be written. Raises where others write for longer than
        `busy_timeout`. Source: https://www.sqlite.org/pragma.html#pragma_user_version
        """
        await connection.exec_driver_sql(self.begin_change)
        try:
            version = (await connection.exec_driver_sql("PRAGMA user_version")).scalar_one()
            await connection.exec_driver_sql(f"PRAGMA user_version = {version}")
        except DBAPIError as error:
            if self.outage(error) is Outage.READ_ONLY:
                return True
            raise
        finally:
            await connection.exec_driver_sql("ROLLBACK")
        return False

    def is_busy(self, error: BaseException) -> bool:
        """Whether another connection has held a lock for longer than `busy_timeout`."""
        return isinstance(error, DBAPIError) and self.is_transient(error)

    def could_not_read(self, error: BaseException) -> bool:
        """Whether it is a text that is none, or Python's own error: the driver has given its rows by then."""
        if isinstance(error, DBAPIError | sqlite3.Error):
            return "Could not decode to UTF-8" in str(error)
        return isinstance(error, Exception) and not isinstance(error, SQLAlchemyError | OSError)

    def stopped_by_server(self, error: DBAPIError) -> bool:
        """There is no server, and no timeout of its own."""
        return False

    def is_harmless(self, error: BaseException) -> bool:
        """Whether SQLite has reported it, as one that ends a statement and nothing more.

        Other errors without a code are the driver's.
        """
        if self.could_not_read(error):
            return True
        driver_error = error.orig if isinstance(error, DBAPIError) else error
        code: int | None = getattr(driver_error, "sqlite_errorcode", None)
        return code is not None and code & PRIMARY in HARMLESS


class UnpaddedText(String):
    """CHAR(n), which SQLite does not fill up: without the blanks at its end that are no part of the value elsewhere."""

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:
        """What takes the blanks away."""
        return unpadded

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], str | None]:
        """The same, of what others have written."""
        return unpadded


class SQLite(DatabaseDialect):
    """A file in the process: a new connection learns our functions in Python; decimals are stored as doubles."""

    name = "sqlite"
    connections: ClassVar[ConnectionsDialect] = SQLiteConnections()
    change_log: ClassVar[ChangeLogDialect] = SQLiteChangeLog()
    max_keys = 10_000  # a statement binds at most 32,766 values, and a key may have several columns
    counted_id = Integer()  # only a column of exactly INTEGER is counted up
    # SQLite gives each row of VALUES the number after the largest, and one connection writes at a time.
    # https://www.sqlite.org/autoinc.html
    holds_lengths = False
    keys_may_be_null = True
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
        _register_functions(connection)

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


def _fail_here(_dialect: object, _record: object, arguments: list[Any], named: dict[str, Any]) -> None:
    # The driver would make a missing file readable for everybody, as far as the umask allows; it holds password hashes.
    # The files beside it (-wal, -shm, -journal) get its mode: https://sqlite.org/src/doc/trunk/src/os_unix.c
    if arguments and arguments[0] != ":memory:" and not named.get("uri"):
        file = Path(arguments[0])
        make_file(file)
        if not os.access(file.parent, os.W_OK) and _wants_a_log(file):
            arguments[0], named["uri"] = f"file:{quote(str(file))}?immutable=1", True
    _try_to_connect(arguments, named)


def _open_to_read(_dialect: object, record: ConnectionPoolEntry, arguments: list[Any], named: dict[str, Any]) -> None:
    """Open a file that is there, so that SQLite refuses every change, and makes no file beside it.

    Source: https://www.sqlite.org/uri.html
    """
    if arguments and arguments[0] != ":memory:" and not named.get("uri"):
        file = Path(arguments[0]).absolute()
        alone = _wants_a_log(file)
        if alone:
            record.info[ALONE] = file, _state(file)
        arguments[0], named["uri"] = f"file:{quote(str(file))}?{'immutable=1' if alone else 'mode=ro'}", True
    _try_to_connect(arguments, named)


def _replace_outdated(_connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Open a file anew that was read as one that nobody changes, and was changed."""
    file, state = record.info.get(ALONE, (None, None))
    if file is not None and state != _state(file):
        raise DisconnectionError


def _state(file: Path) -> tuple[int, int, bool]:
    """When a file was changed, its size, and whether somebody may be about to change it."""
    try:
        found = file.stat()
    except OSError:  # whoever opens it says why that cannot be
        return 0, 0, False
    return found.st_mtime_ns, found.st_size, Path(f"{file}-wal").exists()


def _try_to_connect(arguments: list[Any], named: dict[str, Any]) -> None:
    # Where a file cannot be opened, the driver's thread outlives the loop and prints a traceback of its own.
    sqlite3.connect(*arguments, **named).close()


def _wants_a_log(file: Path) -> bool:
    """Whether SQLite would have to make the write-ahead log of a database to read it: nobody has it open.

    Such a file can be read as one that nobody changes, as long as a connection lives: whoever changes it makes a log
    first, and then this is not so. Source: https://www.sqlite.org/wal.html#read_only_databases
    """
    if Path(f"{file}-wal").exists():
        return False
    with suppress(OSError), file.open("rb") as opened:  # whoever opens it says why that cannot be
        return opened.read(100)[FORMAT] == bytes([WRITTEN_AHEAD])
    return False


def _prepare(connection: Any, pragmas: tuple[str, ...]) -> None:
    # The driver's own BEGIN comes too late and never before a SELECT; we send it ourselves.
    # https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#sqlite-transactions
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    _choose_journal(cursor)
    cursor.close()
    _register_functions(connection)
    _stop_when_abandoned(connection.driver_connection)


def _choose_journal(cursor: DBAPICursor) -> None:
    """Give a database that is still empty a write-ahead log; a database that somebody has made stays as it is.

    The mode of the journal stands in the file. Why: docs/decisions/0017-one-form-for-moments.md.
    """
    if _pragma(cursor, "page_count") == 0:
        with suppress(sqlite3.OperationalError):  # a file that cannot be written stays empty
            cursor.execute("PRAGMA journal_mode = WAL")
    if _pragma(cursor, "journal_mode") == "wal":  # only there a crash of the machine leaves the file whole
        cursor.execute("PRAGMA synchronous = NORMAL")


def _pragma(cursor: DBAPICursor, name: str) -> object:
    cursor.execute(f"PRAGMA {name}")
    return cursor.fetchall()[0][0]


def _register_functions(connection: Any) -> None:
    """Teach a connection our functions, in its driver's thread if it has one."""
    if hasattr(connection, "run_async"):
        connection.run_async(lambda driver: driver._execute(_register, driver._conn))  # noqa: SLF001 - the driver can make functions, but neither aggregates nor collations
    else:
        _register(connection)


def _register(connection: sqlite3.Connection) -> None:
    for name, (arguments, function) in {**FUNCTIONS, **exact_numbers.FUNCTIONS}.items():
        connection.create_function(name, arguments, function, deterministic=True)
    for name, (arguments, aggregate) in exact_numbers.AGGREGATES.items():
        connection.create_window_function(name, arguments, aggregate)  # type: ignore[arg-type]  # their `step` takes what SQL gives
    for name, first in AGGREGATES.items():
        connection.create_aggregate(name, -1, first)  # type: ignore[arg-type]  # its `step` takes what SQL gives
    connection.create_collation(exact_numbers.COLLATION, exact_numbers.compare)


def _begin(connection: Connection) -> None:
    statement = connection.get_execution_options().get(BEGIN, "BEGIN")
    if statement:
        connection.exec_driver_sql(statement)


def _undo(connection: Any, _record: object, _error: BaseException | None) -> None:
    """End the transaction of a connection that is about to be closed: see `_Call`."""
    if in_greenlet():
        with suppress(Exception):  # whatever it is, the connection is of no use
            connection.rollback()


def _stop_when_abandoned(connection: aiosqlite.Connection) -> None:
    """Interrupt a statement as soon as the task that waits for it is cancelled, and undo its transaction.

    SQLite works in a thread, which no cancellation reaches: the statement would run to its end, and whoever closes
    the connection would wait for it.
    """
    execute: Callable[..., Awaitable[Any]] = connection._execute  # noqa: SLF001 - every call to the thread passes here, and the driver has no hook
    sqlite: sqlite3.Connection = connection._conn  # noqa: SLF001 - `interrupt` of the driver can only be awaited, and `rollback` would need the thread, which is busy

    closing: set[asyncio.Future[None]] = set()

    def closed(task: asyncio.Future[None]) -> None:
        closing.discard(task)
        if not task.cancelled():
            task.exception()  # seen: the connection has just been closed

    async def execute_or_interrupt(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        call = _Call(sqlite, partial(function, *arguments, **named))
        try:
            return await execute(call)
        except asyncio.CancelledError:
            if call.abandon(asyncio.get_running_loop()):
                closing.add(task := asyncio.ensure_future(execute(call.close)))  # before whatever comes next
                task.add_done_callback(closed)
            raise

    vars(connection)["_execute"] = execute_or_interrupt


class _Call:
    """A call in the driver's thread. One that is abandoned is interrupted and undoes its transaction.

    SQLite forgets an interruption that comes before its statement begins, and on a busy machine the thread may begin
    long after the task was cancelled: the statement would run to its end, which an endless one has not. So the
    interruption is repeated until the call has ended. The lock keeps the last repetition off the next statement.
    An interruption also reaches each statement that begins before every running one has ended, and a statement with
    rows left to fetch still runs: the cursor that nobody waits for is closed. That goes for a call that ended a moment
    before its task was cancelled, too: its cursor would run on, and keep the next interruption alive.
    Source: https://www.sqlite.org/c3ref/interrupt.html

    SQLAlchemy closes the connection of an abandoned call, but SQLite keeps the lock of the transaction for as long as a
    cursor refers to a statement, and a traceback may hold one: other writers would wait for the garbage collector.
    Source: https://www.sqlite.org/c3ref/close.html
    """

    __slots__ = ("_abandoned", "_cursor", "_ended", "_function", "_lock", "_sqlite")

    def __init__(self, sqlite: sqlite3.Connection, function: Callable[[], Any]) -> None:
        self._sqlite = sqlite
        self._function = function
        self._lock = threading.Lock()
        self._cursor: sqlite3.Cursor | None = None
        self._abandoned = False
        self._ended = False

    def __call__(self) -> Any:
        try:
            if self._abandoned:
                raise sqlite3.OperationalError("interrupted")
            result = self._function()
            if isinstance(result, sqlite3.Cursor):
                self._cursor = result
        finally:
            with self._lock:
                self._ended = True
            if self._abandoned:
                self.close()
                with suppress(sqlite3.Error):
                    self._sqlite.rollback()
        return result

    def close(self) -> None:
        """Close the cursor that nobody waits for, in the driver's thread."""
        with suppress(sqlite3.Error):  # the connection has just been closed
            if self._cursor is not None:
                self._cursor.close()

    def abandon(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Interrupt the call until it has ended. Whether it had ended already, so that its cursor is to be closed."""
        with self._lock:
            if self._ended:
                return not self._abandoned and self._cursor is not None
            self._abandoned = True
            with suppress(sqlite3.Error):  # it has just been closed
                self._sqlite.interrupt()
        loop.call_later(INTERRUPT_AGAIN_S, self.abandon, loop)
        return False
