"""One process of all, on all machines that share a database, does something now; the others leave it to that one.

An engine enters; whether it is this process's turn leaves, for as long as a block lasts. The database itself decides:
by an advisory lock of a transaction, which ends with its connection and passes through PgBouncer, or by a lock on a
file beside its own, which ends with the process. No table is needed, and nothing is left behind by a crash.
"""

import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.dialects import dialect_of
from db.private_files import FILE_MODE

MAINTENANCE = 7_283_640_120
"""The number of the lock; that of migrations is one less."""
SUFFIX = "-maintenance"
"""The file of the lock is the database's with this at the end. It is empty and stays."""


@asynccontextmanager
async def turn(engine: AsyncEngine) -> AsyncIterator[bool]:
    """Whether this process is the one. A database in memory has no other.

    Raises what the database raises, and `OSError` where no file can be made beside the database's.
    """
    connections = dialect_of(engine.dialect.name).connections
    file = connections.file(engine.url)
    if connections.try_transaction_lock is not None:
        given = {"number": MAINTENANCE}
        async with engine.begin() as connection:
            is_ours = bool(await connection.scalar(text(connections.try_transaction_lock), given))
            try:
                yield is_ours
            finally:
                if is_ours and connections.give_transaction_lock is not None:
                    await connection.execute(text(connections.give_transaction_lock), given)
    elif file is not None:
        with _locked(Path(f"{file}{SUFFIX}")) as is_ours:
            yield is_ours
    else:
        yield True


@contextmanager
def _locked(file: Path) -> Iterator[bool]:
    file.touch(FILE_MODE)
    with file.open() as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
