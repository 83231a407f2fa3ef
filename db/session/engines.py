"""Engines from settings: pools, and which of them serves whom.

`Engines` holds the primary and its replicas for the life of the server. Sessions take their connections here
(`connect`); commands and tests ask for an engine that begins by itself (`reading`, `snapshot`, `writing`). What a
database wants to be told is in `db.dialects`. No statement of ours is written here.
"""

import asyncio
import itertools
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from sqlalchemy import URL, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from db import exact_json
from db.dialects import dialect_of
from db.dialects.connections import ConnectionsDialect, Options, Servers
from db.dialects.own_names import keep_own_tables_in
from db.fast import IdleConnections
from db.fast.idle_connections import never_open_at_once
from db.session.closing import Closing
from db.session.compiled_sql import CompiledSQL, compiled_sql
from db.session.connection import DatabaseConnection, Source, take
from db.session.doubt import Doubt
from db.session.errors import Silent
from db.session.positions import NOTHING_WRITTEN, Position
from db.session.replicas import PRIMARY, Replica, Replicas, ReplicaState
from db.session.under_way import UnderWay
from db.session.waits import Waits
from db.settings import DatabaseSettings

logger = logging.getLogger("trellis")

PROBE_TIMEOUT_S = 1.0
"""Seconds that a statement of a probe may take: who does not answer this is busy, and says so in time."""
PATIENCE_S = 1.0
"""Seconds after which a replica that says nothing is silent. With a short limit of a statement it is a quarter of that,
so that a read which is begun again elsewhere has half of it left."""
RENEW_S = 1.0
"""Seconds between two times that all connections to the primary are replaced."""
LEAST_PATIENCE_S = 0.1
"""What a server that has much to do may need for an answer."""


class PoolState(NamedTuple):
    """A pool at one moment, counted in connections."""

    size: int
    checked_in: int
    checked_out: int
    overflow: int


def create_engine(
    url: URL,
    settings: DatabaseSettings,
    doubt: Doubt | None = None,
    sql: CompiledSQL | None = None,
    servers: Servers | None = None,
) -> AsyncEngine:
    """Make one engine. It connects when it is first used.

    `doubt` says which of its connections are to be tried; `sql` is where it keeps the SQL of statements; `servers` are
    those of a URL that names several.

    Pool: https://docs.sqlalchemy.org/en/21/core/pooling.html.
    """
    dialect = dialect_of(url.get_backend_name()).connections
    options = dialect.engine_options(
        url,
        _pool(settings),
        statement_timeout_s=settings.statement_timeout_s,
        connect_timeout_s=settings.connect_timeout_s,
        pgbouncer=settings.pgbouncer,
        read_only=settings.read_only,
    )
    servers = servers or dialect.servers(url)
    if servers is not None:
        options["connect_args"]["async_creator_fn"] = servers.connect
    engine = create_async_engine(
        url,
        pool_recycle=settings.pool_recycle_s,
        echo=settings.log_sql,
        json_serializer=dialect.json_text,
        json_deserializer=exact_json.loads,
        execution_options={"compiled_cache": compiled_sql(settings.max_cache_bytes) if sql is None else sql},
        hide_parameters=True,  # values are people's data: they do not belong into logs and error texts
        **options,
    )
    own_schema = dialect.own_schema(settings.own_schema)
    if own_schema is not None:
        keep_own_tables_in(engine.dialect, own_schema)
        if not settings.pgbouncer or (settings.direct_url is not None and url == settings.direct):
            dialect.find_apart(engine, own_schema)  # PgBouncer lends connections to whoever comes next
    dialect.set_up(engine, statement_timeout_s=settings.statement_timeout_s, read_only=settings.read_only)
    _close_what_is_uncertain(engine, dialect)
    (doubt or Doubt()).watch(engine, settings.pool_pre_ping_idle_s if settings.pool_pre_ping else math.inf)
    return engine


def _pool(settings: DatabaseSettings) -> Options:
    """The last connection that came back is taken first: it knows the statements, and after an outage it is a new one.

    In turns, each of fifteen would plan every statement anew, and each that is gone would hold up a request.
    Source: https://docs.sqlalchemy.org/en/21/core/pooling.html#using-fifo-vs-lifo
    """
    return {
        "pool_use_lifo": True,
        "pool_size": settings.pool_size,
        "max_overflow": settings.pool_max_overflow,
        "pool_timeout": settings.pool_timeout_s,
    }


def _close_what_is_uncertain(engine: AsyncEngine, dialect: ConnectionsDialect) -> None:
    """Close a connection after an error whose effect on it is not known for certain.

    SQLAlchemy's own `is_disconnect` knows lost connections. Whatever it does to those, a driver may leave a connection
    that lives in a state in which the next statement, somebody else's, fails.
    Source: https://docs.sqlalchemy.org/en/21/core/events.html#sqlalchemy.events.DialectEvents.handle_error
    """

    @event.listens_for(engine.sync_engine, "handle_error")
    def look(failed: ExceptionContext) -> None:
        if failed.is_disconnect or failed.connection is None or _was_not_sent(failed):
            return
        if not dialect.is_harmless(failed.original_exception):
            failed.is_disconnect = True
            failed.invalidate_pool_on_disconnect = False  # the others are as they were


def _was_not_sent(failed: ExceptionContext) -> bool:
    """Whether SQLAlchemy failed to make something of a statement, so that the driver has not heard of it."""
    return failed.statement is not None and failed.execution_context is None


class Engines:
    """The primary and its replicas, each ready for every way to begin. One per process, used by every request."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._apart: list[AsyncEngine] = []
        self._renewed = -math.inf
        self.statement_timeout_s = settings.statement_timeout_s
        self.closing = Closing()
        self.commit_listeners: list[Callable[[], None]] = []
        """Called whenever a session has committed a change."""
        self.sql = compiled_sql(settings.max_cache_bytes)
        """The SQL of statements, of all engines."""
        self._doubts = [Doubt() for _ in (settings.primary, *settings.replicas)]
        """What is doubted of the connections of each database."""
        self._more_doubts = [Doubt()]
        """The same of further connections to the primary: those of probes, and those apart."""
        known = dialect_of(settings.primary.get_backend_name())
        self.connections = known.connections
        self.holds_lengths = known.holds_lengths
        """Whether no text of a column is longer than the column's type says."""
        self._servers = known.connections.servers(settings.primary)
        self.primary = create_engine(settings.primary, settings, self._doubts[0], self.sql, self._servers)
        self.dialect: str = self.primary.dialect.name
        """`sqlite` or `postgresql`."""
        self.replicas = tuple(
            create_engine(url, settings, doubt, self.sql)
            for url, doubt in zip(settings.replicas, self._doubts[1:], strict=True)
        )
        self._probing = self._probing_engines()
        """One for each database; a database in memory has but one connection."""
        self._has_fast_path = settings.fast_path and known.connections.has_fast_path
        self.combines = self._has_fast_path and known.combines and settings.prefetch and not settings.pgbouncer
        """Whether many statements may be sent as one. Without prepared statements it would be planned each time."""
        if self._has_fast_path:
            for engine in self._all():
                never_open_at_once(engine)
        self._writing = self.primary.execution_options(**self.connections.change)
        self._under_way = [None, *map(self._watched, self._names()[1:], self.replicas, self._probing[1:])]
        if self._servers is not None:
            self._servers.moved = self._primary_moved
            self._under_way[0] = self._watched(PRIMARY, self.primary, self._probing[0])
        self._replicas = self._watched_replicas()
        self.waits = {name: Waits() for name in self._names()}
        """How long connections of each database were waited for, by its name."""
        self._open_sources()

    def reading(self) -> AsyncEngine:
        """For one statement alone: no BEGIN, no ROLLBACK; the next replica in turn, if there are any."""
        return next(self._reading)

    def snapshot(self) -> AsyncEngine:
        """For statements that must agree: one read-only view of the database; the next replica in turn.

        `REPEATABLE READ, READ ONLY` on PostgreSQL; on SQLite, the first SELECT fixes the view.
        """
        return next(self._snapshots)

    def writing(self) -> AsyncEngine:
        """For changes: the primary, in a transaction; on SQLite it waits for its turn to write at BEGIN."""
        return self._writing

    async def connect(
        self, *, primary: bool, avoided: str | None = None, after: Position = NOTHING_WRITTEN
    ) -> DatabaseConnection:
        """A connection on which nothing is begun: of the primary, or of the next replica in turn, if there are any.

        A replica that gives none is left out for a while. The next is asked, and the primary when none is left. One
        that is `avoided`, by its name, is not asked now; nor is one that is not known to have what was written up to a
        position, `after` which its rows are to be read.
        """
        source = self._sources[0] if primary else next(self._reading_sources)
        if not primary and (after or source.name == avoided):
            source = self._another(source, avoided, after)
        try:
            connection = await take(source)
        except PoolTimeout:  # too many want it: the others have as much to do
            raise
        except Exception as error:  # whatever it is, others may have a connection
            if source is not self._sources[0]:
                self.leave_out(source.name, type(error).__name__)
                return await self.connect(primary=False, after=after)
            if not isinstance(error, Silent):
                raise
            return await take(source)  # another server has been promoted meanwhile
        if after and source is not self._sources[0]:
            return await self._showing(connection, after)
        return connection

    async def _showing(self, connection: DatabaseConnection, after: Position) -> DatabaseConnection:
        """A replica's connection, if its server has what was written; else one of the primary."""
        try:
            shows = await self._replicas.shows(connection.source_name, after)
        except asyncio.CancelledError:
            await self.closing.close(connection, lambda: None)
            raise
        if shows:
            return connection
        await connection.give_back()
        return await take(self._sources[0])

    def _primary_moved(self) -> None:
        """Another server takes the changes now: no open connection leads there. What is under way hears it at once."""
        logger.warning("Another server than before is the primary now. Connections to the one before are closed.")
        self._doubt_primary()
        under_way = self._under_way[0]
        if under_way is not None:
            under_way.end()

    def renew_primary(self) -> bool:
        """Replace every connection to the primary before it is used again; whether that may help.

        It cannot where there are files and no servers, nor where changes are not wanted, or it was done a moment ago.
        """
        is_final = self.connections.cut is None or self._settings.read_only
        if is_final or time.monotonic() - self._renewed < RENEW_S:
            return False
        self._renewed = time.monotonic()
        self._doubt_primary()
        return True

    def _doubt_primary(self) -> None:
        since = self._doubts[0].of_all(outdated=True)
        for doubt in self._more_doubts:
            doubt.of_all(outdated=True)
        if (idle := self._sources[0].idle) is not None:
            idle.doubt(since)

    def _another(self, source: Source, avoided: str | None, after: Position) -> Source:
        """The next source in turn that may be asked; the primary where none is."""
        for _ in range(self.reading_replicas):
            if source.name != avoided and self._replicas.positions.has(source.name, after):
                return source
            source = next(self._reading_sources)
        return self._sources[0]

    async def has_replica_with(self, position: Position, wait_s: float) -> bool:
        """Whether a replica that serves has what was written up to a position, or has it in so many seconds."""
        return await self._replicas.has(position, wait_s)

    def replica_states(self) -> dict[str, ReplicaState]:
        """Which replicas serve reads, why others do not, and how far they are behind the primary; by name."""
        return self._replicas.states()

    async def open_first(self) -> None:
        """Let the connection lie ready that the first read takes: opening it is half of what that would wait for.

        Where there is none, nothing is said: reads will meet whatever it is.
        """
        with suppress(Exception):
            await (await self.connect(primary=False)).give_back()

    def leave_out(self, name: str, why: str) -> None:
        """Let reads go elsewhere until this replica answers again; it is asked in the background."""
        self._replicas.leave_out(name, why)

    def snapshot_of(self, name: str) -> AsyncEngine:
        """For statements that must agree, on the database of this name: `primary`, `replica 1` and so on."""
        by_name = dict(zip(self._names(), self._all(), strict=True))
        return by_name[name].execution_options(**self.connections.snapshot)

    def idle(self) -> Sequence[IdleConnections | None]:
        """The parked connections of the primary and of each replica; None without a fast path."""
        return [source.idle for source in self._sources]

    def pools(self) -> dict[str, PoolState]:
        """The state of each pool by name: `primary`, `replica 1` and so on."""
        return {
            name: _state(pool, len(source.idle or ()))
            for name, source in zip(self._names(), self._sources, strict=True)
            if isinstance(pool := source.engine.pool, QueuePool)
        }

    def probing(self) -> dict[str, AsyncEngine]:
        """For probes, by name: engines whose one connection nobody else uses, and on which nothing is begun.

        A crowd before the pools is no reason to be taken for dead. A statement may take `PROBE_TIMEOUT_S` seconds.
        """
        options = self.connections.autocommit
        return {
            name: engine.execution_options(**options) for name, engine in zip(self._names(), self._probing, strict=True)
        }

    def apart(self, connections: int, timeout_s: float) -> AsyncEngine:
        """An engine for changes of the primary, with a few connections that nobody else uses.

        Nobody waits for one, or for a statement, longer than `timeout_s`. A database in memory has but one connection.
        """
        engine = self.primary
        if isinstance(engine.pool, QueuePool):
            few = {"pool_size": connections, "pool_max_overflow": 0, "pool_timeout_s": timeout_s}
            limited = self._settings.model_copy(update={**few, "statement_timeout_s": timeout_s})
            doubt = Doubt()
            engine = create_engine(engine.url, limited, doubt, servers=self._servers)
            self._more_doubts.append(doubt)
            self._apart.append(engine)
            if (under_way := self._under_way[0]) is not None:
                under_way.note_those_of(engine)
        return engine.execution_options(**self.connections.change)

    def lasting(self, timeout_s: float) -> AsyncEngine | None:
        """An engine for a connection that lasts, past PgBouncer: for signals, and for locks that it holds.

        None where the settings lead through PgBouncer alone. A statement may take `timeout_s` seconds.
        """
        if self._settings.pgbouncer and self._settings.direct_url is None:
            return None
        alone = {"pool_size": 1, "pool_max_overflow": 0, "pool_timeout_s": timeout_s, "pgbouncer": False}
        limited = self._settings.model_copy(update={**alone, "statement_timeout_s": timeout_s})
        engine = create_engine(self._settings.direct, limited)
        self._apart.append(engine)
        return engine.execution_options(**self.connections.autocommit)

    def committed(self) -> None:
        """A session has committed a change."""
        for listener in self.commit_listeners:
            listener()

    async def dispose(self) -> None:
        """Close every connection that is not in use, and forget which replicas were left out."""
        await self._replicas.close()
        await self.closing.finish()
        for engine, source in zip(self._all(), self._sources, strict=True):
            if source.idle is not None:
                source.idle.clear()
            await engine.dispose()
        for engine in (*self._probing, *self._apart):
            await engine.dispose()
        self._open_sources()  # new pools have taken the places of the old ones

    def _open_sources(self) -> None:
        named = zip(self._names(), self._all(), self._doubts, self._under_way, strict=True)
        self._sources = [self._source(*each) for each in named]
        self._take_turns()

    def _take_turns(self) -> None:
        """Lead reads to the replicas that are not left out, else to the primary: decided here, not for each read."""
        pairs = list(zip(self._sources, self._all(), strict=True))
        readers = [pair for pair in pairs[1:] if self._replicas.serves(pair[0].name)] or pairs[:1]
        self.reading_replicas = sum(pair is not pairs[0] for pair in readers)
        """How many replicas serve reads; none: the primary does."""
        self._reading_sources = itertools.cycle([source for source, _ in readers])
        self._reading = _in_turn([engine for _, engine in readers], self.connections.autocommit)
        self._snapshots = _in_turn([engine for _, engine in readers], self.connections.snapshot)

    def _probing_engines(self) -> tuple[AsyncEngine, ...]:
        timeout_s = min(PROBE_TIMEOUT_S, self._settings.statement_timeout_s)
        # A probe does not wait for the watch, nor it for a probe, nor those who want to see what was just written.
        few = {"pool_size": 3 if self.replicas or self._servers else 1, "pool_max_overflow": 0}
        limited = self._settings.model_copy(update={**few, "statement_timeout_s": timeout_s})
        return tuple(
            self._create_probing(engine.url, limited, is_primary=engine is self.primary)
            if isinstance(engine.pool, QueuePool)
            else engine
            for engine in self._all()
        )

    def _watched_replicas(self) -> Replicas:
        (_, primary), *probing = self.probing().items()
        watched_ways = zip(probing, self._under_way[1:], strict=True)
        return Replicas(
            primary,
            self._servers,
            {name: Replica(engine, under_way) for (name, engine), under_way in watched_ways},
            self.connections,
            min(PATIENCE_S, max(LEAST_PATIENCE_S, self._settings.statement_timeout_s / 4)),
            self._settings.max_replica_lag_s,
            self._take_turns,
        )

    def _create_probing(self, url: URL, settings: DatabaseSettings, *, is_primary: bool) -> AsyncEngine:
        doubt, servers = (self._more_doubts[0], self._servers) if is_primary else (None, None)
        return create_engine(url, settings, doubt, self.sql, servers)

    def _watched(self, name: str, *engines: AsyncEngine) -> UnderWay | None:
        if self.connections.cut is None:
            return None
        return UnderWay(self.connections.cut, engines, lambda: self._replicas.opened(name))

    def _source(self, name: str, engine: AsyncEngine, doubt: Doubt, under_way: UnderWay | None) -> Source:
        idle = IdleConnections(engine) if self._has_fast_path else None
        unframed = engine.execution_options(**self.connections.autocommit)
        return Source(unframed, idle, self.connections, name, doubt, under_way, self.waits[name])

    def _all(self) -> tuple[AsyncEngine, ...]:
        return (self.primary, *self.replicas)

    def _names(self) -> list[str]:
        return [PRIMARY, *(f"replica {number}" for number, _ in enumerate(self.replicas, 1))]


def _in_turn(engines: Sequence[AsyncEngine], options: Options) -> Iterator[AsyncEngine]:
    return itertools.cycle([engine.execution_options(**options) for engine in engines])


def _state(pool: QueuePool, parked: int) -> PoolState:
    return PoolState(pool.size(), pool.checkedin() + parked, pool.checkedout() - parked, max(0, pool.overflow()))
