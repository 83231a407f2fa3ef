"""A copy of a SQLite database while others read and write it.

Settings and the path of a file enter; the file appears when the copy is whole and was checked, or not at all. The
database is read, never changed. A copy holds all that the database holds, so nobody else on the machine reads it.
Source: https://www.sqlite.org/backup.html
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.dialects import dialect_of
from db.private_files import FILE_MODE
from db.session.engines import create_engine
from db.settings import DatabaseSettings

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file while it is open."""
EVERY_PAGE = -1
"""All pages in one step. In several, a copy begins anew whenever another process has written in between, and under
steady writing never ends. Nobody waits for the one step: it reads one view of the write-ahead log."""
PRIMARY = 0xFF
"""The part of an error's code that says which kind it is. Source: https://www.sqlite.org/rescode.html"""
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class CannotBackUp(Exception):
    """No copy was made; nothing was changed."""


class NoFile(CannotBackUp):
    """The database is not a file that is there."""

    def __init__(self) -> None:
        super().__init__("The database is no file that is there, so there is nothing to copy.")


class ServerMakesCopies(CannotBackUp):
    """The database is a server's, which has tools of its own."""

    def __init__(self, command: str, target: Path) -> None:
        super().__init__(
            "The database of a server is copied by the server's own tools. For a dump of this one run:"
            f" {command.format(file=target)}; for a copy from which every moment can be restored see docs/backup.md."
        )


class IsThere(CannotBackUp):
    """The target is there."""

    def __init__(self, target: Path) -> None:
        super().__init__(f"{target} is there already. Name another file, or let it be replaced with --overwrite.")


class IsTheDatabase(CannotBackUp):
    """The target is the database itself, or a file that belongs to it."""

    def __init__(self, target: Path) -> None:
        super().__init__(f"{target} belongs to the database itself. Name another file.")


class IsNoFile(CannotBackUp):
    """Something stands at the target that no file can take the place of."""

    def __init__(self, target: Path) -> None:
        super().__init__(f"{target} is no file. Name a file, such as {target}/trellis-backup.db.")


class Damaged(CannotBackUp):
    """The copy does not pass SQLite's check, which says the same of the database."""

    def __init__(self, findings: list[str]) -> None:
        self.findings = findings
        shown = "; ".join(findings[:3])
        super().__init__(
            f"The copy is damaged, and most likely so is the database: {shown}. No copy was kept. Keep the copies of"
            " before, and see https://www.sqlite.org/recovery.html."
        )


def back_up(settings: DatabaseSettings, target: Path, *, overwrite: bool) -> int:
    """Copy the database into a file that appears when the copy is whole; how many bytes it has.

    Raises `CannotBackUp`, `OSError`, and what the database raises.
    """
    url = settings.primary
    dialect = dialect_of(url.get_backend_name())
    if dialect.care.dump is not None:
        raise ServerMakesCopies(dialect.care.dump, target)
    database = dialect.connections.file(url)
    if database is None or not database.exists():
        raise NoFile
    _see_to(target, database, overwrite=overwrite)
    with _appearing(target) as partial:
        findings = _copied(settings, url, url.set(database=str(partial)))
        if findings:
            raise Damaged(findings)
    return target.stat().st_size


def _see_to(target: Path, database: Path, *, overwrite: bool) -> None:
    files = {Path(f"{database.resolve()}{end}") for end in ("", *BESIDE)}
    if target.resolve() in files:
        raise IsTheDatabase(target)
    if target.exists() and not target.is_file():
        raise IsNoFile(target)
    if target.exists() and not overwrite:
        raise IsThere(target)


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    """A file beside the target that takes its place at the end; where the block fails, the target is as it was."""
    final = target.resolve()
    partial = final.with_name(f".{final.name}.part")
    _remove(partial)
    partial.touch(FILE_MODE, exist_ok=False)
    try:
        yield partial
        _to_disk(partial)
        partial.replace(final)
        _to_disk(final.parent)
    finally:
        _remove(partial)


def _remove(partial: Path) -> None:
    for end in ("", *BESIDE):
        Path(f"{partial}{end}").unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _copied(settings: DatabaseSettings, source: URL, target: URL) -> list[str]:
    """Copy, and say what is wrong with the copy, or with a database that cannot even be opened."""
    try:
        return asyncio.run(_copy(settings, source, target))
    except (DBAPIError, sqlite3.Error) as error:
        said = error.orig if isinstance(error, DBAPIError) else error
        code: int | None = getattr(said, "sqlite_errorcode", None)
        if code is None or code & PRIMARY not in DAMAGED:
            raise
        return [str(said)]


async def _copy(settings: DatabaseSettings, source: URL, target: URL) -> list[str]:
    """Copy, and say what SQLite finds wrong with the copy; nothing when all is well."""
    async with _connected(source, settings) as read, _connected(target, settings) as written:
        await (await _driver(read)).backup(await _driver(written), pages=EVERY_PAGE)
    async with _connected(target, settings) as copy:
        found = [str(line) for line in (await copy.exec_driver_sql("PRAGMA quick_check")).scalars()]
    return [] if found == ["ok"] else found


@asynccontextmanager
async def _connected(url: URL, settings: DatabaseSettings) -> AsyncIterator[AsyncConnection]:
    """A connection that knows our functions, for CHECKs and indexes may call them; nothing is begun on it."""
    engine = create_engine(url, settings)
    options = dialect_of(engine.dialect.name).connections.autocommit
    try:
        async with engine.execution_options(**options).connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def _driver(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection
