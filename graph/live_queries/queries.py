"""The live queries of one process: who shares which runs, what is heard of changes, and how many run at once.

A query enters that was prepared, with what is known of its sender; a `LiveQuery` leaves. The feed of changes is heard
from the first one on. Nothing is asked of a database here.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from db.changes import Batch, Feed, Lost
from graph.changes import Followed, Hearing
from graph.context import ContextFactory
from graph.live_queries.errors import InvalidThrottle, NotFollowed, no_log
from graph.live_queries.group import Counts, Group, Keys, LiveQuery, Run
from graph.live_queries.reads import RowReads, changed_by
from graph.prepare.documents import OperationRequest
from graph.prepare.live import throttle_ms
from graph.prepare.operation import CheckedOperation
from graph.response_cache.keys import KeyMaker
from graph.settings import Settings


class LiveQueries:
    """All live queries of one process."""

    def __init__(
        self,
        settings: Settings,
        feed: Feed | None,
        followed: Followed | None = None,
        always: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        """`feed`: None where nobody hears of changes. `followed`: None for a feed that tells of every table at once.

        `always`: by table, columns whose changes matter to whoever reads the table.
        """
        self._settings = settings
        self._hearing = None if feed is None else Hearing(feed, followed, self._hear)
        self._always = always
        self._maker = KeyMaker(is_shared=False)
        self._groups: dict[object, Group] = {}
        self.counts = Counts()
        self.turns = asyncio.Semaphore(settings.live_runs)

    @property
    def groups(self) -> int:
        """How many different ones there are."""
        return len(self._groups)

    @property
    def members(self) -> int:
        """How many ask, over all sockets and streams."""
        return sum(len(group.members) for group in self._groups.values())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve as long as the block lasts."""
        try:
            yield
        finally:
            if self._hearing is not None:
                self._hearing.end()
            for group in list(self._groups.values()):
                group.stop()

    def prepared(
        self,
        asked: OperationRequest,
        checked: CheckedOperation,
        contexts: ContextFactory,
        run: Run,
        *,
        is_alone: bool = False,
    ) -> LiveQuery:
        """A live query that may be entered. `is_alone`: its answers are nobody else's, whatever is known of them.

        Raises `NotLive` where nobody hears of changes, and `InvalidThrottle`.
        """
        if self._hearing is None:
            raise no_log()
        throttle_s, hearing = self._throttle_ms(checked) / 1000, self._hearing
        keys, is_shared = self._keys(asked, checked, contexts, is_alone=is_alone)
        told = checked.operation.cache_policy.tables

        def enter(query: LiveQuery) -> None:
            hearing.begin()
            is_of_several = is_shared and (keys.shared in self._groups or keys.own not in self._groups)
            key = keys.shared if is_of_several else keys.own
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = Group(self, key, throttle_s, told, is_shared=is_of_several)
            group.join(query)

        return LiveQuery(enter, keys, run)

    def _keys(
        self, asked: OperationRequest, checked: CheckedOperation, contexts: ContextFactory, *, is_alone: bool
    ) -> tuple[Keys, bool]:
        """Under which keys it is found, and whether several viewers may have one answer."""
        policy = checked.operation.cache_policy
        made = self._maker.keys(asked, checked, policy, contexts)
        is_nobodys = policy.is_private and not contexts.viewer.is_known
        if made is None or made.shared is None or is_alone or is_nobodys or not policy.is_told:
            nobody_elses = object()
            return Keys(nobody_elses, nobody_elses), False
        return Keys(made.shared, made.own), not (policy.is_private or policy.of_viewer)

    def _throttle_ms(self, checked: CheckedOperation) -> int:
        settings = self._settings
        least, most = settings.live_min_throttle_ms, settings.live_max_throttle_ms
        given = throttle_ms(checked.operation.node, checked.variables)
        if given is None:
            return min(max(settings.live_throttle_ms, least), most)
        if not least <= given <= most:
            raise InvalidThrottle(given, least, most)
        return given

    # What changes

    def _hear(self, heard: Batch | Lost) -> None:
        if not self._groups:
            return
        changed = None if isinstance(heard, Lost) else changed_by(heard.changes)
        for group in list(self._groups.values()):
            group.hear(changed)

    # What groups share

    async def until_followed(self) -> None:
        """Wait until all changes are heard of. Raises `NotFollowed`."""
        if self._hearing is not None and not await self._hearing.is_followed():
            raise NotFollowed

    def unrecorded(self, tables: Iterable[str]) -> list[str]:
        """Those of the tables whose changes nobody hears of."""
        return [] if self._hearing is None else self._hearing.unrecorded(tables)

    def reads(self, group: Group) -> RowReads:
        """What notes the reads of a run."""
        return RowReads(group.told, self._always)

    def enter(self, query: LiveQuery, key: object, group: Group) -> None:
        """Let somebody join the group of a viewer, which is made like another group if there is none."""
        found = self._groups.get(key)
        if found is None:
            found = self._groups[key] = Group(self, key, group.throttle_s, group.told, is_shared=False)
        found.join(query)

    def rename(self, group: Group, key: object) -> bool:
        """Let a group have another key; False where another group has that key."""
        self.forget(group)
        if key in self._groups:
            return False
        group.key = key
        self._groups[key] = group
        return True

    def forget(self, group: Group) -> None:
        """A group has ended."""
        if self._groups.get(group.key) is group:
            del self._groups[group.key]
