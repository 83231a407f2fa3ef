"""How connections to MariaDB and MySQL open, begin and end, through asyncmy, and what is heard on an engine.

A URL and settings enter; arguments and listeners of an engine leave, and words about errors that end a connection.
Sources: https://mariadb.com/kb/en/start-transaction/, https://mariadb.com/kb/en/set-transaction/,
https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html
"""

import asyncio
import importlib
import importlib.util
import logging
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import URL, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry, PoolResetState

from db import exact_json
from db.dialects import mariadb_errors
from db.dialects.connections import ConnectionsDialect, Options
from db.dialects.errors import Outage
from db.dialects.mariadb_compiler import MariaDBCompiler
from db.dialects.mariadb_numbers import DIGITS_OF_QUOTIENTS, written
from db.dialects.mariadb_numbers import TYPES as NUMBERS
from db.dialects.mariadb_types import CHARACTERS, TYPES, MariaDBDDLCompiler, MariaDBTypeCompiler, exact_collation
from db.dialects.mariadb_writes import LOCKS, MariaDBContext

DRIVER = "mysql+asyncmy"
SCHEMES = ("mysql", "mariadb", "mysql+asyncmy", "mariadb+asyncmy")

URL_OPTIONS = {"unix_socket", "ssl", "ssl_ca", "ssl_capath", "ssl_cert", "ssl_key", "ssl_check_hostname", "charset"}
"""What may follow the question mark of a URL."""

SQL_MODE = ",".join(
    (
        "ONLY_FULL_GROUP_BY",
        "STRICT_ALL_TABLES",
        "NO_ZERO_IN_DATE",
        "NO_ZERO_DATE",
        "ERROR_FOR_DIVISION_BY_ZERO",
        "NO_ENGINE_SUBSTITUTION",
        "NO_AUTO_VALUE_ON_ZERO",
        "NO_BACKSLASH_ESCAPES",
    )
)
"""A value that does not fit is an error, and a backslash is a letter like others."""


THREAD = "trellis_thread"
"""In the `info` of a connection: the number by which the server knows it."""
KILL_TIMEOUT_S = 5
GONE = frozenset({2006, 2013})
"""The server has ended the connection, or is gone."""


def _cut(driver: Any) -> None:
    """Close the driver's connection; whoever waits on it hears that it is lost."""
    driver.close()


class Killing:
    """Ends what the server still does for connections that nobody waits for: it would not notice by itself.

    Source: https://mariadb.com/kb/en/kill/
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, _connection: object, record: ConnectionPoolEntry, error: BaseException | None) -> None:
        """End a connection that has been given up, beside all else; where no loop runs, the server's limit does."""
        thread = record.info.get(THREAD)
        with suppress(RuntimeError):  # no loop runs
            said = None if error is None else mariadb_errors.said_by(error)
            if thread is not None and (said is None or said.number not in GONE):
                task = asyncio.get_running_loop().create_task(self._end(thread))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _end(self, thread: int) -> None:
        from asyncmy.connection import Connection  # an extra

        arguments, named = self._engine.sync_engine.dialect.create_connect_args(self._engine.url)
        connect: Any = Connection  # without types
        other = connect(*arguments, **{**named, "connect_timeout": KILL_TIMEOUT_S})
        try:
            with suppress(Exception):  # it has ended by itself, or the server is gone
                await other.connect()
                async with other.cursor() as cursor:
                    await cursor.execute(f"KILL {thread}")
                await other.ensure_closed()
        finally:
            other.close()


class MariaDBConnections(ConnectionsDialect):
    """How connections open, begin and end."""

    drivers: Mapping[str, str] = dict.fromkeys(SCHEMES, DRIVER)
    begin_snapshot = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
    # Sent as one text, which the driver allows: the first statement is about the next transaction alone.
    begin_change = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION"
    autocommit: ClassVar[Options] = {"isolation_level": "AUTOCOMMIT"}
    snapshot: ClassVar[Options] = {"isolation_level": "REPEATABLE READ"}
    change: ClassVar[Options] = {"isolation_level": "READ COMMITTED"}
    sqlalchemy_ends_any_transaction = True  # COMMIT and ROLLBACK are sent whatever has been begun
    has_fast_path = False
    cut = staticmethod(_cut)

    def url(self, url: URL) -> URL:
        """The driver's words. Raises `ValueError` where the driver is not installed, and for unknown options."""
        if importlib.util.find_spec("asyncmy") is None:
            raise ValueError("needs the driver of MariaDB and MySQL; install it: pip install 'trellis[mysql]'")
        unknown = set(url.query) - URL_OPTIONS
        if unknown:
            raise ValueError(f"has options that asyncmy does not know: {', '.join(sorted(unknown))}; leave them out")
        return url

    def json_text(self, value: Any) -> str:
        """Any JSON."""
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
        conversions = importlib.import_module("asyncmy.converters").conversions  # the driver is an extra
        arguments = {
            "connect_timeout": connect_timeout_s,
            "charset": "utf8mb4",
            "program_name": "trellis",
            "conv": {**conversions, Decimal: written},
        }
        return {"connect_args": arguments, **pool}

    def set_up(self, engine: AsyncEngine, *, statement_timeout_s: float, read_only: bool) -> None:
        """Tell each new connection how to behave."""
        settings = [
            f"sql_mode = '{SQL_MODE}'",
            "time_zone = '+00:00'",
            f"innodb_lock_wait_timeout = {max(1, round(statement_timeout_s))}",
            "group_concat_max_len = 1073741824",
            f"div_precision_increment = {DIGITS_OF_QUOTIENTS}",
            "sql_notes = 0",
        ]

        def prepare(connection: Any, record: ConnectionPoolEntry) -> None:
            record.info[THREAD] = connection.driver_connection.thread_id()
            # SQLAlchemy has asked the first connection by now which server there is.
            dialect._backslash_escapes = False  # noqa: SLF001 - docs/private-names.md: it has asked before we said so
            dialect.supports_native_uuid = False  # columns are of another form: see `db.dialects.mariadb_types`
            on_mariadb = dialect.is_mariadb
            limit = (
                f"max_statement_time = {statement_timeout_s:.6f}"
                if on_mariadb
                else f"max_execution_time = {max(1, round(statement_timeout_s * 1000))}"
            )
            writable = f"{'tx_read_only' if on_mariadb else 'transaction_read_only'} = {int(read_only)}"
            cursor = connection.cursor()
            cursor.execute(f"SET NAMES {CHARACTERS} COLLATE {exact_collation(dialect)}")
            cursor.execute(f"SET SESSION {', '.join([*settings, limit, writable])}")
            cursor.close()

        # The driver asks for each warning, and logs it: also rows that INSERT IGNORE leaves out, with people's data.
        logging.getLogger("asyncmy").setLevel(logging.ERROR)
        dialect: Any = engine.sync_engine.dialect
        dialect.statement_compiler = MariaDBCompiler
        dialect.execution_ctx_cls = MariaDBContext
        dialect.ddl_compiler = MariaDBDDLCompiler
        dialect.type_compiler_instance = MariaDBTypeCompiler(dialect)
        dialect.colspecs = {**dialect.colspecs, **TYPES, **NUMBERS}
        event.listen(engine.sync_engine, "connect", prepare)
        event.listen(engine.sync_engine, "reset", _release_locks)
        event.listen(engine.sync_engine, "invalidate", Killing(engine).begin)
        mariadb_errors.tell_violations(engine)

    def is_transient(self, error: DBAPIError) -> bool:
        """A deadlock, or a lock that was waited for in vain."""
        return mariadb_errors.is_transient(error)

    def outage(self, error: DBAPIError) -> Outage | None:
        """Read from the error's number."""
        return mariadb_errors.outage(error)

    async def is_read_only(self, connection: AsyncConnection) -> bool:
        """Whether the server was told to take no changes, or the session."""
        return bool((await connection.exec_driver_sql("SELECT @@global.read_only OR @@session.tx_read_only")).scalar())

    def may_come(self, error: BaseException) -> bool:
        """Whether nobody listens yet, or the server starts or stops."""
        return mariadb_errors.may_come(error)

    def said(self, error: BaseException) -> str:
        """What the server says, with the cure where it is known."""
        return mariadb_errors.said(error) or super().said(error)

    def is_busy(self, error: BaseException) -> bool:
        """Whether every connection that the server allows is taken, or a short question has waited too long."""
        return mariadb_errors.is_busy(error)

    def could_not_read(self, error: BaseException) -> bool:
        """Whether it is Python's own error."""
        return mariadb_errors.could_not_read(error)

    def stopped_by_server(self, error: DBAPIError) -> bool:
        """Whether the server's limit of time came first."""
        return mariadb_errors.stopped_by_server(error)

    def is_harmless(self, error: BaseException) -> bool:
        """Whether the server has reported it, as one that ends a statement and nothing more."""
        return self.could_not_read(error) or mariadb_errors.is_harmless(error)


def _release_locks(connection: Any, record: ConnectionPoolEntry, state: PoolResetState) -> None:
    """Named locks last as long as the connection unless they are given back."""
    if record.info.pop(LOCKS, False) and state.asyncio_safe:
        cursor = connection.cursor()
        cursor.execute("DO RELEASE_ALL_LOCKS()")
        cursor.close()
