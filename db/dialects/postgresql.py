"""PostgreSQL, through asyncpg."""

import inspect
from collections.abc import Mapping
from typing import Any

import asyncpg
from sqlalchemy import URL, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, PoolResetState

DRIVER = "postgresql+asyncpg"

URL_OPTIONS = {*inspect.signature(asyncpg.connect).parameters, "prepared_statement_cache_size"}
"""What may follow the question mark of a URL. Source:
https://magicstack.github.io/asyncpg/current/api/index.html#asyncpg.connection.connect"""

TRANSIENT = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: PostgreSQL asks for the whole transaction again.
Source: https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html"""

QUERY_CANCELED = "57014"
"""Source: https://www.postgresql.org/docs/current/errcodes-appendix.html"""


class PostgreSQLConnections:
    """How connections open, begin and end."""

    drivers: Mapping[str, str] = {"postgres": DRIVER, "postgresql": DRIVER, DRIVER: DRIVER}
    begin_snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    begin_change = "BEGIN"
    autocommit: Mapping[str, Any] = {"isolation_level": "AUTOCOMMIT"}
    snapshot: Mapping[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    change: Mapping[str, Any] = {}
    sqlalchemy_ends_any_transaction = False  # asyncpg's adapter ends only what it has begun itself
    has_fast_path = True

    def url(self, url: URL) -> URL:
        """`sslmode`, which hosting providers write, becomes asyncpg's `ssl`."""
        if "sslmode" in url.query:
            url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": url.query["sslmode"]})
        unknown = set(url.query) - URL_OPTIONS
        if unknown:
            raise ValueError(f"has options that asyncpg does not know: {', '.join(sorted(unknown))}; leave them out")
        return url

    def engine_options(
        self, url: URL, pool: Mapping[str, Any], *, statement_timeout_s: float, pgbouncer: bool
    ) -> dict[str, Any]:
        """A pool, and what the server is told when a connection starts."""
        arguments = _PGBOUNCER_ARGUMENTS if pgbouncer else _start_up(statement_timeout_s)
        # The pool resets nothing by itself: `end_transaction` does, and only where there is something to end.
        return {"connect_args": arguments, "pool_reset_on_return": None, **pool}

    def set_up(self, engine: AsyncEngine, *, statement_timeout_s: float) -> None:
        """Replace connections that are known to be lost, and end transactions that were left open."""
        event.listen(engine.sync_engine, "checkout", _replace_lost)
        event.listen(engine.sync_engine, "reset", _end_transaction)

    def is_transient(self, error: DBAPIError) -> bool:
        """A serialization failure, or a deadlock."""
        return _state_of(error) in TRANSIENT

    def stopped_by_server(self, error: DBAPIError) -> bool:
        """Whether `statement_timeout` of the server came first."""
        return _state_of(error) == QUERY_CANCELED


_PGBOUNCER_ARGUMENTS = {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
"""In transaction mode each statement may meet another server connection, which knows no prepared statement of ours;
PgBouncer also refuses start-up settings that it does not track.
https://docs.sqlalchemy.org/en/21/dialects/postgresql.html#prepared-statement-name-with-pgbouncer"""


def _start_up(statement_timeout_s: float) -> dict[str, Any]:
    return {
        "server_settings": {
            "application_name": "trellis",
            "statement_timeout": str(max(1, round(statement_timeout_s * 1000))),
            "jit": "off",  # plans of ours are short; compiling them costs more than it saves
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


def _state_of(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
