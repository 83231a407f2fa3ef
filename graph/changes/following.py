"""A follower and a notifier for the life of one server.

Engines, settings and the tables of a schema enter. Nothing is asked before somebody listens.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy import Table

from db.changes import Feed
from db.changes.follower import Follower
from db.changes.log import ChangeLog
from db.changes.notifier import Notifier
from db.changes.sources import Listening, Looking, Source
from db.session.engines import Engines
from graph.settings import Settings

CONNECTIONS = 2
TIMEOUT_S = 4
"""Seconds that a statement of the log may take."""


class Changes:
    """The change log as one server follows it."""

    def __init__(self, engines: Engines, settings: Settings, tables: Collection[Table]) -> None:
        """`tables` are those whose changes somebody may want to hear of; their keys are read as their types say."""
        self._engines = engines
        log = ChangeLog(engines.primary.dialect, {table.metadata for table in tables})
        apart = engines.apart(CONNECTIONS, TIMEOUT_S).execution_options(**engines.connections.autocommit)
        numbers = not settings.read_only
        lasting = engines.lasting(TIMEOUT_S) if log.dialect.has_signals else None
        source: Source = (
            Looking(apart, log, numbers=numbers) if lasting is None else Listening(lasting, log, numbers=numbers)
        )
        expected = frozenset(str(table.key) for table in tables)
        self.follower = Follower(log, source, apart, settings.changes_poll_s, expected)
        self._notifier = Notifier(self.follower, log, apart)

    @property
    def feed(self) -> Feed:
        """What has changed, for whoever wants to hear of it."""
        return self.follower

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell others of this process's commits, and follow once anybody listens, until the block ends."""
        listeners = self._engines.commit_listeners
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._notifier.running())
            await stack.enter_async_context(self.follower.running())
            listeners.append(self._notifier.committed)
            stack.callback(listeners.remove, self._notifier.committed)
            yield
