"""The follower of one process: hears that the log has grown, reads it, and tells listeners in order.

A source and a log enter; batches reach listeners, each once. The follower of one process of all is the relay, which
gives positions. It runs as soon as anybody listens, and costs nothing before.
Why: docs/decisions/0069-the-change-log.md.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.changes.feed import NOTHING, Batch, Listener, Lost, Resync
from db.changes.horizon import Horizon, warn
from db.changes.log import MOST, ChangeLog, Waiting, labels
from db.changes.sources import TRY_S, OpenSource, Source, Word
from db.dialects import Failure, failure_of

STEP_S = 5.0
"""Seconds that the database may take for one look; then its connection is taken for lost."""
RETRY_S = 0.1
"""Seconds after which a lost source is opened again, at first; each time twice as long, up to `MAX_RETRY_S`."""
MAX_RETRY_S = 2.0
HELD_S = 0.005
"""Seconds after which the relay looks again whether the oldest transaction has ended, at first; then as above."""
MAX_HELD_S = 0.25

logger = logging.getLogger("trellis")


class _Cut(Exception):
    """The source can be heard no more."""


class Follower:
    """A `Feed`."""

    def __init__(
        self,
        log: ChangeLog,
        source: Source,
        engine: AsyncEngine,
        poll_s: float,
        expected: frozenset[str] = NOTHING,
    ) -> None:
        """`engine` is for reads by `since`; `poll_s`: seconds after which the log is looked at though nobody said so.

        `expected`: the tables whose changes should be recorded; others are named in a warning.
        """
        self._log = log
        self._source = source
        self._engine = engine
        self._poll_s = poll_s
        self._expected = expected
        self._listeners: dict[int, Listener] = {}
        self._numbers = count()
        self._position: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._may_run = False
        self._woken = asyncio.Event()
        self._is_cut = False
        self._written = False
        self._heard = False
        self._is_held = False
        """Whether changes wait that are to be numbered soon: for another transaction, or for a turn to write."""
        self._due_at = 0.0
        self._complained = False
        self._held_s = HELD_S
        self.horizon = Horizon()
        self.is_relay = False
        """Whether this process gives positions."""
        self.is_following = False
        """Whether all that is committed is heard of: the source is open."""
        self.recorded: frozenset[str] = NOTHING
        """The tables of which every change is recorded, as far as that was looked at."""
        self.numbered = 0
        """Transactions that got a position from this process."""
        self.batches = 0
        """Transactions that listeners were told of."""
        self.lost = 0
        """How often it was not known what had happened."""

    @property
    def position(self) -> int:
        """Up to where listeners have heard; 0 before the first look."""
        return self._position or 0

    @property
    def is_running(self) -> bool:
        """Whether anybody has listened."""
        return self._task is not None

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have a listener called for what happens from now on; the returned function ends that.

        Whoever listens before the first look is told `Lost` then: changes may have come before it.
        """
        number = next(self._numbers)
        self._listeners[number] = listener
        self._start()
        return lambda: self._end(number)

    def _end(self, number: int) -> None:
        self._listeners.pop(number, None)

    async def since(self, position: int, most: int | None = None) -> Sequence[Batch]:
        """The batches after a position, up to where listeners have heard by now. Raises `Resync`.

        With `most`, the first of them: no more are read once there are so many.

        Another process may be ahead, and so may a position: there is nothing after it then, and listeners are told it
        once more.
        """
        up_to, found = self._position, list[Batch]()
        async with self._engine.connect() as connection:
            if up_to is None:
                up_to = await self._log.position(connection)
            if position >= up_to:
                await self._log.read(connection, position)  # raises for one that never was
                return found
            while position < up_to and (most is None or len(found) < most):
                read = await self._log.read(connection, position)
                if not read:
                    break
                found += read
                position = read[-1].position
        return [batch for batch in found if batch.position <= up_to]

    def written(self) -> None:
        """This process has committed changes."""
        self._written = True
        self._woken.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow, once anybody listens, until the block ends."""
        self._may_run = True
        self._start()
        try:
            yield
        finally:
            self._may_run = False
            if self._task is not None:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
                self._task = None
            self.is_relay = self.is_following = False

    def _start(self) -> None:
        if self._may_run and self._task is None and self._listeners:
            self._task = asyncio.create_task(self._follow(), name="changes")

    async def _follow(self) -> None:
        pause_s = RETRY_S
        while True:
            self._is_cut = False
            try:
                async with self._source.opened(self._hear, self._cut) as source:
                    await self._begin(source.connection)
                    self.is_following, self._complained, pause_s = True, False, RETRY_S
                    self._heard = True  # what came while nothing was heard
                    await self._go_on(source)
            except Exception as error:  # whatever it is, it is tried again
                self._complain(error)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, MAX_RETRY_S)

    async def _begin(self, connection: AsyncConnection) -> None:
        async with asyncio.timeout(STEP_S):
            self.recorded = labels(await self._log.recorded(connection))
            if self._position is not None:
                return
            self._position = await self._log.position(connection)
        missing = sorted(self._expected - self.recorded)
        if missing:
            logger.warning(
                "Nobody hears of changes of %s: their changes are not recorded, or not all of them. `trellis live"
                " status` says why, and `trellis live install` writes the revision that records them (docs/live.md).",
                ", ".join(missing),
            )
        self._tell_lost()

    async def _go_on(self, source: OpenSource) -> None:
        """Look and wait in turn. Raises what ends the source."""
        while True:
            self._woken.clear()
            async with asyncio.timeout(STEP_S):
                pause_s = await self._look(source)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._woken.wait()
            if self._is_cut:
                raise _Cut

    async def _look(self, source: OpenSource) -> float:
        """Number what is to be numbered and tell what is new; in how many seconds to look again."""
        was_relay, self.is_relay = self.is_relay, await source.is_relay()
        written, heard, self._written, self._heard = self._written, self._heard, False, False
        if written and not self.is_relay:
            await source.tell(Word.WRITTEN)
        now = asyncio.get_running_loop().time()
        is_due = now >= self._due_at
        if is_due:
            self._due_at = now + self._poll_s
        if self.is_relay:
            is_new = written or self._is_held or not was_relay
            if heard or is_new or (is_due and await source.has_news()):
                await self._number(source)
                await self._read(source.connection)
                return await self._pause_s(source.connection)
            return self._due_at - now
        self.horizon.forget()
        if heard or (is_due and await source.has_news()):
            await self._read(source.connection)
        return min(self._due_at - now, TRY_S)

    async def _number(self, source: OpenSource) -> None:
        self._is_held = False
        while (numbered := await self._log.number(source.connection)) != 0:
            self._is_held = numbered is None
            if numbered is None:
                return
            self.numbered += numbered
            self._held_s = HELD_S
            await source.tell(Word.NUMBERED)
            if numbered < MOST:
                return

    async def _pause_s(self, connection: AsyncConnection) -> float:
        """How long the relay may rest: not long where changes wait for the end of a transaction."""
        waiting: Waiting = await self._log.waiting(connection)
        if self.horizon.note(waiting):
            warn(await self._log.long_writer(connection), self.horizon.age_s)
        self._is_held = self._is_held or waiting.oldest is not None
        if not self._is_held:
            self._held_s = HELD_S
            return max(0.0, self._due_at - asyncio.get_running_loop().time())
        pause_s, self._held_s = self._held_s, min(2 * self._held_s, MAX_HELD_S)
        return min(pause_s, self._poll_s)

    async def _read(self, connection: AsyncConnection) -> None:
        """Tell listeners what has a position by now."""
        assert self._position is not None
        try:
            while batches := await self._log.read(connection, self._position):
                for batch in batches:
                    self._position = batch.position
                    self.batches += 1
                    self._tell(batch)
                await asyncio.sleep(0)  # requests come in between
        except Resync:
            self._position = await self._log.position(connection)
            self._tell_lost()

    def _hear(self, word: Word) -> None:
        if word is Word.NUMBERED or self.is_relay:
            self._heard = True
            self._woken.set()

    def _cut(self) -> None:
        self._is_cut = True
        self._woken.set()

    def _complain(self, error: Exception) -> None:
        """What happens until the source is open again is told then; until then nobody may rely on having heard."""
        was_following, self.is_following, self.is_relay = self.is_following, False, False
        self.horizon.forget()
        if was_following:
            self._tell_lost()
        if not self._complained:
            self._complained = True
            logger.warning(
                "Changes cannot be followed at the moment (%s); that is tried again. What is read meanwhile may be"
                " outdated for longer.",
                _reason(error),
            )

    def _tell_lost(self) -> None:
        self.lost += 1
        self._tell(Lost(self.position))

    def _tell(self, heard: Batch | Lost) -> None:
        for listener in tuple(self._listeners.values()):
            try:
                listener(heard)
            except Exception:  # the others are told nevertheless
                logger.exception("A listener of changes has failed")


def _reason(error: Exception) -> str:
    if isinstance(error, DBAPIError) and failure_of(error) is Failure.NO_TABLE:
        return "its tables are missing; run `trellis db upgrade`"
    return "the connection was lost" if isinstance(error, _Cut) else type(error).__name__
