"""Databases for tests: a fresh one each, on SQLite and on PostgreSQL.

A template is migrated once per run. On SQLite each test gets a copy of the file; on PostgreSQL each worker gets a
clone and empties what a test has filled (about 5 ms; a clone takes 30 to 150 ms), and takes a new clone when a test
has changed the tables, or when revisions fill some. Sequences start anew either way.
"""

import asyncio
import hashlib
import itertools
import os
import shutil
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from pydantic import SecretStr
from sqlalchemy import Connection, Table, inspect, make_url

from db.base import Base
from db.migrate import upgrade
from db.own import OwnBase
from db.session.engines import create_engine
from db.settings import DatabaseSettings
from db.views import is_view
from graph.errors import TrellisError
from graph.settings import DoctorAccess, Settings
from graph.testing.choices import POSTGRESQL, SQLITE, Choice
from graph.testing.options import DATABASES
from graph.testing.postgresql import ENVIRONMENT_VARIABLE, server_url
from graph.testing.runs import Run

T = TypeVar("T")

_NUMBERS = itertools.count()
"""Of the databases that this process makes, on whichever server."""

MODELS = "db.models"
PORT = 5432
FOREIGN = "foreign_"
"""Files of a run that say on which servers, which are not ours, it has made databases."""


class MissingRevisions(TrellisError):
    """Models have tables that no revision makes."""

    def __init__(self, tables: Iterable[str]) -> None:
        super().__init__(
            f"No revision in migrations/versions makes {', '.join(sorted(tables))}, which the models want. Write one:"
            ' `alembic revision --autogenerate -m "What changes"`. Where revisions make no tables, for they were there'
            " before, let tests use `blank_database`."
        )


class UnfitServer(TrellisError):
    """The server of the tests makes no databases for them."""

    def __init__(self, server: str, reason: object) -> None:
        url = make_url(server)
        super().__init__(
            f"The PostgreSQL server of the tests, {url.host}:{url.port or PORT}, cannot be used: {reason}. See that it"
            f" is there and lets its user create databases, and that {DATABASES} or {ENVIRONMENT_VARIABLE} leads to it."
        )


@dataclass(frozen=True)
class Database:
    """A database of one test."""

    url: str
    dialect: str
    """`sqlite` or `postgresql`."""
    is_lent: bool = False
    """Whether the URL leads to PgBouncer, which lends connections for a transaction each."""


def settings_for(database: Database, **more: Any) -> Settings:
    """The server's settings for a test: a small pool, nothing that runs beside requests, and the doctor for everybody.

    The levels of an operation are read one by one, however often it was met before, so that the number of statements
    is the same in every order of the tests. `more` are further settings, and win.
    """
    given: dict[str, Any] = {
        "database_url": SecretStr(database.url),
        "pgbouncer": database.is_lent,
        "pool_size": 2,
        "pool_max_overflow": 8,
        "pool_timeout_s": 10,
        "prefetch": False,
        "maintenance": False,
        "record_usage": False,
        "doctor": DoctorAccess.EVERYBODY,
    }
    return Settings(**given | more)


class DatabaseServers:
    """Where the databases of one process come from."""

    def __init__(self, run: Run, postgresql: "Callable[[Run, str], PostgreSQLDatabases] | None" = None) -> None:
        """`postgresql`: what makes databases on a server, by its URL."""
        self._run = run
        self._make = postgresql or PostgreSQLDatabases
        self._made: dict[str, PostgreSQLDatabases] = {}

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

    @contextmanager
    def migrated(self, choice: Choice, folder: Path) -> Iterator[Database]:
        """A database with all tables, each of them as the revisions leave it. Raises `MissingRevisions`."""
        if choice.dialect == SQLITE:
            yield self.sqlite.migrated(folder)
        else:
            with self.postgresql(choice.url).migrated() as database:
                yield database

    @contextmanager
    def blank(self, choice: Choice, folder: Path) -> Iterator[Database]:
        """A database without any table."""
        if choice.dialect == SQLITE:
            yield self.sqlite.blank(folder)
        else:
            with self.postgresql(choice.url).blank() as database:
                yield database

    def close(self) -> None:
        """Let go of the servers; who owns the run stops ours, and drops what we have left on others."""
        for made in self._made.values():
            made.close()


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
        _migrate(self._database(file))
        return str(file)

    def _database(self, file: Path) -> Database:
        return Database(f"sqlite:///{file}", SQLITE)


class PostgreSQLDatabases:
    """PostgreSQL databases of one process: clones of a template on one server."""

    def __init__(self, run: Run, server: str) -> None:
        """`server`: the URL of a database there, whose user may create others."""
        self.server = server
        self._run = run
        self._loop = _Loop()
        try:
            self._connection = self._loop.call(asyncpg.connect(_dsn(server)))
        except (OSError, asyncpg.PostgresError) as error:
            self._loop.close()
            raise UnfitServer(server, error) from None
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
        _migrate(Database(url, POSTGRESQL))
        return _name(url)

    def _create(self, template: str, options: str = "") -> str:
        name = f"{self._run.name}_{os.getpid()}_{next(_NUMBERS)}"
        # The other strategy writes every page to the server's log: two to four times slower for small databases.
        # Before version 15 there was but one.
        strategy = "STRATEGY FILE_COPY" if self._connection.get_server_version() >= (15,) else ""
        try:
            create = f'CREATE DATABASE "{name}" TEMPLATE "{template}" {strategy} {options}'
            self._loop.call(self._connection.execute(create))
        except asyncpg.InsufficientPrivilegeError as error:
            raise UnfitServer(self.server, error) from None
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
    """Drop this run's databases on servers that are not ours."""

    async def drop(server: str) -> None:
        connection = await asyncpg.connect(_dsn(server))
        for (name,) in await connection.fetch(
            "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", run.name
        ):
            await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await connection.close()

    for file in run.folder.glob(f"{FOREIGN}*"):
        loop = _Loop()
        loop.call(drop(file.read_text()))
        loop.close()


def _migrate(database: Database) -> None:
    """Bring an empty database to the newest revision. Raises `MissingRevisions`."""
    settings = settings_for(database)
    upgrade(settings)
    import_module(MODELS)
    mapped = (it for it in Base.registry.mappers if it.class_.__module__.startswith(MODELS))
    tables = {it.local_table for it in mapped if not is_view(it.local_table)} - {*OwnBase.metadata.sorted_tables}
    missing = _run(_missing([it for it in tables if isinstance(it, Table)], settings))
    if missing:
        raise MissingRevisions(missing)


async def _missing(tables: Sequence[Table], settings: DatabaseSettings) -> Sequence[str]:
    """The names of those tables that a database does not have."""

    def look(connection: Connection) -> Sequence[str]:
        inspector = inspect(connection)
        return [str(table) for table in tables if not inspector.has_table(table.name, table.schema)]

    engine = create_engine(settings.direct, settings)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(look)
    finally:
        await engine.dispose()


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Do something to its end, also where an event loop is running already."""
    loop = _Loop()
    try:
        return loop.call(work)
    finally:
        loop.close()


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def _dsn(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _name(url: str) -> str:
    return str(make_url(url).database)
