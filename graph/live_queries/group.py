"""One live query for all who ask it and may see the same: run once, told to each.

A run begins when somebody has joined, or when a change was heard of that matters to the answer; what is heard while it
runs is looked at when it is known what was read. So no change is missed, whichever came first. Whoever joins gets the
answer of a run that began later. Nothing is sent from here, and nobody waits for a client.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

from graph.live_queries.errors import not_recorded
from graph.live_queries.reads import Changed, RowReads

logger = logging.getLogger("trellis")

MAX_HEARD = 1_000
"""Batches that are kept while a run lasts; after more of them it is run again, whatever they were about."""
RETRY_S, MAX_RETRY_S = 1.0, 30.0
"""Seconds after which an answer is tried again that failed for reasons that pass; each time twice as many."""
SPREAD = 0.1
"""Up to this part of the throttle is added at random, so that groups and processes do not all run at one moment."""


class Answered(NamedTuple):
    """What one run came to."""

    payload: bytes
    """The answer as clients get it."""
    is_whole: bool = True
    """Whether it has no errors."""
    passes: bool = False
    """Whether it failed for a reason that passes by itself, as an overload does."""


Run: TypeAlias = Callable[[RowReads], Awaitable[Answered]]
"""Runs the query for one who asks, and notes what it reads. It raises nothing but cancellation."""


class Keys(NamedTuple):
    """Who may see the same answer."""

    shared: object
    """The key of all who may see the same, as long as no statement asks who it is for."""
    own: object
    """The key of one viewer."""


@dataclass
class Counts:
    """What became of live queries."""

    runs: int = 0
    same: int = 0
    """Runs whose answer was the same as before, so that nobody was told."""
    failed: int = 0
    """Runs whose answer had errors."""
    answers: int = 0
    """Answers that were told, one for each who was told."""
    superseded: int = 0
    """Answers that were never sent, because a newer one came before a client had read the one before."""
    split: int = 0
    """Groups that turned out to be of several viewers, each of which may see something else."""


class Around(Protocol):
    """What all groups share."""

    counts: Counts
    turns: asyncio.Semaphore

    async def until_followed(self) -> None:
        """Wait until all changes are heard of. Raises `NotFollowed`."""

    def unrecorded(self, tables: Iterable[str]) -> list[str]:
        """Those of the tables whose changes nobody hears of."""

    def reads(self, group: "Group") -> RowReads:
        """What notes the reads of a run."""

    def enter(self, query: "LiveQuery", key: object, group: "Group") -> None:
        """Let somebody join the group of a viewer, which is made like another group if there is none."""

    def rename(self, group: "Group", key: object) -> bool:
        """Let a group have another key; False where another group has that key."""

    def forget(self, group: "Group") -> None:
        """A group has ended."""


class LiveQuery:
    """A live query as one who asks has it. Whoever enters it leaves it."""

    def __init__(self, enter: Callable[["LiveQuery"], None], keys: Keys, run: Run) -> None:
        """`enter` has it join a group."""
        self._enter = enter
        self.keys = keys
        self.run = run
        self.group: Group | None = None
        self.since = 0
        """How many runs of the group had begun when it joined: their answers are too old."""
        self._told: bytes | None = None
        self._error: Exception | None = None

    def enter(self) -> None:
        """Be told answers from now on."""
        self._enter(self)

    async def next(self) -> None:
        """Wait until there is an answer that is another one than the last that was taken. Raises what has ended it."""
        while self._newest() is None:
            if self._error is not None:
                raise self._error.with_traceback(None)
            assert self.group is not None  # else it was not entered, or left
            await self.group.arrived.wait()

    def take(self) -> bytes | None:
        """The newest answer; None where it is the one that was taken last."""
        newest = self._newest()
        if newest is not None:
            self._told = newest
        return newest

    def leave(self) -> None:
        """Be told nothing more. Twice does nothing."""
        group, self.group = self.group, None
        if group is not None:
            group.leave(self)

    def fail(self, error: Exception) -> None:
        """Have it end with an error."""
        self._error = error

    def _newest(self) -> bytes | None:
        group = self.group
        if group is None or group.answer is None or group.answered <= self.since or group.answer == self._told:
            return None
        return group.answer


class Group:
    """All who ask the same query and may see the same."""

    def __init__(
        self,
        around: Around,
        key: object,
        throttle_s: float,
        told: frozenset[str],
        *,
        is_shared: bool,
    ) -> None:
        """`told`: tables that hints name. `is_shared`: whether it is of several viewers."""
        self.key = key
        self.throttle_s = throttle_s
        self.told = told
        self.is_shared = is_shared
        self.members: dict[LiveQuery, None] = {}
        self.answer: bytes | None = None
        self.begun = 0
        """How many runs have begun."""
        self.answered = 0
        """Which of them the answer is of."""
        self.arrived = asyncio.Event()
        """Set for a moment, whenever those who wait are to look."""
        self._around = around
        self._reads: RowReads | None = None
        self._is_dirty = False
        self._is_urgent = False
        """Whether somebody has no answer yet."""
        self._woken = asyncio.Event()
        self._due_s = 0.0
        self._heard: list[Changed | None] | None = None
        """What was heard of while a run is under way; None in its list: anything may have changed."""
        self._retry: asyncio.TimerHandle | None = None
        self._retry_s = RETRY_S
        # Of nobody's own: the task outlives the request in which it is made.
        self._task = asyncio.create_task(self._work(), name="live query", context=Context())

    # Who asks

    def join(self, query: LiveQuery) -> None:
        """Let somebody have the answer of the next run that begins, and of all later ones."""
        query.group, query.since = self, self.begun
        self.members[query] = None
        self._is_urgent = True
        self.mark()

    def leave(self, query: LiveQuery) -> None:
        """Let somebody go; with the last one the group ends."""
        self.members.pop(query, None)
        if not self.members:
            self.stop()

    def stop(self) -> None:
        """Run no more. Twice does nothing."""
        self._around.forget(self)
        self._keep_retry(None)
        self._task.cancel()

    # What changes

    def hear(self, changed: Changed | None) -> None:
        """Something has changed; None: anything may have."""
        if self._heard is not None:
            if len(self._heard) >= MAX_HEARD:
                self._heard = [None]
            else:
                self._heard.append(changed)
        elif not self._is_dirty and (changed is None or self._reads is None or self._reads.are_touched_by(changed)):
            self.mark()

    def mark(self) -> None:
        """Have it run again."""
        self._is_dirty = True
        self._woken.set()

    # Runs

    async def _work(self) -> None:
        try:
            while self.members:
                await self._until_due()
                await self._around.until_followed()
                async with self._around.turns:
                    await self._run()
        except Exception as error:  # tables that are not recorded, or a fault of ours
            self._end(error)

    async def _until_due(self) -> None:
        """Wait for a change, and then for the throttle, unless somebody waits for a first answer."""
        now = asyncio.get_running_loop().time
        while not self._is_dirty:
            self._woken.clear()
            await self._woken.wait()
        while not self._is_urgent and (wait_s := self._due_s - now()) > 0:
            self._woken.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()

    async def _run(self) -> None:
        """Run once, and tell if the answer is another one. Raises `NotLive`."""
        around, runner = self._around, next(iter(self.members))
        reads = around.reads(self)
        self._is_dirty = self._is_urgent = False
        self._keep_retry(None)
        self.begun += 1
        number, self._heard = self.begun, []
        try:
            answered = await runner.run(reads)
        finally:
            heard, self._heard = self._heard or [], None
        around.counts.runs += 1
        self._due_s = asyncio.get_running_loop().time() + self.throttle_s * (1 + SPREAD * random.random())
        self._refuse_unrecorded(reads)
        if not answered.is_whole:
            around.counts.failed += 1
            reads.doubt()
        if reads.of_viewer and self.is_shared and not self._keep_only(runner):
            return
        self._reads = reads
        self._tell(number, answered.payload)
        self._retry_s = RETRY_S if not answered.passes else self._retry_s
        if answered.passes:
            self._keep_retry(asyncio.get_running_loop().call_later(self._retry_s, self.mark))
            self._retry_s = min(2 * self._retry_s, MAX_RETRY_S)
        if any(changed is None or reads.are_touched_by(changed) for changed in heard):
            self.mark()

    def _tell(self, number: int, payload: bytes) -> None:
        """Let those know who wait."""
        if payload == self.answer:
            self._around.counts.same += 1
        else:
            self.answer = payload
        self.answered = number
        self._wake()

    def _wake(self) -> None:
        self.arrived.set()
        self.arrived.clear()

    def _refuse_unrecorded(self, reads: RowReads) -> None:
        missing = self._around.unrecorded(reads.tables)
        if missing:
            logger.warning(
                "A live query was refused, for changes of what it reads are not recorded. Where they are tables of the"
                " application: `trellis live install %s`, then `trellis db upgrade` (docs/live-queries.md).",
                " ".join(missing),
            )
            raise not_recorded()

    def _keep_only(self, runner: LiveQuery) -> bool:
        """The answer is for one viewer: let everybody else ask for themselves. Whether anybody is left here."""
        own = runner.keys.own
        self._around.counts.split += 1
        stays = self._around.rename(self, own)
        self.is_shared = False
        for query in list(self.members):
            if not stays or query.keys.own != own:
                del self.members[query]
                self._around.enter(query, query.keys.own, self)
        self._wake()
        if not self.members:
            self.stop()
        return bool(self.members)

    def _end(self, error: Exception) -> None:
        """Tell all who ask why there is no more."""
        self._around.forget(self)
        self._keep_retry(None)
        for query in self.members:
            query.fail(error)
        self._wake()

    def _keep_retry(self, retry: asyncio.TimerHandle | None) -> None:
        if self._retry is not None:
            self._retry.cancel()
        self._retry = retry
