"""SQLite, through aiosqlite."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import aiosqlite
from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from db.functions import register_sqlite_functions

DRIVER = "sqlite+aiosqlite"

BEGIN = "trellis_begin"
"""Execution option: the statement that opens a transaction when SQLAlchemy begins one; empty for none."""


class SQLiteConnections:
    """How connections open, begin and end."""

    drivers: Mapping[str, str] = {"sqlite": DRIVER, DRIVER: DRIVER}
    begin_snapshot = "BEGIN"  # WAL gives a reader its view at the first SELECT
    begin_change = "BEGIN IMMEDIATE"  # to wait for the turn to write now, instead of failing in the middle
    autocommit: Mapping[str, Any] = {BEGIN: ""}
    snapshot: Mapping[str, Any] = {BEGIN: begin_snapshot}
    change: Mapping[str, Any] = {BEGIN: begin_change}
    sqlalchemy_ends_any_transaction = True  # the driver ends whatever is open
    has_fast_path = False

    def url(self, url: URL) -> URL:
        """The driver says by itself what is wrong with an option."""
        return url

    def engine_options(
        self, url: URL, pool: Mapping[str, Any], *, statement_timeout_s: float, pgbouncer: bool
    ) -> dict[str, Any]:
        """A pool for a file; a database in memory has but one connection."""
        in_memory = url.database in (None, "", ":memory:")
        return {"connect_args": {"timeout": statement_timeout_s}, **({} if in_memory else pool)}

    def set_up(self, engine: AsyncEngine, *, statement_timeout_s: float) -> None:
        """Tell each new connection how to behave, and send the BEGIN that its options name."""
        pragmas = (
            "journal_mode = WAL",
            "synchronous = NORMAL",  # durable against a crash of the process; WAL keeps the file whole
            "foreign_keys = ON",
            "case_sensitive_like = ON",  # `contains` tells cases apart, as on PostgreSQL
            f"busy_timeout = {round(statement_timeout_s * 1000)}",
        )

        def prepare(connection: Any, _record: Any) -> None:
            _prepare(connection, pragmas)

        event.listen(engine.sync_engine, "do_connect", _fail_here)
        event.listen(engine.sync_engine, "connect", prepare)
        event.listen(engine.sync_engine, "begin", _begin)

    def is_transient(self, error: DBAPIError) -> bool:
        """Another connection writes, and has done so for longer than `busy_timeout`."""
        return "database is locked" in str(error.orig)

    def stopped_by_server(self, error: DBAPIError) -> bool:
        """There is no server, and no timeout of its own."""
        return False


def _fail_here(_dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
    # Where a file cannot be opened, the driver's thread outlives the loop and prints a traceback of its own.
    sqlite3.connect(*arguments, **named).close()


def _prepare(connection: Any, pragmas: tuple[str, ...]) -> None:
    # The driver's own BEGIN comes too late and never before a SELECT; we send it ourselves.
    # https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#sqlite-transactions
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    register_sqlite_functions(connection)
    _stop_when_abandoned(connection.driver_connection)


def _begin(connection: Connection) -> None:
    statement = connection.get_execution_options().get(BEGIN, "BEGIN")
    if statement:
        connection.exec_driver_sql(statement)


def _stop_when_abandoned(connection: aiosqlite.Connection) -> None:
    """Interrupt a statement as soon as the task that waits for it is cancelled, and undo its transaction.

    SQLite works in a thread, which no cancellation reaches: the statement would run to its end, and whoever closes
    the connection would wait for it. Interrupting an idle connection does nothing, so that a call which the thread has
    not begun is told beforehand. Source: https://www.sqlite.org/c3ref/interrupt.html
    """
    execute: Callable[..., Awaitable[Any]] = connection._execute  # noqa: SLF001 - every call to the thread passes here, and the driver has no hook
    sqlite: sqlite3.Connection = connection._conn  # noqa: SLF001 - `rollback` of the driver would need the thread, which is busy

    async def execute_or_interrupt(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        call = _Call(sqlite, partial(function, *arguments, **named))
        try:
            return await execute(call)
        except asyncio.CancelledError:
            call.abandoned = True
            with suppress(ValueError, aiosqlite.ProgrammingError):  # it has just been closed
                await connection.interrupt()
            raise

    vars(connection)["_execute"] = execute_or_interrupt


class _Call:
    """A call in the driver's thread. One that is abandoned undoes its transaction.

    SQLAlchemy closes the connection of an abandoned call, but SQLite keeps the lock of the transaction for as long as a
    cursor refers to a statement, and a traceback may hold one: other writers would wait for the garbage collector.
    Source: https://www.sqlite.org/c3ref/close.html
    """

    __slots__ = ("_function", "_sqlite", "abandoned")

    def __init__(self, sqlite: sqlite3.Connection, function: Callable[[], Any]) -> None:
        self._sqlite = sqlite
        self._function = function
        self.abandoned = False

    def __call__(self) -> Any:
        try:
            if self.abandoned:
                raise sqlite3.OperationalError("interrupted")
            return self._function()
        finally:
            if self.abandoned:
                with suppress(sqlite3.Error):  # it has just been closed
                    self._sqlite.rollback()
