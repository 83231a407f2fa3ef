"""A fast connection under a trace: what goes past SQLAlchemy is noted where it leaves for the driver.

A fast connection and a trace enter, a fast connection leaves that does the same and notes each statement. Where the
trace has a remark, statements carry it, and are prepared for one run: a text that is never sent again would push those
out that are. Connections without a trace know nothing of it.
"""

from collections.abc import Awaitable, Sequence
from typing import Any

from db.fast.combined import CombinedStatement
from db.fast.compiled import CompiledStatement, Parameters, Values
from db.fast.fast_connection import FastConnection
from db.trace import StatementTrace


class TracedConnection(FastConnection):
    """A fast connection that notes what it sends."""

    __slots__ = ("_driver",)

    def __init__(self, plain: FastConnection, trace: StatementTrace, database: str) -> None:
        super().__init__(plain.engine, plain.pooled, plain.since)
        self.unobserved = plain.unobserved
        self.driver = self._driver = _TracedDriver(plain.driver, trace, database)

    async def fetch(self, statement: CompiledStatement, parameters: Parameters) -> Sequence[Values] | None:
        """As the connection does."""
        self._driver.statement = statement
        return await super().fetch(statement, parameters)

    def _send(self, sql: str, values: Sequence[Any]) -> Awaitable[Sequence[Values]]:
        """By the driver that notes what is sent."""
        return self._driver.fetch(sql, *values)

    async def fetch_combined(self, statement: CombinedStatement, values: Sequence[Any]) -> Values | None:
        """As the connection does."""
        self._driver.statement = None
        return await super().fetch_combined(statement, values)


class _TracedDriver:
    """asyncpg's connection, as far as `FastConnection` uses it."""

    __slots__ = (
        "_database",
        "_driver",
        "_drop_global_statement_cache",
        "_trace",
        "is_closed",
        "is_in_transaction",
        "reload_schema_state",
        "statement",
    )

    def __init__(self, driver: Any, trace: StatementTrace, database: str) -> None:
        self.statement: CompiledStatement | None = None
        self.is_closed = driver.is_closed
        self.is_in_transaction = driver.is_in_transaction
        self.reload_schema_state = driver.reload_schema_state
        self._drop_global_statement_cache = driver._drop_global_statement_cache  # noqa: SLF001 - as it is
        self._driver = driver
        self._trace = trace
        self._database = database

    async def fetch(self, sql: str, *values: Any) -> Sequence[Values]:
        construct = None if self.statement is None else self.statement.statement
        sent = self._trace.note(sql, values, self._database, construct, cached=True)
        try:
            records = await self._fetch(sql, self._trace.remarked(sent), values)
            sent.answered(len(records))
        except BaseException as error:
            sent.failed(error)
            raise
        return records

    async def _fetch(self, sql: str, remarked: str, values: Sequence[Any]) -> Sequence[Values]:
        """The rows; a statement with a remark has no name at the server, and is in nobody's cache.

        Source: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
        """
        records: Sequence[Values]
        if remarked == sql:
            records = await self._driver.fetch(sql, *values)
        else:
            prepared = await self._driver.prepare(remarked, name="")
            records = await prepared.fetch(*values)
        return records

    async def execute(self, sql: str) -> str:
        with self._trace.sending(sql, self._database):
            done: str = await self._driver.execute(sql)
        return done
