"""Databases for tests: a fresh one each, on SQLite, on PostgreSQL and on MariaDB.

A template is migrated once per run. On SQLite each test gets a copy of the file; on PostgreSQL each worker gets a
clone and empties what a test has filled (about 5 ms; a clone takes 30 to 150 ms), and takes a new clone when a test
has changed the tables, or when revisions fill some. Sequences start anew either way.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from graph.testing import mariadb
from graph.testing.choices import MARIADB, POSTGRESQL, SERVERS, SQLITE, Choice
from graph.testing.mariadb_databases import MariaDBDatabases, drop_left_of_mariadb
from graph.testing.migrated import NUMBERS, Database, Loop, MissingRevisions, UnfitServer, migrate, settings_for
from graph.testing.postgresql import ENVIRONMENT_VARIABLE, server_url
from graph.testing.runs import Run

__all__ = [
    "Database",
    "DatabaseServers",
    "MissingRevisions",
    "PostgreSQLDatabases",
    "SQLiteDatabases",
    "UnfitServer",
    "drop_left_databases",
    "settings_for",
]

PORT = 5432
FOREIGN = "foreign_"
"""Files of a run that say on which servers, which are not ours, it has made databases."""


class DatabaseServers:
    """Where the databases of one process come from."""

    def __init__(self, run: Run, postgresql: "Callable[[Run, str], PostgreSQLDatabases] | None" = None) -> None:
        """`postgresql`: what makes databases on a server, by its URL."""
        self._run = run
        self._make = postgresql or PostgreSQLDatabases
        self._made: dict[str, PostgreSQLDatabases] = {}
        self._made_of_mariadb: dict[str, MariaDBDatabases] = {}

    @cached_property
    def sqlite(self) -> "SQLiteDatabases":
        """Files."""
        return SQLiteDatabases(self._run)

    def postgresql(self, url: str | None = None) -> "PostgreSQLDatabases":
        """Databases on the server at a URL; without one, on the server of the run.

        Raises `PostgresUnavailable` and `UnfitServer`.
        """
        at = url or server_url(self._run)
        if at not in self._made:
            self._made[at] = self._make(self._run, at)
            if url or ENVIRONMENT_VARIABLE in os.environ:
                self._run.once(f"{FOREIGN}{_digest(at)}", lambda: at)
        return self._made[at]

    def mariadb(self, url: str | None = None) -> MariaDBDatabases:
        """The same of MariaDB. Raises `MariaDBUnavailable` and `UnfitServer`."""
        at = url or mariadb.server_url(self._run)
        if at not in self._made_of_mariadb:
            self._made_of_mariadb[at] = MariaDBDatabases(self._run, at)
            if url or mariadb.ENVIRONMENT_VARIABLE in os.environ:
                self._run.once(f"{FOREIGN}{_digest(at)}", lambda: at)
        return self._made_of_mariadb[at]

    @contextmanager
    def migrated(self, choice: Choice, folder: Path) -> Iterator[Database]:
        """A database with all tables, each of them as the revisions leave it. Raises `MissingRevisions`."""
        if choice.dialect == SQLITE:
            yield self.sqlite.migrated(folder)
        else:
            with self._on_server(choice).migrated() as database:
                yield database

    @contextmanager
    def blank(self, choice: Choice, folder: Path) -> Iterator[Database]:
        """A database without any table."""
        if choice.dialect == SQLITE:
            yield self.sqlite.blank(folder)
        else:
            with self._on_server(choice).blank() as database:
                yield database

    def _on_server(self, choice: Choice) -> "PostgreSQLDatabases | MariaDBDatabases":
        return self.mariadb(choice.url) if choice.dialect == MARIADB else self.postgresql(choice.url)

    def close(self) -> None:
        """Let go of the servers; who owns the run stops ours, and drops what we have left on others."""
        for made in self._made.values():
            made.close()
        for of_mariadb in self._made_of_mariadb.values():
            of_mariadb.close()


class SQLiteDatabases:
    """SQLite files: copies of a template."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def migrated(self, folder: Path) -> Database:
        """A database with all tables, each of them as the revisions leave it. Raises `MissingRevisions`."""
        template = self._run.once("sqlite_template", self._make_template)
        file = folder / "trellis.db"
        shutil.copyfile(template, file)
        return self._database(file)

    def blank(self, folder: Path) -> Database:
        """A database without any table."""
        return self._database(folder / "blank.db")

    def _make_template(self) -> str:
        file = self._run.folder / "template.db"
        migrate(self._database(file))
        return str(file)

    def _database(self, file: Path) -> Database:
        return Database(f"sqlite:///{file}", SQLITE)


class PostgreSQLDatabases:
    """PostgreSQL databases of one process: clones of a template on one server."""

    def __init__(self, run: Run, server: str) -> None:
        """`server`: the URL of a database there, whose user may create others."""
        self.server = server
        self._run = run
        self._loop = Loop()
        try:
            self._connection = self._loop.call(asyncpg.connect(_dsn(server)))
        except (OSError, asyncpg.PostgresError) as error:
            self._loop.close()
            raise UnfitServer("PostgreSQL", server, PORT, ENVIRONMENT_VARIABLE, error) from None
        self._migrated: _EmptiableDatabase | None = None

    @contextmanager
    def migrated(self) -> Iterator[Database]:
        """A database with all tables, each of them as the revisions leave it. Raises `MissingRevisions`."""
        if self._migrated is None:
            template = self._run.once(f"postgresql_template_{_digest(self.server)}", self._make_template)
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
        yield Database(url, POSTGRESQL)
        self._drop(url)

    @contextmanager
    def in_locale(self, locale: str) -> Iterator[Database]:
        """A database without any table, with a locale as CREATE DATABASE takes it.

        Raises `asyncpg.PostgresError` where the server does not have the locale.
        """
        url = self._create("template0", f"ENCODING 'UTF8' {locale}")
        yield Database(url, POSTGRESQL)
        self._drop(url)

    def close(self) -> None:
        """Let go of the server; the run stops it, or drops our databases when it is somebody else's."""
        if self._migrated is not None:
            self._loop.call(self._migrated.close())
        self._loop.call(self._connection.close())
        self._loop.close()

    def _database(self, url: str) -> Database:
        """What a test gets to know of a migrated database."""
        return Database(url, POSTGRESQL)

    def _make_template(self) -> str:
        url = self._create("template0")
        migrate(Database(url, POSTGRESQL))
        return _name(url)

    def _create(self, template: str, options: str = "") -> str:
        name = f"{self._run.name}_{os.getpid()}_{next(NUMBERS)}"
        # The other strategy writes every page to the server's log: two to four times slower for small databases.
        # Before version 15 there was but one.
        strategy = "STRATEGY FILE_COPY" if self._connection.get_server_version() >= (15,) else ""
        try:
            create = f'CREATE DATABASE "{name}" TEMPLATE "{template}" {strategy} {options}'
            self._loop.call(self._connection.execute(create))
        except asyncpg.InsufficientPrivilegeError as error:
            raise UnfitServer("PostgreSQL", self.server, PORT, ENVIRONMENT_VARIABLE, error) from None
        return make_url(self.server).set(database=name).render_as_string(hide_password=False)

    def _drop(self, url: str) -> None:
        self._loop.call(self._connection.execute(f'DROP DATABASE "{_name(url)}" WITH (FORCE)'))


LOG = "trellis.changes"
"""The table in which triggers write down what has changed (docs/live.md)."""


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

    TABLES = """
        SELECT format('%I.%I', schemaname, tablename) AS name,
            (SELECT max(quote_literal(sequence.oid) || '::oid::regclass') FROM pg_depend
             JOIN pg_class AS sequence ON sequence.oid = objid AND sequence.relkind = 'S'
             WHERE refobjid = format('%I.%I', schemaname, tablename)::regclass) AS sequence
        FROM pg_tables
        WHERE schemaname NOT LIKE 'pg\\_%' AND schemaname <> 'information_schema'
            AND (schemaname, tablename) NOT IN (('public', 'alembic_version'), ('trellis', 'history'))
    """

    def __init__(
        self, url: str, connection: asyncpg.Connection, shape: str, dirty: str, *, is_filled: bool, has_log: bool
    ) -> None:
        self.url = url
        self._connection = connection
        self._shape = shape
        self._dirty = dirty
        self._is_filled = is_filled
        self._has_log = has_log

    @classmethod
    async def open(cls, url: str) -> "_EmptiableDatabase":
        connection = await asyncpg.connect(_dsn(url))
        tables = await connection.fetch(cls.TABLES)
        dirty = " UNION ALL ".join(
            f"SELECT '{table['name']}' WHERE EXISTS (SELECT FROM {table['name']})"
            + (f" OR pg_sequence_last_value({table['sequence']}) IS NOT NULL" if table["sequence"] else "")
            for table in tables
        )
        is_filled = bool(dirty and await connection.fetch(dirty))
        shape, has_log = await connection.fetchval(cls.SHAPE), LOG in {table["name"] for table in tables}
        return cls(url, connection, shape, dirty, is_filled=is_filled, has_log=has_log)

    async def empty(self) -> bool:
        """Remove what a test has left. False: that cannot be done, for tables are not as they were, or were filled."""
        await self._connection.execute(self.TERMINATE_OTHERS)
        if self._is_filled or await self._connection.fetchval(self.SHAPE) != self._shape:
            return False
        names = [name for (name,) in await self._connection.fetch(self._dirty)] if self._dirty else []
        if names:
            await self._connection.execute(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE")
            if self._has_log:
                await self._connection.execute(f"DELETE FROM {LOG}")  # triggers have told it so
        return True

    async def close(self) -> None:
        await self._connection.close()


def drop_left_databases(run: Run) -> None:
    """Drop this run's databases on servers that are not ours."""

    async def drop(server: str) -> None:
        connection = await asyncpg.connect(_dsn(server))
        for (name,) in await connection.fetch(
            "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", run.name
        ):
            await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await connection.close()

    for file in run.folder.glob(f"{FOREIGN}*"):
        loop, server = Loop(), file.read_text()
        is_mariadb = server.startswith(SERVERS[MARIADB])
        loop.call(drop_left_of_mariadb(run, server) if is_mariadb else drop(server))
        loop.close()


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def _dsn(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _name(url: str) -> str:
    return str(make_url(url).database)
