"""A connection of the pool, used past SQLAlchemy: a statement goes straight to asyncpg.

A compiled statement enters, rows leave. Errors are SQLAlchemy's, and whoever listens to statements misses none: where
an engine is observed, nothing goes past it. Turns, deadlines and transactions are not known here.
"""

import logging
from collections.abc import Awaitable, Sequence
from typing import Any, NoReturn

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from db.dialects import dialect_of
from db.fast.combined import CombinedStatement
from db.fast.compiled import CompiledStatement, Parameters, Values
from db.fast.driver_errors import raise_as_sqlalchemy

STALE = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
"""What asyncpg raises when a table has changed under a statement that it knew."""

OUR_LISTENERS = 1
"""Every engine looks at each error that SQLAlchemy meets, as is done here with those of the fast path."""


class FastConnection:
    """A connection that is out of the pool, and asyncpg's own connection below it."""

    __slots__ = ("_adapted", "driver", "engine", "pooled", "since", "unobserved")

    def __init__(self, engine: AsyncEngine, pooled: PoolProxiedConnection, since: float = 0.0) -> None:
        self.pooled = pooled
        self.since = since
        """When it left the pool, by `time.monotonic`; 0: it is not to be parked."""
        self.unobserved = False
        """Whether nobody listened when the change under way began: a change asks once, and each time costs 0.6 µs."""
        self.engine = engine
        self._adapted: Any = pooled.dbapi_connection
        self.driver: Any = pooled.driver_connection
        """asyncpg's own connection."""

    async def fetch(self, statement: CompiledStatement, parameters: Parameters) -> Sequence[Values] | None:
        """The rows of a statement; None if SQLAlchemy must run it.

        Raises what SQLAlchemy raises for the same error.
        """
        form = statement.form
        if form is None or (not self.unobserved and is_observed(self.engine)):
            return None
        values = form.values(parameters)
        if values is None:
            return None
        try:
            records = await self._send(form.sql, values)
        except STALE as error:
            statement.forget()
            records = await self._send_again(error, form.sql, values)
        except Exception as error:
            self._fail(error, form.sql)
        return records if form.convert is None else form.convert(records)

    async def fetch_combined(self, statement: CombinedStatement, values: Sequence[Any]) -> Values | None:
        """The one row of a combined statement; None, and nothing sent, where somebody listens to statements.

        Raises what SQLAlchemy raises for the same error.
        """
        if is_observed(self.engine):
            return None
        try:
            records = await self._send(statement.sql, values)
        except STALE as error:
            records = await self._send_again(error, statement.sql, values)
        except Exception as error:
            self._fail(error, statement.sql)
        return records[0]

    async def execute(self, sql: str) -> str | None:
        """Send a statement that frames others, such as BEGIN, and return what the server says was done.

        None, and nothing sent: SQLAlchemy must do it.
        """
        if not self.unobserved and is_observed(self.engine):
            return None
        try:
            done: str = await self.driver.execute(sql)
        except Exception as error:
            self._fail(error, sql)
        return done

    def _send(self, sql: str, values: Sequence[Any]) -> Awaitable[Sequence[Values]]:
        """Run a statement; one that asyncpg has prepared on this connection goes straight to its protocol.

        asyncpg's own way there takes eight calls more, which ask what is known here: that the connection is open, and
        in use by nobody else. Without them a statement takes 2 µs less, of 18.
        """
        driver = self.driver
        known = None if driver._query_loggers else driver._stmt_cache.get((sql, asyncpg.Record, False))  # noqa: SLF001
        sent: Awaitable[Sequence[Values]]
        if known is None:
            sent = driver.fetch(sql, *values)
        else:
            protocol = driver._protocol  # noqa: SLF001
            sent = protocol.bind_execute(known, values, "", 0, False, protocol._get_timeout(None))  # noqa: SLF001
        return sent

    async def _send_again(self, error: Exception, sql: str, values: Sequence[Any]) -> Sequence[Values]:
        """Run a statement once more whose table has changed, where no transaction is lost already.

        As asyncpg does, which also forgets what it knew of tables and types. Raises as `fetch` does.
        """
        driver = self.driver
        records: Sequence[Values] | None = None
        try:
            if isinstance(error, asyncpg.OutdatedSchemaCacheError):
                await driver.reload_schema_state()
            else:
                driver._drop_global_statement_cache()  # noqa: SLF001 - asyncpg's own answer to this error
                if not driver.is_in_transaction():
                    records = await driver.fetch(sql, *values)
        except Exception as another:
            self._fail(another, sql)
        return self._fail(error, sql) if records is None else records

    def _fail(self, error: Exception, sql: str) -> NoReturn:
        """Raise an error of the driver. The connection is cut at once, unless the error is known to be harmless."""
        dialect = self.engine.dialect
        lost = self.driver.is_closed() or not dialect_of(dialect.name).connections.is_harmless(error)
        if lost:
            self.pooled.invalidate(error)
        raise_as_sqlalchemy(error, sql, self._adapted, dialect, lost=lost)


def is_observed(engine: AsyncEngine) -> bool:
    """Whether an event listener or the log wants to hear of every statement.

    Events: https://docs.sqlalchemy.org/en/21/core/events.html#sql-execution-and-connection-events
    """
    sync_engine = engine.sync_engine
    driver_events = sync_engine.dialect.dispatch
    return bool(
        (sync_engine._has_events and _has_listeners(sync_engine.dispatch))  # noqa: SLF001 - one question for four
        or driver_events.do_execute
        or len(driver_events.handle_error) > OUR_LISTENERS
        or sync_engine.logger.isEnabledFor(logging.INFO)
    )


def _has_listeners(events: Any) -> bool:
    """Whether anybody listens to statements, of those who listen to anything."""
    return bool(
        events.before_cursor_execute or events.after_cursor_execute or events.before_execute or events.after_execute
    )
