"""How connections to PostgreSQL open, begin and end, through asyncpg, and what is heard on an engine.

A URL and settings enter; arguments and listeners of an engine leave, and words about errors that end a connection.
Sources: https://magicstack.github.io/asyncpg/current/api/index.html#asyncpg.connection.connect,
https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import asyncpg
from sqlalchemy import URL, event
from sqlalchemy.exc import DBAPIError, DisconnectionError, EmulatedDBAPIException, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, PoolResetState

from db import exact_json
from db.dialects.connections import ConnectionsDialect, Heard, Options, Servers
from db.dialects.errors import Outage
from db.dialects.postgresql_driver import DRIVER, bound_prepared_statements
from db.dialects.postgresql_errors import reported_by_server, state_of
from db.dialects.postgresql_servers import ROLE, RoledServers, with_servers
from db.dialects.postgresql_texts import learn_small_letters

URL_OPTIONS = {*inspect.signature(asyncpg.connect).parameters, "prepared_statement_cache_size"}
"""What may follow the question mark of a URL. Source:
https://magicstack.github.io/asyncpg/current/api/index.html#asyncpg.connection.connect"""

TRANSIENT = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: PostgreSQL asks for the whole transaction again.
Source: https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html"""

TOO_MANY_CONNECTIONS = "53300"
QUERY_CANCELED = "57014"
"""Source: https://www.postgresql.org/docs/current/errcodes-appendix.html"""

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

UNCERTAIN = ("08", "53", "57P", "58", "F0", "XX")
"""Classes of states after which a server may not be itself: lost connections, want of memory or disk, shutdowns, errors
of the system, of its configuration and of its own making."""

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

    try_transaction_lock = "SELECT pg_catalog.pg_try_advisory_xact_lock(:number)"
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
        state = state_of(error) or ""
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
        reported = reported_by_server(error)
        return reported is not None and not str(reported.sqlstate).startswith(UNCERTAIN)


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


def _is_of(error: DBAPIError, *classes: type[BaseException]) -> bool:
    """Whether the driver's own error is of one of these classes, and not only SQLAlchemy's for it."""
    return isinstance(error.orig, classes) or isinstance(getattr(error.orig, "__cause__", None), classes)


def _state_of(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
