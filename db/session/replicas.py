"""Which replicas serve reads: each is asked at intervals, and left out while it does not answer or is far behind.

Engines for probes enter, and what is under way on each replica; who is left out leaves, and who is silent has its reads
ended, so that sessions begin them once more elsewhere. How far each has followed the primary is learned on the way.
Nobody is asked before its first connection is open, and nothing is asked for any read but those that want to see what
was written a moment ago. Whose turn it is among those that serve is not known here.
Why: docs/decisions/0031-health.md, docs/decisions/0063-replicas.md.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from contextvars import Context
from typing import Any, NamedTuple, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import QueuePool

from db.dialects.connections import ConnectionsDialect, Servers
from db.session.positions import NOT_KNOWN, Lag, Position, Positions, Told
from db.session.under_way import UnderWay

T = TypeVar("T")

logger = logging.getLogger("trellis")

PRIMARY = "primary"
OPEN_S = 2.0
"""Seconds that a replica may take to answer where a connection has to be opened first."""
EACH_S = 1.0
"""The same for each of several servers, of which some may be silent."""
LOOKS = 4
"""Looks for one answer: after the first, an event loop that was kept busy itself is not taken for a silent database."""
ASK_AGAIN_S = 0.002
"""Seconds between two questions to a replica that is about to have what was written."""
HOPELESS_S = 1.0
"""Who is so far behind will not have it in some milliseconds."""


class Replica(NamedTuple):
    """A replica, as far as it is watched."""

    probing: AsyncEngine
    """What it is asked by, on connections that no read uses."""
    under_way: UnderWay | None
    """What is ended when it falls silent; None: it is a file, which does not."""


class ReplicaState(NamedTuple):
    """How a replica is at the moment."""

    serves: bool
    """Whether reads go there."""
    why: str
    """Why they do not; empty where they do."""
    lag: Lag | None
    """How far behind the primary it was when it was asked last; None where that is not known."""


class Replicas:
    """Those of one process, by name."""

    def __init__(
        self,
        primary: AsyncEngine,
        servers: Servers | None,
        replicas: dict[str, Replica],
        dialect: ConnectionsDialect,
        patience_s: float,
        max_lag_s: float,
        changed: Callable[[], None],
    ) -> None:
        """`changed` is called when one is left out, or comes back. `servers` are those that the primary is one of.

        Who does not answer within `patience_s` seconds is silent; as many lie between an answer and the next question.
        Who is further behind the primary than `max_lag_s` seconds does not serve.
        """
        self._primary = primary
        self._servers = servers
        self._replicas = replicas
        self._dialect = dialect
        self._patience_s = patience_s
        self._max_lag_s = max_lag_s
        self._changed = changed
        self._left_out: dict[str, str] = {}
        self._watching: dict[str, asyncio.Task[None]] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._letting_go: set[asyncio.Task[str | None]] = set()
        self._silent_about_it: set[str] = set()
        """Who cannot tell how far it is."""
        self.positions = Positions()

    def serves(self, name: str) -> bool:
        """Whether reads may go to this replica."""
        return name not in self._left_out

    def states(self) -> dict[str, ReplicaState]:
        """How each is, by name."""
        now = time.monotonic()
        return {
            name: ReplicaState(self.serves(name), self._left_out.get(name, ""), self.positions.lag(name, now))
            for name in self._replicas
        }

    def leave_out(self, name: str, why: str) -> None:
        """Let reads go elsewhere until this replica answers again."""
        if name in self._left_out:
            self._left_out[name] = why
            return
        logger.warning("%s is left out: %s. Reads go to the other replicas, else to the primary.", name, why)
        self._left_out[name] = why
        self.watch(name)
        self._changed()

    def opened(self, name: str) -> None:
        """A connection was opened: its server may have been started anew since it was asked, and show less than before.

        Source: https://www.postgresql.org/docs/current/hot-standby.html
        """
        self.positions.forget(name)
        self.watch(name)

    def watch(self, name: str) -> None:
        """Ask a replica at intervals from now on, and the primary in any case. Twice does nothing."""
        for each in (name, PRIMARY):
            if each not in self._watching:
                watching = self._watch_primary(each) if each == PRIMARY else self._watch(each)
                # The task belongs to no request: neither does its context.
                self._watching[each] = asyncio.create_task(watching, context=Context())

    async def has(self, position: Position, wait_s: float) -> bool:
        """Whether a replica that serves has what was written up to a position, soon enough.

        Those that are not known to have it are asked again and again, each by one question at a time for everybody.
        """
        loop, serving = asyncio.get_running_loop(), [name for name in self._replicas if self.serves(name)]
        end = loop.time() + wait_s
        while not any(self.positions.has(name, position) for name in serving):
            left_s = end - loop.time()
            asked = self._asked(serving) if left_s > 0 and position < NOT_KNOWN else ()
            if not asked:
                return False
            await asyncio.wait(asked, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            if not any(self.positions.has(name, position) for name in serving):
                await asyncio.sleep(min(ASK_AGAIN_S, max(0.0, end - loop.time())))
        return True

    async def shows(self, name: str, position: Position) -> bool:
        """Whether the server that a connection leads to has what was written; it is asked once where nobody knows."""
        if not self.positions.has(name, position) and (asked := self._asked([name])):
            await asyncio.wait(asked, timeout=self._patience_s)
        return self.positions.has(name, position)

    async def close(self) -> None:
        """Ask nobody any more, and forget who was left out."""
        tasks = [*self._watching.values(), *self._asking.values(), *self._letting_go]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._watching.clear()
        self._asking.clear()
        self._left_out.clear()
        self.positions = Positions()

    def _asked(self, names: Collection[str]) -> Collection[asyncio.Task[None]]:
        """The questions under way to those who are about to have what was written."""
        now = time.monotonic()
        lags = {name: self.positions.lag(name, now) for name in names if name not in self._silent_about_it}
        near = [name for name, lag in lags.items() if lag is None or lag.seconds < HOPELESS_S]
        for name in near:
            if name not in self._asking or self._asking[name].done():
                self._asking[name] = asyncio.create_task(self._ask(name), context=Context())
        return [self._asking[name] for name in near]

    async def _ask(self, name: str) -> None:
        with suppress(Exception):  # whatever it is, the watch will meet it
            async with self._replicas[name].probing.connect() as connection:
                await self._learn(name, connection)

    async def _watch(self, name: str) -> None:
        replica = self._replicas[name]
        while True:
            await asyncio.sleep(self._patience_s)  # who answers old friends alone is not asked by each read
            asking = asyncio.create_task(self._refusal(name, replica.probing))
            try:
                if not await _is_done(asking, self._limit_s(replica.probing)):
                    self._end_all(name, replica.under_way)
                elif (why := asking.result()) is None:
                    self._judge(name)
                elif why:
                    self.leave_out(name, why)
            finally:
                asking.cancel()
                await asyncio.wait({asking})

    async def _watch_primary(self, name: str) -> None:
        """Learn how far the primary is. Nothing is decided about one that does not say.

        Where it is one of several servers, a silent one is asked again at once: on a connection that is opened anew, to
        whichever is the primary by now. Whoever opens it notices that it is another one.
        """
        servers, open_s, pause_s = self._servers, OPEN_S, self._patience_s
        if servers is not None:
            open_s, pause_s = max(OPEN_S, servers.number * EACH_S), self._patience_s / 2
        while True:
            asking = asyncio.create_task(self._refusal(name, self._primary))
            self._letting_go.add(asking)
            asking.add_done_callback(self._letting_go.discard)
            is_answered = await _is_done(asking, self._limit_s(self._primary, open_s))
            if not is_answered:
                asking.cancel()  # which takes up to two seconds
                if servers is not None:
                    servers.doubt()
                    continue
            await asyncio.sleep(pause_s)

    def _limit_s(self, probing: AsyncEngine, open_s: float = OPEN_S) -> float:
        pool = probing.pool
        is_open = isinstance(pool, QueuePool) and pool.checkedin() > 0
        return self._patience_s if is_open else max(self._patience_s, open_s)

    async def _refusal(self, name: str, probing: AsyncEngine) -> str | None:
        """Why a replica does not serve; None if it answers, and nothing where it lives, but has too much to do."""
        try:
            async with probing.connect() as connection:
                await self._learn(name, connection)
        except Exception as error:  # whatever it is, there is no answer
            is_busy = isinstance(error, PoolTimeout) or self._dialect.is_busy(error)
            return "" if is_busy else type(error).__name__
        return None

    async def _learn(self, name: str, connection: AsyncConnection) -> None:
        """Ask a server how far it is; one that cannot tell is asked whether it lives. Raises what it says."""
        question = self._dialect.position
        if question is None or name in self._silent_about_it:
            await connection.exec_driver_sql("SELECT 1")
            return
        try:
            told: Any = (await connection.exec_driver_sql(question)).one()
        except DBAPIError as error:
            if self._dialect.outage(error) is not None or self._dialect.is_busy(error):
                raise
            # Not every server that speaks PostgreSQL's protocol has a log of PostgreSQL's.
            logger.warning("%s cannot tell how far it has followed the primary.", name)
            self._silent_about_it.add(name)
            return
        position, quiet_s = told
        if position is None:  # a server that waits for its first log
            return
        if name == PRIMARY:
            self.positions.note_primary(position, time.monotonic())
        else:
            self.positions.note(name, Told(position, quiet_s))

    def _end_all(self, name: str, under_way: UnderWay | None) -> None:
        """Leave out who is silent first, so that what is ended does not come here again."""
        self.leave_out(name, f"nothing comes from it for {self._patience_s:g} s")
        if under_way is not None:
            under_way.end()

    def _judge(self, name: str) -> None:
        """Decide about a replica that has answered."""
        lag = self.positions.lag(name, time.monotonic())
        if lag is not None and lag.seconds > self._max_lag_s:
            self.leave_out(name, f"it is {lag.seconds:.0f} s behind the primary")
        elif self._left_out.pop(name, None) is not None:
            self._changed()
            logger.warning("%s serves again.", name)


async def _is_done(asking: asyncio.Task[T], limit_s: float) -> bool:
    for _ in range(LOOKS):
        done, _ = await asyncio.wait({asking}, timeout=limit_s / LOOKS)
        if done:
            return True
    return False
