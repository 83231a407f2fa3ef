"""The gate of one process: who may connect, and for how long a connection may keep us waiting.

Connections enter and are counted, in total and by network address; now and then each is asked whether it is late. One
timer looks after all of them, so that a request costs none. No byte is read or written here.
"""

import asyncio
from collections import Counter
from enum import Enum, auto
from typing import Protocol

from graph.rates.networks import network
from graph.serving.limits import IN_USE_S, MAX_REFUSED, SWEEP_S, Limits

STATUSES = (400, 408, 429, 431, 503)


class Refusal(Enum):
    """Why nobody else may connect."""

    TOTAL = auto()
    PER_ADDRESS = auto()


class Connection(Protocol):
    """What the gate knows of a connection."""

    def check(self, now_s: float) -> None:
        """End the connection if it is late."""

    def gives_way(self) -> bool:
        """End the connection if nothing is asked on it. Whether it has."""


class Gate:
    """Counts connections and tells them the time."""

    def __init__(self, limits: Limits, sweep_s: float = SWEEP_S) -> None:
        """`sweep_s`: seconds between two looks at all connections, and so how late each of them may be found late."""
        self.limits = limits
        self._sweep_s = sweep_s
        self.draining = False
        """Whether answers are the last of their connections."""
        self.in_use_s = IN_USE_S
        """How long after its last use a connection is not ended for want of one."""
        self.refused = dict.fromkeys(STATUSES, 0)
        """How many clients were refused before a request was read, by status."""
        self.now_s = 0.0
        """The loop's time when connections were last looked at: exact enough for limits of seconds, and free."""
        self._admitted: dict[Connection, str | None] = {}
        self._refused: set[Connection] = set()
        self._by_party: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._admitted)

    @property
    def is_flooded(self) -> bool:
        """Whether so many are refused that nobody is told why any more."""
        return len(self._refused) >= MAX_REFUSED

    def enter(self, connection: Connection, host: str | None) -> Refusal | None:
        """Count a connection, or say why it is refused. `host` is None for a Unix socket."""
        self._watch()
        counted = None if host is None else network(host)
        refusal = self._refusal(host, counted)
        if refusal is None:
            self._admitted[connection] = counted
            if counted is not None:
                self._by_party[counted] += 1
        else:
            self._refused.add(connection)
        return refusal

    def leave(self, connection: Connection) -> None:
        """Forget a connection. Calling it twice does nothing."""
        self._refused.discard(connection)
        counted = self._admitted.pop(connection, None)
        if counted is not None:
            self._by_party[counted] -= 1
            if not self._by_party[counted]:
                del self._by_party[counted]

    def _refusal(self, host: str | None, counted: str | None) -> Refusal | None:
        limits = self.limits
        if len(self._admitted) >= limits.connections and not self._makes_room():
            return Refusal.TOTAL
        if host is None or counted is None or not limits.connections_per_address:
            return None
        full = self._by_party[counted] >= limits.connections_per_address
        return Refusal.PER_ADDRESS if full and not limits.is_trusted(host) else None

    def _makes_room(self) -> bool:
        """End the oldest connection that is idle, as nginx does. Whether there was one."""
        for connection in self._admitted:
            if connection.gives_way():
                self.leave(connection)
                return True
        return False

    def _watch(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self.now_s = loop.time()
            self._timer = loop.call_later(self._sweep_s, self._sweep)

    def _sweep(self) -> None:
        self._timer = None
        if self._admitted or self._refused:
            self._watch()
        for connection in [*self._admitted, *self._refused]:
            connection.check(self.now_s)
