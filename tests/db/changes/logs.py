"""The log of a database of a test: tables of its own whose changes are recorded, what was told, and who follows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy import Connection, MetaData, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.changes.feed import Batch, Lost, RowChange
from db.changes.follower import Follower
from db.changes.log import ChangeLog
from db.changes.notifier import Notifier
from db.changes.sources import Listening, Looking
from db.dialects import dialect_of
from db.dialects.change_log import LogNames, TableKey
from db.session.engines import Engines
from migrations.cascading import cascading
from tests.own_tables import make_own_tables

PATIENCE_S = 60
"""How long something may take that happens at once on a quiet machine."""


async def run(engines: Engines, *statements: str) -> None:
    """Run statements in a transaction of their own."""
    async with engines.writing().begin() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)


async def make(engines: Engines, metadata: MetaData) -> None:
    """Make tables whose changes are recorded, and the log."""
    async with engines.writing().begin() as connection:
        await connection.run_sync(make_own_tables)
        dialect = connection.dialect
        for statement in dialect_of(dialect.name).change_log.create(LogNames.of(dialect)):
            await connection.exec_driver_sql(statement)
        await connection.run_sync(metadata.create_all)
        for table in metadata.sorted_tables:
            await connection.run_sync(record, table)


def record(connection: Connection, table: Table) -> None:
    """Record the changes of a table."""
    log, names = dialect_of(connection.dialect.name).change_log, LogNames.of(connection.dialect)
    found = TableKey(
        table.name, table.schema, tuple(it.name for it in table.primary_key), tuple(it.name for it in table.columns)
    )
    for statement in log.record(names, cascading(connection, log, found)):
        connection.exec_driver_sql(statement)


@asynccontextmanager
async def connected(engines: Engines) -> AsyncIterator[AsyncConnection]:
    """A connection on which nothing is begun."""
    async with engines.primary.execution_options(**engines.connections.autocommit).connect() as connection:
        yield connection


def log_of(engines: Engines, metadata: Collection[MetaData] = ()) -> ChangeLog:
    return ChangeLog(engines.primary.dialect, metadata)


async def number_all(connection: AsyncConnection, log: ChangeLog) -> None:
    """Give positions to all that is committed: other tests have transactions on the same server."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            while await log.number(connection):
                pass
            if (await log.waiting(connection)).oldest is None:
                return
            await asyncio.sleep(0.01)


async def told(engines: Engines, *metadata: MetaData, after: int = 0) -> list[Batch]:
    """All that was committed, as it is told."""
    log, found = log_of(engines, metadata), list[Batch]()
    async with connected(engines) as connection:
        await number_all(connection, log)
        while read := await log.read(connection, found[-1].position if found else after):
            found += read
    return found


async def changes(engines: Engines, *metadata: MetaData, after: int = 0) -> list[RowChange]:
    """The same, without positions."""
    return [change for batch in await told(engines, *metadata, after=after) for change in batch.changes]


class Heard:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.all: list[Batch | Lost] = []
        self._new = asyncio.Event()

    def __call__(self, heard: Batch | Lost) -> None:
        self.all.append(heard)
        self._new.set()

    @property
    def batches(self) -> list[Batch]:
        return [each for each in self.all if isinstance(each, Batch)]

    @property
    def lost(self) -> list[Lost]:
        return [each for each in self.all if isinstance(each, Lost)]

    @property
    def changes(self) -> list[RowChange]:
        return [change for batch in self.batches for change in batch.changes]

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Return once something is so; whatever is heard may make it so."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._new.clear()
                await self._new.wait()


@asynccontextmanager
async def following(
    engines: Engines, heard: Heard | None = None, *, poll_s: float = 0.05, metadata: Sequence[MetaData] = ()
) -> AsyncIterator[Follower]:
    """A process that follows, as a server does. It follows when the block begins, if anybody listens."""
    log = log_of(engines, metadata)
    apart = engines.apart(2, 5).execution_options(**engines.connections.autocommit)
    lasting = engines.lasting(5) if log.dialect.has_signals else None
    source = Looking(apart, log, numbers=True) if lasting is None else Listening(lasting, log, numbers=True)
    follower = Follower(log, source, apart, poll_s)
    notifier = Notifier(follower, log, apart)
    async with AsyncExitStack() as stack:
        if heard is not None:
            follower.listen(heard)
        await stack.enter_async_context(notifier.running())
        await stack.enter_async_context(follower.running())
        engines.commit_listeners.append(notifier.committed)
        stack.callback(engines.commit_listeners.remove, notifier.committed)
        if heard is not None:
            await heard.until(lambda: bool(heard.lost))  # the first look
        yield follower


async def becomes(is_so: Callable[[], bool]) -> None:
    """Return once something is so that nobody tells."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)


FOLLOWERS = "FROM pg_stat_activity WHERE application_name = 'trellis changes' AND datname = current_database()"


async def end_followers(engines: Engines, condition: str = "true") -> int:
    """End the connections on which processes listen, as an administrator may."""
    async with connected(engines) as connection:
        ended = await connection.execute(text(f"SELECT pg_terminate_backend(pid) {FOLLOWERS} AND {condition}"))
        return len(ended.all())
