"""Databases for tests: a fresh one each, on SQLite and on PostgreSQL.

A template is migrated once per run. On SQLite each test gets a copy of the file; on PostgreSQL each worker gets a
clone and empties what a test has filled (about 5 ms; a clone takes 30 to 150 ms), and takes a new clone when a test
has changed the tables. Sequences start anew either way.
"""

import asyncio
import itertools
import os
import shutil
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias, TypeVar

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, event, make_url

from db.migrate import upgrade
from db.settings import DatabaseSettings
from tests.pgbouncer import PgBouncer
from tests.postgres import Run, server_url
from tests.untried import Untried

T = TypeVar("T")

FAST_PATH = os.environ.get("TEST_FAST_PATH", "true") == "true"
"""Whether statements may go past SQLAlchemy in this run; `make test-plain-path` says no."""

THROUGH_PGBOUNCER = os.environ.get("TEST_PGBOUNCER", "false") == "true"
"""Whether PgBouncer lends the connections to PostgreSQL in this run, for a transaction each; `make test-pgbouncer` says
so."""

LENT = 40
"""Connections that PgBouncer lends to a worker's tests."""

NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
HANDSHAKE = ("select pg_catalog.version()", "select current_schema()", "show standard_conforming_strings")
"""What SQLAlchemy asks a server when it first meets it."""


WAITS_FOR_ME = "SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
"""PostgreSQL: whether another connection waits for a lock of this one. Locks of the whole server are in `pg_locks`."""


@dataclass(frozen=True)
class Database:
    """A database of one test."""

    url: str
    dialect: str
    is_lent: bool = False
    """Whether the URL leads to PgBouncer, which lends connections for a transaction each."""


StatementRecorder: TypeAlias = Callable[[], AbstractContextManager[list[str]]]
"""`with statements() as seen:` records every statement of this process; `seen` grows as they run."""


@contextmanager
def recorded_statements() -> Iterator[list[str]]:
    """Record what any engine of this process sends, without the framing of transactions."""
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


class SQLiteDatabases:
    """SQLite files: copies of a template."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def migrated(self, folder: Path) -> Database:
        """A database with all tables, each of them empty."""
        template = self._run.once("sqlite_template", self._make_template)
        file = folder / "trellis.db"
        shutil.copyfile(template, file)
        return self._database(file)

    def blank(self, folder: Path) -> Database:
        """A database without any table."""
        return self._database(folder / "blank.db")

    def _make_template(self) -> str:
        file = self._run.folder / "template.db"
        upgrade(settings_for(self._database(file)))
        return str(file)

    def _database(self, file: Path) -> Database:
        return Database(f"sqlite:///{file}", "sqlite")


class PostgreSQLDatabases:
    """PostgreSQL databases of one worker: clones of a template on the run's server."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._loop = _Loop()
        self._numbers = itertools.count()
        self._server = server_url(run)
        self._admin = self._loop.call(asyncpg.connect(_dsn(self._server)))
        self._migrated: _EmptiableDatabase | None = None
        self._lender = ExitStack()
        self._bouncer = self._lend() if THROUGH_PGBOUNCER else None

    def _lend(self) -> PgBouncer:
        """A PgBouncer before the server; its connections suffice for tests whose transactions wait for one another."""
        try:
            bouncer = PgBouncer(self._server, "transaction", self._lender.enter_context(TemporaryDirectory()), LENT)
        except Untried as missing:
            pytest.skip(str(missing))
        self._loop.call(bouncer.start())
        self._lender.callback(bouncer.kill)
        return bouncer

    @contextmanager
    def migrated(self) -> Iterator[Database]:
        """A database with all tables, each of them empty."""
        if self._migrated is None:
            template = self._run.once("postgresql_template", self._make_template)
            self._migrated = self._loop.call(_EmptiableDatabase.open(self._create(template)))
        yield self._database(self._migrated.url)
        if not self._loop.call(self._migrated.empty()):
            self._loop.call(self._migrated.close())
            self._drop(self._migrated.url)
            self._migrated = None

    @contextmanager
    def blank(self) -> Iterator[Database]:
        """A database without any table."""
        url = self._create("template0")
        yield Database(url, "postgresql")
        self._drop(url)

    @contextmanager
    def in_locale(self, locale: str) -> Iterator[Database]:
        """A database without any table, with a locale as CREATE DATABASE takes it.

        Raises `asyncpg.PostgresError` where the server does not have the locale.
        """
        url = self._create("template0", f"ENCODING 'UTF8' {locale}")
        yield Database(url, "postgresql")
        self._drop(url)

    def close(self) -> None:
        """Let go of the server; the run stops it, or drops our databases when it is somebody else's."""
        if self._migrated is not None:
            self._loop.call(self._migrated.close())
        self._loop.call(self._admin.close())
        self._loop.close()
        self._lender.close()

    def _database(self, url: str) -> Database:
        if self._bouncer is None:
            return Database(url, "postgresql")
        return Database(self._bouncer.url_of(_name(url)), "postgresql", is_lent=True)

    def _make_template(self) -> str:
        url = self._create("template0")
        upgrade(settings_for(Database(url, "postgresql")))
        return _name(url)

    def _create(self, template: str, options: str = "") -> str:
        name = f"{self._run.name}_{os.getpid()}_{next(self._numbers)}"
        # The other strategy writes every page to the server's log: two to four times slower for small databases.
        # Before version 15 there was but one.
        strategy = "STRATEGY FILE_COPY" if self._admin.get_server_version() >= (15,) else ""
        self._loop.call(self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {strategy} {options}'))
        return make_url(self._server).set(database=name).render_as_string(hide_password=False)

    def _drop(self, url: str) -> None:
        self._loop.call(self._admin.execute(f'DROP DATABASE "{_name(url)}" WITH (FORCE)'))


class _EmptiableDatabase:
    """A clone that goes from test to test."""

    TERMINATE_OTHERS = """
        SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
    """
    SHAPE = """
        SELECT md5(string_agg(part, ' ' ORDER BY part)) FROM (
            SELECT format('%s %s %s %s', attrelid, attname, atttypid, attnotnull) AS part
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
            UNION ALL SELECT format('constraint %s', oid) FROM pg_constraint
            UNION ALL SELECT format('trigger %s %s', oid, tgenabled) FROM pg_trigger
            UNION ALL SELECT format('function %s', max(oid)) FROM pg_proc
            UNION ALL SELECT format('schema %s', oid) FROM pg_namespace WHERE nspname NOT LIKE 'pg_%'
            UNION ALL SELECT format('settings %s', setconfig) FROM pg_db_role_setting
            UNION ALL SELECT format('revision %s', version_num) FROM alembic_version
            UNION ALL SELECT format('own revision %s', version_num) FROM trellis.history
        ) AS parts
    """
    """A digest of tables, columns, indexes, constraints, triggers, functions, settings and revisions."""

    def __init__(self, url: str, connection: asyncpg.Connection, shape: str, dirty: str) -> None:
        self.url = url
        self._connection = connection
        self._shape = shape
        self._dirty = dirty

    @classmethod
    async def open(cls, url: str) -> "_EmptiableDatabase":
        connection = await asyncpg.connect(_dsn(url))
        tables = await connection.fetch(
            """
            SELECT format('%I.%I', schemaname, tablename) AS name,
                (SELECT max(quote_literal(sequence.oid) || '::oid::regclass') FROM pg_depend
                 JOIN pg_class AS sequence ON sequence.oid = objid AND sequence.relkind = 'S'
                 WHERE refobjid = format('%I.%I', schemaname, tablename)::regclass) AS sequence
            FROM pg_tables
            WHERE schemaname IN ('public', 'trellis') AND tablename NOT IN ('alembic_version', 'history')
            """
        )
        dirty = " UNION ALL ".join(
            f"SELECT '{table['name']}' WHERE EXISTS (SELECT FROM {table['name']})"
            + (f" OR pg_sequence_last_value({table['sequence']}) IS NOT NULL" if table["sequence"] else "")
            for table in tables
        )
        return cls(url, connection, await connection.fetchval(cls.SHAPE), dirty)

    async def empty(self) -> bool:
        """Remove what a test has left. False: the tables themselves are not as they were."""
        await self._connection.execute(self.TERMINATE_OTHERS)
        if await self._connection.fetchval(self.SHAPE) != self._shape:
            return False
        names = [name for (name,) in await self._connection.fetch(self._dirty)]
        if names:
            await self._connection.execute(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE")
            await self._connection.execute("DELETE FROM trellis.changes")  # triggers have told the log of it
        return True

    async def close(self) -> None:
        await self._connection.close()


class _Loop:
    """An event loop in a thread of its own, so that fixtures need none, whatever the test is doing."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test-databases", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def drop_left_databases(run: Run) -> None:
    """Drop this run's databases on a server that is not ours."""

    async def drop() -> None:
        admin = await asyncpg.connect(_dsn(server_url(run)))
        for (name,) in await admin.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", run.name):
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()

    loop = _Loop()
    loop.call(drop())
    loop.close()


def _dsn(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _name(url: str) -> str:
    return str(make_url(url).database)
