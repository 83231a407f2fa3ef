"""Databases for tests on MariaDB: each worker migrates one, and empties what a test has filled.

A server's URL enters, databases leave. A database is made anew when a test has changed the tables; numbers start anew
either way, and rows that revisions have written are as they were.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import make_url

from graph.testing.choices import MARIADB
from graph.testing.mariadb import ENVIRONMENT_VARIABLE
from graph.testing.migrated import NUMBERS, Database, Loop, UnfitServer, migrate
from graph.testing.runs import Run

PORT = 3306
COLLATION = "utf8mb4_general_ci"
"""As many servers have it: what must tell cases apart says so itself."""

KEPT = "_kept"
"""How the name of a database ends that keeps what revisions have written."""
HISTORIES = ("alembic_version", "trellis_history")
"""Tables of revisions."""
LOG = "trellis_changes"
"""The table in which triggers write down what has changed (docs/live.md)."""

SHAPE = """
    SELECT md5(group_concat(part ORDER BY part SEPARATOR ' ')) FROM (
        SELECT concat_ws(' ', table_name, column_name, column_type, is_nullable, collation_name, extra) AS part
        FROM information_schema.columns WHERE table_schema = database()
        UNION ALL SELECT concat_ws(' ', 'index', table_name, index_name, seq_in_index, column_name, non_unique)
        FROM information_schema.statistics WHERE table_schema = database()
        UNION ALL SELECT concat_ws(' ', 'constraint', table_name, constraint_name)
        FROM information_schema.table_constraints WHERE table_schema = database()
        UNION ALL SELECT concat_ws(' ', 'trigger', trigger_name, created)
        FROM information_schema.triggers WHERE trigger_schema = database()
        UNION ALL SELECT concat_ws(' ', 'routine', routine_name, last_altered)
        FROM information_schema.routines WHERE routine_schema = database()
    ) AS parts
"""
"""A digest of tables, columns, indexes, constraints, triggers and routines."""

TABLES = """
    SELECT table_name FROM information_schema.tables WHERE table_schema = database() AND table_type = 'BASE TABLE'
"""
COUNTING = """
    SELECT table_name FROM information_schema.tables WHERE table_schema = database() AND auto_increment > 1
"""
OTHERS = "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
_IS_FILLED = "SELECT '{0}' FROM DUAL WHERE EXISTS (SELECT 1 FROM `{0}`)"


class MariaDBDatabases:
    """MariaDB databases of one process, on one server."""

    def __init__(self, run: Run, server: str) -> None:
        """`server`: the URL of a database there, whose user may create others."""
        self.server = server
        self._run = run
        self._loop = Loop()
        try:
            self._connection = self._loop.call(_connect(server))
        except Exception as error:  # the driver has errors of many kinds
            self._loop.close()
            raise UnfitServer("MariaDB", server, PORT, ENVIRONMENT_VARIABLE, error) from None
        self._migrated: _EmptiableDatabase | None = None

    @contextmanager
    def migrated(self) -> Iterator[Database]:
        """A database with all tables, each of them as the revisions leave it. Raises `MissingRevisions`."""
        if self._migrated is None:
            database = self._create(KEPT)
            migrate(database)
            self._migrated = self._loop.call(_EmptiableDatabase.open(database))
        yield self._migrated.database
        try:
            is_empty = self._loop.call(self._migrated.empty())
        except Exception:  # a test has ended our connection, too
            is_empty = False
        if not is_empty:
            self._loop.call(self._migrated.close())
            self._drop(self._migrated.database)
            self._migrated = None

    @contextmanager
    def blank(self) -> Iterator[Database]:
        """A database without any table."""
        database = self._create()
        yield database
        self._drop(database)

    def close(self) -> None:
        """Let go of the server; the run stops it, or drops our databases when it is somebody else's."""
        if self._migrated is not None:
            self._loop.call(self._migrated.close())
        self._loop.call(self._connection.ensure_closed())
        self._loop.close()

    def _create(self, *beside: str) -> Database:
        """A database, and those beside it whose names go on so."""
        name = f"{self._run.name}_{os.getpid()}_{next(NUMBERS)}"
        try:
            for end in ("", *beside):
                create = f"CREATE DATABASE `{name}{end}` CHARACTER SET utf8mb4 COLLATE {COLLATION}"
                self._loop.call(_run(self._connection, create))
        except Exception as error:
            raise UnfitServer("MariaDB", self.server, PORT, ENVIRONMENT_VARIABLE, error) from None
        return Database(make_url(self.server).set(database=name).render_as_string(hide_password=False), MARIADB)

    def _drop(self, database: Database) -> None:
        self._loop.call(_drop(self._connection, str(make_url(database.url).database)))


class _EmptiableDatabase:
    """A database that goes from test to test."""

    def __init__(self, database: Database, connection: Any, shape: object, tables: Sequence[str]) -> None:
        self.database = database
        self._connection = connection
        self._shape = shape
        self._dirty = " UNION ALL ".join(
            f"SELECT '{it}' FROM DUAL WHERE EXISTS (SELECT 1 FROM `{it}`)" for it in tables
        )
        self._has_log = LOG in tables
        self._sums: dict[str, object] = {}
        """A sum of the rows of each table that revisions have filled; the rows themselves are in a database beside."""

    @classmethod
    async def open(cls, database: Database) -> "_EmptiableDatabase":
        connection = await _connect(database.url)
        await _run(connection, "SET SESSION foreign_key_checks = 0, group_concat_max_len = 100000000")
        tables = [name for (name,) in await _run(connection, TABLES) if name not in HISTORIES]
        found = cls(database, connection, None, tables)
        found._shape = await found._look()
        for name in await found._filled():
            await _run(connection, f"CREATE TABLE {found._kept(name)} AS SELECT * FROM `{name}`")
            found._sums[name] = await found._sum(name)
        return found

    async def empty(self) -> bool:
        """Remove what a test has left. False: that cannot be done, for tables are not as they were, or were filled."""
        for (process,) in await _run(self._connection, OTHERS):
            with suppress(Exception):  # it has ended meanwhile
                await _run(self._connection, f"KILL {process}")
        if await self._look() != self._shape:
            return False
        filled = [name for name in await self._filled() if name not in self._sums]
        for name, before in self._sums.items():
            if await self._sum(name) != before:
                await _run(self._connection, f"TRUNCATE TABLE `{name}`")
                await _run(self._connection, f"INSERT INTO `{name}` SELECT * FROM {self._kept(name)}")
        counting = [name for (name,) in await _run(self._connection, COUNTING) if name not in self._sums]
        for name in {*filled, *counting}:
            await _run(self._connection, f"TRUNCATE TABLE `{name}`")
        if filled and self._has_log:
            await _run(self._connection, f"TRUNCATE TABLE `{LOG}`")
        return True

    async def close(self) -> None:
        await self._connection.ensure_closed()

    async def _look(self) -> object:
        revisions = " UNION ALL ".join(f"SELECT version_num FROM `{name}`" for name in HISTORIES)
        return await _run(self._connection, SHAPE), {
            revision for (revision,) in await _run(self._connection, revisions)
        }

    def _kept(self, name: str) -> str:
        """A copy of a table, as a statement names it."""
        return f"`{make_url(self.database.url).database}{KEPT}`.`{name}`"

    async def _sum(self, name: str) -> object:
        return await _run(self._connection, f"CHECKSUM TABLE `{name}`")

    async def _filled(self) -> list[str]:
        return [name for (name,) in await _run(self._connection, self._dirty)] if self._dirty else []


async def drop_left_of_mariadb(run: Run, server: str) -> None:
    """Drop this run's databases on a server that is not ours."""
    connection = await _connect(server)
    for (name,) in await _run(connection, "SHOW DATABASES"):
        if name.startswith(run.name) and not name.endswith(KEPT):
            await _drop(connection, name)
    await connection.ensure_closed()


async def _drop(connection: Any, name: str) -> None:
    others = f"SELECT id FROM information_schema.processlist WHERE db = '{name}'"
    for (process,) in await _run(connection, others):  # a transaction that is open there would keep it
        with suppress(Exception):  # it has ended meanwhile
            await _run(connection, f"KILL {process}")
    await _run(connection, f"DROP DATABASE `{name}`")
    await _run(connection, f"DROP DATABASE IF EXISTS `{name}{KEPT}`")


async def _connect(server: str) -> Any:
    import asyncmy  # an extra, which those who test on other databases have no need of

    url = make_url(server)
    return await asyncmy.connect(
        host=url.host,
        port=url.port or PORT,
        user=url.username,
        password=url.password or "",
        database=url.database,
        unix_socket=url.query.get("unix_socket"),
        charset="utf8mb4",
        autocommit=True,
    )


async def _run(connection: Any, statement: str) -> Sequence[Sequence[Any]]:
    async with connection.cursor() as cursor:
        await cursor.execute(statement)
        return list(await cursor.fetchall()) if cursor.description else []
