"""The log of changes as subscriptions of one process read it: batches after a position, each once and in order.

Nobody waits for a subscription: it is woken by a flag, and takes what has come since its position when it can. What has
come lately is kept for all of them; what is older is read from the log again. Nothing is known here of nouns.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from db.changes import Batch, Feed, Lost, Resync
from db.session import DeadlineExceeded
from graph.auth.signing import SigningKeys
from graph.changes import Followed, Hearing
from graph.errors import Overloaded
from graph.following.errors import ChangesGone, NotFollowed, no_log, not_recorded
from graph.following.positions import Positions
from graph.settings import Settings

MAX_KEPT_CHANGES = 10_000
"""Changes of rows that are kept for all subscriptions; who is further behind reads the log."""
READ_TOGETHER = 100
"""Transactions after which a subscription that is behind reads no more at once, about."""
RETRY_S, MAX_RETRY_S = 0.1, 2.0
"""Seconds after which what a database did not answer is asked again; each time twice as many."""
PATIENCE = 20
"""How often it is asked before the subscription ends, which then may go on from its last position."""
PASSING = (SQLAlchemyError, OSError, Overloaded, DeadlineExceeded)
"""What passes by itself, mostly."""

T = TypeVar("T")

logger = logging.getLogger("trellis")


class Following:
    """What subscriptions of nouns find as a service: the log, and positions in it."""

    def __init__(
        self,
        settings: Settings,
        feed: Feed | None,
        followed: Followed | None = None,
        discriminators: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        """`feed`: None where nobody hears of changes. `followed`: None for a feed that tells of every table at once.

        `discriminators`: by table that several classes share, the columns that tell of which class a row is.
        """
        self.discriminators = discriminators or {}
        self.positions = Positions(SigningKeys(settings))
        self._hearing = None if feed is None else Hearing(feed, followed, self._hear)
        self._recent: deque[Batch] = deque()
        """The latest batches, without a gap."""
        self._kept = 0
        self._woken: set[asyncio.Event] = set()

    @property
    def hears(self) -> bool:
        """Whether there is a log at all."""
        return self._hearing is not None

    @property
    def streams(self) -> int:
        """How many subscriptions there are."""
        return len(self._woken)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve as long as the block lasts."""
        try:
            yield
        finally:
            if self._hearing is not None:
                self._hearing.end()

    async def begin(self, tables: Iterable[str], many: str) -> int:
        """The position after which everything is told from now on.

        Raises `NotFollowable` where nobody hears of changes of these tables, and `NotFollowed`.
        """
        hearing = self._heard()
        hearing.begin()
        if not await hearing.is_followed():
            raise NotFollowed
        missing = hearing.unrecorded(tables)
        if missing:
            logger.warning(
                "A subscription to changes of %s was refused, for changes of their tables are not recorded."
                " `trellis live install %s`, then `trellis db upgrade` (docs/subscriptions.md).",
                many,
                " ".join(missing),
            )
            raise not_recorded(many)
        return hearing.feed.position

    async def check(self, position: int) -> None:
        """See that what followed a position is still there. Raises `ChangesGone`."""
        await self._read(position, most=1)

    async def batches(self, position: int) -> AsyncGenerator[Batch, None]:
        """All batches after a position, each once, as they come. Raises `ChangesGone`."""
        woken = asyncio.Event()
        self._woken.add(woken)
        try:
            while True:
                woken.clear()
                found = await self._after(position)
                for batch in found:
                    yield batch
                    position = batch.position
                if not found:
                    await woken.wait()
        finally:
            self._woken.discard(woken)

    def _heard(self) -> Hearing:
        if self._hearing is None:
            raise no_log()
        return self._hearing

    def _hear(self, heard: Batch | Lost) -> None:
        if isinstance(heard, Lost):  # what comes next may not be the next one
            self._recent.clear()
            self._kept = 0
        elif self._woken:
            self._keep(heard)
        for woken in self._woken:
            woken.set()

    def _keep(self, batch: Batch) -> None:
        recent = self._recent
        if recent and recent[-1].position + 1 != batch.position:
            recent.clear()
            self._kept = 0
        recent.append(batch)
        self._kept += len(batch.changes)
        while self._kept > MAX_KEPT_CHANGES or len(recent) > MAX_KEPT_CHANGES:
            self._kept -= len(recent.popleft().changes)

    async def _after(self, position: int) -> Sequence[Batch]:
        """The next batches; none where there is none yet."""
        if position >= self._heard().feed.position:
            return ()
        recent = self._recent
        if recent and recent[0].position <= position + 1 <= recent[-1].position:
            start = position + 1 - recent[0].position
            return list(islice(recent, start, start + READ_TOGETHER))
        return await self._read(position, READ_TOGETHER)

    async def _read(self, position: int, most: int) -> Sequence[Batch]:
        feed = self._heard().feed
        try:
            return await patiently(lambda: feed.since(position, most))
        except Resync:
            raise ChangesGone from None


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """The answer, when a database gives it: what fails for a reason that passes is asked again, for a while."""
    pause_s = RETRY_S
    for _ in range(PATIENCE - 1):
        try:
            return await ask()
        except PASSING as error:
            logger.info("What a subscription asks is asked again: %s", type(error).__name__)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, MAX_RETRY_S)
    return await ask()
