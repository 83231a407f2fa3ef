"""Whether a database can serve, as far as that is seen without writing.

An engine whose connection nobody else uses and the revisions of the code enter; a finding in one word leaves, never an
error nor any text of a database. What is seen: the file, its disk, the revision, the tables, whether changes are taken.
"""

import asyncio
import os
import shutil
from collections.abc import Collection
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, FromClause, false, inspect, literal_column, select, union_all
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.dialects import Failure, dialect_of, failure_of
from db.own import Feature, required_tables
from db.own.place import VersionTable, version_table
from db.revisions import History, history, own_history
from db.settings import DatabaseSettings

MIN_FREE_BYTES = 256 * 1024
"""With less, a disk is full: a change may need so much in the file of SQLite and in its log."""


class Problem(StrEnum):
    """Why a database should not be asked."""

    UNREACHABLE = "unreachable"
    NO_TABLES = "no_tables"
    OLDER_REVISION = "older_revision"
    NEWER_REVISION = "newer_revision"
    FILE_DELETED = "file_deleted"
    FILE_REPLACED = "file_replaced"
    READ_ONLY = "read_only"
    FULL = "full"


class Note(StrEnum):
    """What people should know of a database that serves."""

    BUSY = "busy"
    LEFT_OUT = "left_out"
    NEXT_REVISION = "next_revision"
    NO_REVISION = "no_revision"
    OWN_TABLES = "own_tables"


class Finding(NamedTuple):
    """How a database was found."""

    problem: Problem | None = None
    notes: tuple[Note, ...] = ()
    revision: str = ""
    """At which revision the tables are; empty where that was not looked at, or is not known."""


class Wanted(NamedTuple):
    """What the code needs of a database."""

    tables: tuple[FromClause, ...]
    revisions: History
    own_revisions: History
    version_table: VersionTable
    """Where the revision of the models' tables is kept."""
    own_version_table: VersionTable
    is_revised: bool = True
    """Whether the database is kept by these revisions; where not, none is looked for."""


def wanted_by(
    settings: DatabaseSettings,
    tables: tuple[FromClause, ...],
    own: Collection[Feature],
    *,
    is_revised: bool = True,
) -> Wanted:
    """What code with these settings needs: tables, the newest revision, and tables of ours for features."""
    of_models, of_ours = (version_table(settings, own=is_own) for is_own in (False, True))
    needed = (*tables, *required_tables(own))
    return Wanted(needed, history(), own_history(own), of_models, of_ours, is_revised)


class Probe:
    """Looks at one database again and again, and remembers its file."""

    def __init__(self, engine: AsyncEngine, wanted: Wanted, *, takes_changes: bool) -> None:
        """Looks at the file, to know it again.

        `takes_changes`: a primary has to take changes; a replica may take none, and may be a revision behind.
        """
        self._engine = engine
        self._wanted = wanted
        self._takes_changes = takes_changes
        self._dialect = dialect_of(engine.dialect.name).connections
        self._file = self._dialect.file(engine.url)
        self._seen = _identity(self._file)
        self._letting_go: set[asyncio.Task[Finding]] = set()

    async def look(self, timeout_s: float) -> Finding:
        """Look once; takes at most `timeout_s` seconds.

        A driver takes two seconds more to let go of a connection that has fallen silent. Nobody waits for that.
        """
        looking = asyncio.create_task(self._find())
        done, _ = await asyncio.wait({looking}, timeout=timeout_s)
        if done:
            return looking.result()
        looking.cancel()
        self._letting_go.add(looking)
        looking.add_done_callback(self._letting_go.discard)
        return Finding(Problem.UNREACHABLE)

    async def _find(self) -> Finding:
        try:
            return await self._look()
        except Exception as error:  # whatever it is, the database does not answer
            if self._dialect.is_busy(error):
                return Finding(notes=(Note.BUSY,))
            return Finding(Problem.UNREACHABLE)

    async def _look(self) -> Finding:
        if self._file is not None:
            problem = await asyncio.to_thread(self._look_at, self._file)
            if problem is not None:
                return Finding(problem)
        async with self._engine.connect() as connection:
            if await _lacks_tables(connection, self._wanted.tables):
                return Finding(Problem.NO_TABLES)
            if not self._takes_changes:
                return Finding()
            finding = await self._look_at_revisions(connection) if self._wanted.is_revised else Finding()
            if finding.problem is None and await self._dialect.is_read_only(connection):
                return finding._replace(problem=Problem.READ_ONLY)
            return finding

    async def _has_own_tables(self, connection: AsyncConnection) -> bool:
        wanted = self._wanted.own_revisions.newest
        if not wanted:
            return True
        try:
            found = await connection.run_sync(_revisions, self._wanted.own_version_table)
        except DBAPIError as error:
            if error.connection_invalidated or failure_of(error) is not None:
                raise
            return False  # this role may not read them
        return found is not None and wanted <= found

    def _look_at(self, file: Path) -> Problem | None:
        """Connections keep a file that has lost its name: what they write goes nowhere. Never makes a file."""
        identity = _identity(file)
        if identity is None:
            return Problem.NO_TABLES if self._seen is None else Problem.FILE_DELETED
        self._seen = self._seen or identity
        if identity != self._seen:
            return Problem.FILE_REPLACED
        may_write = self._takes_changes and os.access(
            file.parent, os.W_OK
        )  # a read-only disk has no room by its nature
        is_full = may_write and shutil.disk_usage(file.parent).free < MIN_FREE_BYTES
        return Problem.FULL if is_full else None

    async def _look_at_revisions(self, connection: AsyncConnection) -> Finding:
        notes = () if await self._has_own_tables(connection) else (Note.OWN_TABLES,)
        found = await connection.run_sync(_revisions, self._wanted.version_table)
        if found is None:  # the application was not migrated by Alembic; its tables are there
            return Finding(notes=(Note.NO_REVISION, *notes))
        problem, note = compare(found, self._wanted.revisions)
        return Finding(problem, notes if note is None else (note, *notes), ", ".join(sorted(found)))


def compare(found: frozenset[str], wanted: History) -> tuple[Problem | None, Note | None]:
    """Whether code may serve a database at these revisions: docs/decisions/0031-health.md."""
    if not wanted.newest or found == wanted.newest:
        return None, None
    if found <= wanted.known:
        return Problem.OLDER_REVISION, None
    if wanted.is_followed_by(found):
        return None, Note.NEXT_REVISION
    return Problem.NEWER_REVISION, None


def _identity(file: Path | None) -> tuple[int, int] | None:
    """The numbers of a file and of its device; None for one that is not there.

    They are not given to another file as long as a connection holds this one, and the probe's own does.
    """
    try:
        found = None if file is None else file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return None if found is None else (found.st_dev, found.st_ino)


def _revisions(connection: Connection, kept: VersionTable) -> frozenset[str] | None:
    """The revisions of a database; None without the table that keeps them.

    The table is looked for first: a server would write a question that fails into its log, at each probe.
    """
    if not inspect(connection).has_table(kept.name, kept.schema):
        return None
    return frozenset(connection.scalars(select(kept.rows)))


async def _lacks_tables(connection: AsyncConnection, tables: tuple[FromClause, ...]) -> bool:
    """Whether a table is missing. One statement names them all and reads no row."""
    if not tables:
        return False
    try:
        await connection.execute(
            union_all(*(select(literal_column("1")).select_from(each).where(false()) for each in tables))
        )
    except DBAPIError as error:
        if failure_of(error) is Failure.NO_TABLE:
            return True
        if error.connection_invalidated or failure_of(error) is not None:
            raise
    return False
