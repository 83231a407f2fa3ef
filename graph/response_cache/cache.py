"""The one place where it is decided whether a query is answered by an earlier answer, and which answers are kept.

A run begins with what was heard of changes before anything is read, and ends with what was read. An answer is kept only
where no change of its tables was heard of in between: what is read before a change and kept after it would stay.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

from graphql import OperationType
from strawberry.types import ExecutionResult

from db.changes.feed import Batch, Feed, Lost, Resync
from db.kept import Figures
from db.session import Engines, Reads
from db.session.positions import NOT_KNOWN, NOTHING_WRITTEN, Position
from db.session.written import end_of_log
from graph.context import ContextFactory
from graph.documents.caching import Freshness
from graph.documents.ids import PERSISTED_QUERY
from graph.errors import ClientError
from graph.own_writes import MARGIN_S
from graph.prepare.cache_control import CachePolicy
from graph.prepare.documents import InvalidDocument, NotAllowed, OperationRequest, Preparer
from graph.prepare.operation import CheckedOperation
from graph.response_cache.answers import NOT_OURS, AnswerStore, KeptAnswer
from graph.response_cache.changes import TableChanges
from graph.response_cache.keys import KeyMaker, Keys, document_hash
from graph.response_cache.surrogates import objects_in, surrogate_keys

logger = logging.getLogger("trellis")

QUERIES = (OperationType.QUERY,)
SHA256 = "sha256:"

NOT_OF_THE_RUN = frozenset({PERSISTED_QUERY})
"""Extensions of a request that ask nothing of the answer."""

UNKNOWN_TABLES = "unknown_tables"
CHANGED = "changed"
REPLICA = "replica"
ERRORS = "errors"
REFUSALS = (UNKNOWN_TABLES, CHANGED, REPLICA, ERRORS)
"""Why an answer that was to be kept was not."""


@dataclass(slots=True)
class Run:
    """A query whose answer may be kept, by the store or by caches of others, and what was known before it was read."""

    asked: OperationRequest
    """With its operation."""
    checked: CheckedOperation
    policy: CachePolicy
    max_age_s: int
    keys: Keys | None
    """None: no answer is looked for, or kept."""
    reads: Reads
    began: float
    began_monotonic: float
    moment: int
    heard: int
    position: Position = NOTHING_WRITTEN
    found: KeptAnswer | None = None
    """The earlier answer, if there is one."""
    objects: tuple[str, ...] = ()
    """The keys of objects that a new answer shows, where a CDN is told."""

    @property
    def freshness(self) -> Freshness:
        """What caches of others are told."""
        age_s = 0 if self.found is None else self.found.age_s(time.time())
        return Freshness(self.max_age_s, self.policy.is_private, age_s, is_kept=self.found is not None)

    @property
    def tables(self) -> Sequence[str] | None:
        """What the answer was made of, in order; None where nobody knows."""
        if self.found is not None:
            return self.found.tables
        is_known = self.reads.is_known or self.policy.tables
        return sorted(self.reads.tables | self.policy.tables) if is_known else None


@dataclass
class Counts:
    """What became of queries whose answers may be kept."""

    hits: int = 0
    misses: int = 0
    kept: int = 0
    kept_bytes: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """By reason."""
    outdated: Counter[str] = field(default_factory=Counter)
    """By table: earlier answers that were there, and a change had outdated; empty where everything may have changed."""


class ResponseCache:
    """The answers of one process, or of all that share them."""

    def __init__(
        self,
        preparer: Preparer,
        engines: Engines,
        store: AnswerStore | None,
        ages: Mapping[str, int],
        replica_life_s: float,
        surrogate_keys: str = "",
    ) -> None:
        """Make it. Without a store, it tells caches of others for how long they may keep answers.

        `ages`: seconds, by names of operations and hashes of documents, whatever hints say. `replica_life_s`: so long
        after a change, no replica serves that has not got it. `surrogate_keys`: the header for what an answer was made
        of.
        """
        self._surrogate_keys = surrogate_keys
        self._preparer = preparer
        self._engines = engines
        self.store = store
        self._ages = ages
        self._has_hashes = any(name.startswith(SHA256) for name in ages)
        self._replica_life_s = replica_life_s
        self._maker = KeyMaker(is_shared=store is not None and store.is_shared)
        self.changes = TableChanges()
        self._feed: Feed | None = None
        self._making_up: set[asyncio.Task[None]] = set()
        self.counts = Counts()

    def caches(self) -> Mapping[str, Figures]:
        """How full the store is, where that is known."""
        figures = None if self.store is None else self.store.figures
        return {} if figures is None else {"answers": figures}

    @property
    def _heard(self) -> int:
        return 0 if self._feed is None else self._feed.position

    @asynccontextmanager
    async def running(self, feed: Feed | None = None) -> AsyncIterator[None]:
        """Keep answers as long as the block lasts; with a feed, until it tells of a change of what they are made of."""
        async with AsyncExitStack() as stack:
            if self.store is not None:
                stack.push_async_callback(self.store.close)
                await stack.enter_async_context(self.store.running())
                if feed is not None:
                    stack.push_async_callback(await self.follow(feed))
            yield

    async def follow(self, feed: Feed) -> Callable[[], Awaitable[None]]:
        """Let the changes of a feed outdate answers. What is returned ends that."""
        stop = feed.listen(self._hear)
        self._feed = feed
        self.changes.lost(feed.position)
        await self._make_up(feed.position)

        async def end() -> None:
            stop()
            self._feed = None
            self.changes.lost(0)
            await asyncio.gather(*self._making_up)

        return end

    async def _make_up(self, position: int) -> None:
        """Tell others what has happened while this process did not listen: they may not have listened either."""
        store, feed = self.store, self._feed
        if store is None or feed is None or not store.is_shared:
            return
        heard = await store.heard()
        if heard is None:  # nobody was told of anything, or nobody can be asked
            store.note_lost(position)
            return
        try:
            batches = await feed.since(heard)
        except Exception as error:  # it is no longer known, or nobody can be asked
            if not isinstance(error, Resync):
                logger.warning("What has changed cannot be read (%s). All answers are read anew.", type(error).__name__)
            store.note_lost(position)
            return
        for batch in batches:
            store.note_changed({change.table for change in batch.changes}, batch.position)

    def _hear(self, heard: Batch | Lost) -> None:
        if isinstance(heard, Lost):
            self.changes.lost(heard.position)
            making_up = asyncio.create_task(self._make_up(heard.position))
            self._making_up.add(making_up)
            making_up.add_done_callback(self._making_up.discard)
            return
        tables = {change.table for change in heard.changes}
        self.changes.heard_of(tables, heard.position)
        if self.store is not None:
            self.store.note_changed(tables, heard.position)

    def committed(self, contexts: ContextFactory) -> None:
        """This process has changed something, or may have: earlier answers made of that are outdated at once."""
        if contexts.reads is not None and contexts.reads.changed:
            self.changes.committed(contexts.reads.changed)

    def begin(self, asked: OperationRequest, contexts: ContextFactory) -> Run | None:
        """A query whose answer may be kept; None for everything else, also for what is not valid."""
        known = asked.checked
        if isinstance(known, InvalidDocument) or (
            known is not None and known.operation.kind is not OperationType.QUERY
        ):
            return None
        if asked.extensions and not asked.extensions.keys() <= NOT_OF_THE_RUN:
            return None
        try:
            checked = self._preparer.checked(asked, QUERIES, contexts.budget)
        except (ClientError, InvalidDocument, NotAllowed):  # the operation itself says so
            return None
        policy = checked.operation.cache_policy
        max_age_s = self._age_of(asked, checked, policy)
        if not max_age_s or not policy.is_told or checked.operation.plan.incremental:
            return None
        is_nobodys = policy.is_private and not contexts.viewer.is_known
        looked_for = self.store is not None and not is_nobodys
        return Run(
            asked._replace(checked=checked),
            checked,
            policy,
            max_age_s,
            self._maker.keys(asked, checked, policy, contexts) if looked_for else None,
            Reads(),
            time.time(),
            time.monotonic(),
            self.changes.now,
            self._heard,
        )

    def _age_of(self, asked: OperationRequest, checked: CheckedOperation, policy: CachePolicy) -> int:
        """For how many seconds an answer is shown again."""
        if not self._ages:
            return policy.max_age_s
        name = checked.operation.node.name
        named = None if name is None else self._ages.get(name.value)
        if named is None and self._has_hashes:
            named = self._ages.get(SHA256 + document_hash(asked.query))
        return policy.max_age_s if named is None else named

    def headers(self, run: Run) -> Mapping[str, str]:
        """What an answer tells caches besides for how long it is good."""
        told = {} if run.found is None else {"Age": str(run.freshness.age_s)}
        tables = run.tables if self._surrogate_keys else None
        if tables:
            objects = run.objects if run.found is None else run.found.objects
            told[self._surrogate_keys] = surrogate_keys(self._surrogate_keys, [*tables, *objects])
        return told

    async def find(self, run: Run, contexts: ContextFactory) -> KeptAnswer | None:
        """An earlier answer that is as good as a new one for this viewer; else the run goes on, and is noted."""
        store, keys = self.store, run.keys
        if keys is not None or self._surrogate_keys:
            contexts.reads = run.reads
        if store is None or keys is None:
            return None
        own = [keys.own]
        wanted = own if keys.shared is None or run.policy.is_private or run.policy.of_viewer else [keys.shared, *own]
        for key in wanted:
            answer = await store.get(key)
            if answer is not None and await self._is_good(store, key, answer, run, contexts):
                self.counts.hits += 1
                run.found = answer
                return answer
        self.counts.misses += 1
        if contexts.needed.position:
            run.position = await self._position(contexts)
        return None

    async def _is_good(
        self, store: AnswerStore, key: str, answer: KeptAnswer, run: Run, contexts: ContextFactory
    ) -> bool:
        """Whether an earlier answer may be shown."""
        if answer.is_over(run.began) or answer.began > run.began + answer.max_age_s:
            await store.drop(key)
            return False
        outdating = self.changes.outdating(answer)
        if outdating is not None:
            self.counts.outdated[outdating] += 1
            await store.drop(key)
            return False
        # What another process has read is told by another clock.
        began = answer.began - MARGIN_S if answer.moment == NOT_OURS else answer.began
        return contexts.needed.is_met_by(answer.position, began)

    async def _position(self, contexts: ContextFactory) -> Position:
        """Where the primary's log went on to before this run reads: whoever has written before that is shown it.

        Asked and not believed: a token that is forged must not make an answer look newer than it is. A replica that is
        read after a position shows all that has ended there.
        """
        end = await end_of_log(self._engines)
        if end == NOT_KNOWN:
            return NOTHING_WRITTEN
        return end if contexts.after in (NOTHING_WRITTEN, NOT_KNOWN) else min(end, contexts.after + 1)

    async def keep(self, run: Run, result: ExecutionResult, body: bytes, contexts: ContextFactory) -> None:
        """Keep a new answer, unless something speaks against it."""
        store, keys = self.store, run.keys
        if self._surrogate_keys:
            run.objects = objects_in(result.data, run.policy.ids)
        if store is None or keys is None:
            return
        refusal = self._refusal(run, result, contexts)
        if refusal is not None:
            self.counts.refused[refusal] += 1
            return
        tables = tuple(run.tables or ())
        is_own = keys.shared is None or run.reads.of_viewer or run.policy.of_viewer or run.policy.is_private
        key = keys.own if is_own or keys.shared is None else keys.shared
        kept = KeptAnswer(body, tables, run.max_age_s, run.began, run.position, run.moment, run.heard, run.objects)
        self.counts.kept += 1
        self.counts.kept_bytes += len(body)
        await store.put(key, kept, self._heard)

    def _refusal(self, run: Run, result: ExecutionResult, contexts: ContextFactory) -> str | None:
        """Why an answer is not kept."""
        tables = run.tables
        if result.errors or result.data is None or result.extensions or contexts.cookies:
            return ERRORS
        if tables is None:
            return UNKNOWN_TABLES
        if self.changes.changed_after(run.moment, tables):
            return CHANGED
        from_replica = bool(self._engines.replicas) and contexts.after != NOT_KNOWN
        if from_replica and self.changes.heard_since(run.began_monotonic - self._replica_life_s, tables):
            return REPLICA  # a replica may not show yet what was heard of
        return None


def ages_of(cached_operations: Sequence[str]) -> dict[str, int]:
    """The seconds of each name and hash, as the setting has them."""
    ages: dict[str, int] = {}
    for each in cached_operations:
        name, _, seconds = each.rpartition("=")
        with suppress(ValueError):  # the settings have looked
            ages[name] = int(seconds)
    return ages
