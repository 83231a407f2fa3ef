"""How connections to SQLite open, begin and end, through aiosqlite, and what is heard on an engine.

A URL and settings enter; arguments and listeners of an engine leave, and words about errors that end a connection.
Sources: https://www.sqlite.org/rescode.html, https://www.sqlite.org/uri.html, https://www.sqlite.org/wal.html
"""

import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from sqlalchemy import CHAR, NCHAR, URL, Connection, Dialect, String, event
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util.concurrency import in_greenlet

from db import exact_json
from db.dialects import exact_numbers, sqlite_moments
from db.dialects.connections import ConnectionsDialect, Options
from db.dialects.decimal_compiler import TYPES, DecimalCompiler
from db.dialects.errors import Outage, UnstorableValue
from db.dialects.sqlite_functions import register_functions
from db.dialects.sqlite_interruption import stop_when_abandoned
from db.private_files import make_file
from db.relations import unpadded

DRIVER = "sqlite+aiosqlite"

BEGIN = "trellis_begin"
"""Execution option: the statement that opens a transaction when SQLAlchemy begins one; empty for none."""

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
    register_functions(connection)
    stop_when_abandoned(connection.driver_connection)


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


def _begin(connection: Connection) -> None:
    statement = connection.get_execution_options().get(BEGIN, "BEGIN")
    if statement:
        connection.exec_driver_sql(statement)


def _undo(connection: Any, _record: object, _error: BaseException | None) -> None:
    """End the transaction of a connection that is about to be closed: see `db.dialects.sqlite_interruption`."""
    if in_greenlet():
        with suppress(Exception):  # whatever it is, the connection is of no use
            connection.rollback()
