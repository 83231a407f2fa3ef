"""Engines from settings: pools, drivers and what each connection is told when it opens.

`Engines` holds the primary and its replicas for the life of the server. Sessions ask it how to begin:
`reading` (one statement, no transaction), `snapshot` (a consistent view) or `writing`.
No statement of ours is written here.
"""

import asyncio
import itertools
import logging
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import aiosqlite
from sqlalchemy import URL, Connection, event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, Pool, PoolProxiedConnection, PoolResetState, QueuePool
from sqlalchemy.util.concurrency import in_greenlet

from db.dialects import dialect_of
from db.fast.idle_connections import UNTRIED, IdleConnections, NothingReady
from db.settings import DatabaseSettings

BEGIN = "trellis_begin"
"""Execution option: the statement that opens a transaction on SQLite; empty for none."""

LAST_USED = "trellis_last_used"
"""In the pool's notes on a connection: when it was last given back."""


INTERRUPT_AGAIN_S = 0.01


class PoolState(NamedTuple):
    """A pool at one moment, counted in connections."""

    size: int
    checked_in: int
    checked_out: int
    overflow: int


def create_engine(url: URL, settings: DatabaseSettings) -> AsyncEngine:
    """Make one engine. It connects when it is first used.

    Pool: https://docs.sqlalchemy.org/en/21/core/pooling.html.
    """
    options: dict[str, Any] = {
        "pool_recycle": settings.pool_recycle_s,
        "echo": settings.log_sql,
        "hide_parameters": True,  # values are people's data: they do not belong into logs and error texts
    }
    if url.get_backend_name() == "sqlite":
        engine = _sqlite_engine(url, settings, options)
    else:
        engine = _postgresql_engine(url, settings, options)
    if settings.pool_pre_ping:
        _try_what_was_idle(engine, settings.pool_pre_ping_idle_s)
    return engine


def _queue(settings: DatabaseSettings) -> dict[str, Any]:
    return {
        "pool_size": settings.pool_size,
        "max_overflow": settings.pool_max_overflow,
        "pool_timeout": settings.pool_timeout_s,
    }


def _try_what_was_idle(engine: AsyncEngine, idle_s: float) -> None:
    """Replace a dead connection when it leaves the pool; ask the server only if nobody has used it for a while.

    SQLAlchemy's own `pool_pre_ping` asks every time: three round trips, more than a look-up costs.
    Source: https://docs.sqlalchemy.org/en/21/core/pooling.html#custom-legacy-pessimistic-ping
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def remember(_connection: Any, record: ConnectionPoolEntry) -> None:
        if not record.info.pop(UNTRIED, False):
            record.info[LAST_USED] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def try_first(connection: Any, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        last_used = record.info.get(LAST_USED)
        if last_used is None or time.monotonic() - last_used < idle_s:
            return
        if not in_greenlet():
            record.info[UNTRIED] = True
            return
        try:
            engine.dialect.do_ping(connection)
        except Exception as error:  # whatever it is, the connection is of no use
            raise DisconnectionError from error


def _postgresql_engine(url: URL, settings: DatabaseSettings, options: dict[str, Any]) -> AsyncEngine:
    engine = create_async_engine(
        url,
        connect_args=_asyncpg_arguments(settings),
        pool_reset_on_return=None,  # `end_transaction` does it, and only where there is something to end
        **_queue(settings),
        **options,
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def wait_for_it(*_: Any) -> None:
        if not in_greenlet():
            raise NothingReady

    @event.listens_for(engine.sync_engine, "checkout")
    def replace_lost(connection: Any, _record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        if connection.driver_connection.is_closed():  # what the socket has told already costs nothing to ask
            raise DisconnectionError

    @event.listens_for(engine.sync_engine, "reset")
    def end_transaction(connection: Any, _record: ConnectionPoolEntry, state: PoolResetState) -> None:
        # Sessions begin and end snapshots past SQLAlchemy, which would not notice one that was left open.
        if state.asyncio_safe and connection.driver_connection.is_in_transaction():
            connection.rollback()
            if connection.driver_connection.is_in_transaction():
                connection.run_async(lambda driver: driver.execute("ROLLBACK"))

    return engine


def _asyncpg_arguments(settings: DatabaseSettings) -> dict[str, Any]:
    if settings.pgbouncer:
        # In transaction mode each statement may meet another server connection, which knows no prepared
        # statement of ours; PgBouncer also refuses start-up settings that it does not track.
        # https://docs.sqlalchemy.org/en/21/dialects/postgresql.html#prepared-statement-name-with-pgbouncer
        return {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    milliseconds = max(1, round(settings.statement_timeout_s * 1000))
    return {
        "server_settings": {
            "application_name": "trellis",
            "statement_timeout": str(milliseconds),
            "jit": "off",  # plans of ours are short; compiling them costs more than it saves
        }
    }


def _sqlite_engine(url: URL, settings: DatabaseSettings, options: dict[str, Any]) -> AsyncEngine:
    in_memory = url.database in (None, "", ":memory:")
    engine = create_async_engine(
        url,
        connect_args={"timeout": settings.statement_timeout_s},
        **({} if in_memory else _queue(settings)),
        **options,
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def fail_here(_dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
        # Where a file cannot be opened, the driver's thread outlives the loop and prints a traceback of its own.
        sqlite3.connect(*arguments, **named).close()

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        # The driver's own BEGIN comes too late and never before a SELECT; we send it ourselves.
        # https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#sqlite-transactions
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",  # durable against a crash of the process; WAL keeps the file whole
            "foreign_keys = ON",
            "case_sensitive_like = ON",  # `contains` tells cases apart, as on PostgreSQL
            f"busy_timeout = {round(settings.statement_timeout_s * 1000)}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        dialect_of("sqlite").prepare(connection)
        _stop_when_abandoned(connection.driver_connection)

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        statement = connection.get_execution_options().get(BEGIN, "BEGIN")
        if statement:
            connection.exec_driver_sql(statement)

    return engine


def _stop_when_abandoned(connection: aiosqlite.Connection) -> None:
    """Interrupt a statement as soon as the task that waits for it is cancelled.

    SQLite works in a thread, which no cancellation reaches: the statement would run to its end, and whoever closes
    the connection would wait for it.
    """
    execute: Callable[..., Awaitable[Any]] = connection._execute  # noqa: SLF001 - every call to the thread passes here, and the driver has no hook

    async def execute_or_interrupt(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        made: list[Any] = []

        def work() -> Any:
            made.append(function(*arguments, **named))
            return made[0]

        try:
            return await execute(work)
        except asyncio.CancelledError:
            _interrupt(connection, made)
            raise

    vars(connection)["_execute"] = execute_or_interrupt


def _interrupt(connection: aiosqlite.Connection, made: Sequence[Any]) -> None:
    """Interrupt what the connection's thread has been given so far, and nothing that it is given later.

    `made` is what the abandoned work returned, when it has.

    SQLite forgets an interruption that comes before its statement begins, and on a busy machine the thread may begin
    long after the task was cancelled: the statement would run to its end, which an endless one has not. So we repeat
    it until the thread has passed this place in its queue. The lock keeps the last repetition off the next statement,
    and a cursor that was made meanwhile is closed: SQLite interrupts new statements, too, while an old one is open.
    Source: https://www.sqlite.org/c3ref/interrupt.html
    """
    loop, lock, passed = asyncio.get_running_loop(), threading.Lock(), threading.Event()

    def pass_by() -> None:
        with lock:
            passed.set()
        for cursor in made:
            if isinstance(cursor, sqlite3.Cursor):
                cursor.close()

    def interrupt() -> None:
        with lock, suppress(ValueError, aiosqlite.ProgrammingError):  # it has just been closed
            if not passed.is_set():
                connection._conn.interrupt()  # noqa: SLF001 - the public method can only be awaited
                loop.call_later(INTERRUPT_AGAIN_S, interrupt)

    connection._tx.put_nowait((None, pass_by))  # noqa: SLF001 - the public way waits, and we are being cancelled
    interrupt()


def is_observed(engine: AsyncEngine) -> bool:
    """Whether somebody wants to hear of every statement: an event listener, or the log.

    Events: https://docs.sqlalchemy.org/en/21/core/events.html#sql-execution-and-connection-events
    """
    sync_engine = engine.sync_engine
    events, driver_events = sync_engine.dispatch, sync_engine.dialect.dispatch
    return bool(
        events.before_cursor_execute
        or events.after_cursor_execute
        or events.before_execute
        or events.after_execute
        or driver_events.do_execute
        or driver_events.handle_error
        or sync_engine.logger.isEnabledFor(logging.INFO)
    )


class Engines:
    """The primary and its replicas, each ready for every way to begin. One per process, used by every request."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self.statement_timeout_s = settings.statement_timeout_s
        self.primary = create_engine(settings.primary, settings)
        self.dialect: str = self.primary.dialect.name
        """`sqlite` or `postgresql`."""
        self.replicas = tuple(create_engine(url, settings) for url in settings.replicas)
        self._parking = self._parkings()
        readers = self.replicas or (self.primary,)
        self._plain = itertools.cycle(readers)
        self._reading = itertools.cycle([_in_autocommit(engine) for engine in readers])
        self._snapshots = itertools.cycle([_read_only(engine) for engine in readers])
        self._current = self.primary if self.dialect == "postgresql" else _in_autocommit(self.primary)
        self._writing = self.primary.execution_options(**{BEGIN: "BEGIN IMMEDIATE"})

    def plain(self) -> AsyncEngine:
        """For whoever begins by itself: nothing is set on the connection; the next replica in turn."""
        return next(self._plain)

    def reading(self) -> AsyncEngine:
        """For one statement alone: no BEGIN, no ROLLBACK; the next replica in turn, if there are any."""
        return next(self._reading)

    def snapshot(self) -> AsyncEngine:
        """For statements that must agree: one read-only view of the database; the next replica in turn.

        `REPEATABLE READ, READ ONLY` on PostgreSQL; on SQLite, WAL gives a reader its view at the first SELECT.
        """
        return next(self._snapshots)

    def current(self) -> AsyncEngine:
        """For what is committed now, and for changes: the primary, where nothing is begun before it is asked for."""
        return self._current

    def writing(self) -> AsyncEngine:
        """For changes: the primary, in a transaction; on SQLite it waits for its turn to write at BEGIN."""
        return self._writing

    def parking(self, engine: AsyncEngine) -> IdleConnections:
        """The parked connections of an engine's pool."""
        return self._parking[engine.pool]

    def pools(self) -> dict[str, PoolState]:
        """The state of each pool by name: `primary`, `replica 1` and so on."""
        return {
            name: _state(pool, len(self.parking(engine)))
            for name, engine in self._by_name().items()
            if isinstance(pool := engine.pool, QueuePool)
        }

    async def ping(self, timeout_s: float) -> dict[str, str | None]:
        """Ask every database for 1; by name, None or what went wrong. Takes at most `timeout_s` seconds."""

        async def one(engine: AsyncEngine) -> str | None:
            try:
                async with asyncio.timeout(timeout_s), engine.connect() as connection:
                    await connection.execute(text("SELECT 1"))
            except Exception as error:  # whatever it is, the database does not answer
                return type(error).__name__
            return None

        engines = self._by_name()
        return dict(zip(engines, await asyncio.gather(*map(one, engines.values())), strict=True))

    async def dispose(self) -> None:
        """Close every connection that is not in use."""
        for engine in self._by_name().values():
            self.parking(engine).clear()
            await engine.dispose()
        self._parking = self._parkings()  # new pools have taken the places of the old ones

    def _parkings(self) -> dict[Pool, IdleConnections]:
        return {engine.pool: IdleConnections(engine) for engine in (self.primary, *self.replicas)}

    def _by_name(self) -> dict[str, AsyncEngine]:
        return {"primary": self.primary} | {f"replica {n}": engine for n, engine in enumerate(self.replicas, 1)}


def _state(pool: QueuePool, parked: int) -> PoolState:
    return PoolState(pool.size(), pool.checkedin() + parked, pool.checkedout() - parked, max(0, pool.overflow()))


def _in_autocommit(engine: AsyncEngine) -> AsyncEngine:
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{BEGIN: ""})
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _read_only(engine: AsyncEngine) -> AsyncEngine:
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{BEGIN: "BEGIN"})
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
