"""What our own tests do with databases besides what every project's tests do (`graph.testing.databases`).

The fast path may be off for a whole run, PgBouncer may lend the connections, and what any engine sends is recorded.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, event, make_url

from db.settings import DatabaseSettings
from graph.testing.choices import DIALECTS, MARIADB
from graph.testing.databases import Database, DatabaseServers, PostgreSQLDatabases, SQLiteDatabases
from graph.testing.runs import Run
from tests.pgbouncer import PgBouncer
from tests.untried import Untried

__all__ = [
    "FAST_PATH",
    "HANDSHAKE",
    "THROUGH_PGBOUNCER",
    "TRIED",
    "WAITS_FOR_ME",
    "WITH_MARIADB",
    "Database",
    "DatabaseServers",
    "LentDatabases",
    "PostgreSQLDatabases",
    "SQLiteDatabases",
    "StatementRecorder",
    "engine_statements",
    "settings_for",
]

FAST_PATH = os.environ.get("TEST_FAST_PATH", "true") == "true"
"""Whether statements may go past SQLAlchemy in this run; `make test-plain-path` says no."""

THROUGH_PGBOUNCER = os.environ.get("TEST_PGBOUNCER", "false") == "true"
"""Whether PgBouncer lends the connections to PostgreSQL in this run, for a transaction each; `make test-pgbouncer` says
so."""

WITH_MARIADB = os.environ.get("TEST_MARIADB", "false") == "true"
"""Whether MariaDB is tried in this run; `make test-mariadb` says so. Tests with a database run there alone then, and
those that go through all dialects there, too."""

TRIED = tuple(dialect for dialect in DIALECTS if dialect != MARIADB or WITH_MARIADB)
"""The dialects of this run."""

LENT = 40
"""Connections that PgBouncer lends to a worker's tests."""

NOT_COUNTED = ("BEGIN", "START TRANSACTION", "SET ", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
HANDSHAKE = ("select pg_catalog.version()", "select current_schema()", "show standard_conforming_strings")
"""What SQLAlchemy asks a server when it first meets it."""


WAITS_FOR_ME = "SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
"""PostgreSQL: whether another connection waits for a lock of this one. Locks of the whole server are in `pg_locks`."""


StatementRecorder: TypeAlias = Callable[[], AbstractContextManager[Sequence[str]]]
"""`with statements() as seen:` notes statements; `seen` grows as they run."""


@contextmanager
def engine_statements() -> Iterator[list[str]]:
    """Record what any engine of this process sends, without the framing of transactions.

    While somebody listens, every statement goes through SQLAlchemy. What the sessions of an API send on the way that it
    goes in production, `graph.testing.recorded_statements` tells.
    """
    seen: list[str] = []

    def record(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.upper().startswith(NOT_COUNTED) and statement not in HANDSHAKE:
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", record)


def settings_for(database: Database) -> DatabaseSettings:
    """Settings for a test: a small pool, and nothing from the environment but `TRELLIS_FAST_PATH` of the run."""
    return DatabaseSettings(
        database_url=SecretStr(database.url),
        pool_size=2,
        pool_max_overflow=8,
        pool_timeout_s=10,
        pgbouncer=database.is_lent,
    )


class LentDatabases(PostgreSQLDatabases):
    """Databases whose connections PgBouncer lends to tests, for a transaction each."""

    def __init__(self, run: Run, server: str) -> None:
        super().__init__(run, server)
        self._lender = ExitStack()
        self._bouncer = self._lend()

    def close(self) -> None:
        """Let go of the server and of PgBouncer."""
        super().close()
        self._lender.close()

    def _lend(self) -> PgBouncer:
        """A PgBouncer before the server; its connections suffice for tests whose transactions wait for one another."""
        try:
            bouncer = PgBouncer(self.server, "transaction", self._lender.enter_context(TemporaryDirectory()), LENT)
        except Untried as missing:
            pytest.skip(str(missing))
        self._loop.call(bouncer.start())
        self._lender.callback(bouncer.kill)
        return bouncer

    def _database(self, url: str) -> Database:
        return Database(self._bouncer.url_of(str(make_url(url).database)), "postgresql", is_lent=True)
