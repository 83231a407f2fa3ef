"""How far the replicas of one process have followed the primary.

Positions in the primary's log of changes enter, as servers tell them, with the moments of `time.monotonic` at which
they did. Whether a replica has what was written leaves, and how far behind it is. Nobody is asked here.
Source: https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-BACKUP
"""

import math
from bisect import bisect_right
from typing import NamedTuple, TypeAlias

Position: TypeAlias = int
"""A place in the primary's log of changes, in bytes; a larger one is later."""

NOTHING_WRITTEN: Position = 0
"""Every replica has it."""
NOT_KNOWN: Position = 1 << 64
"""Later than anything that a replica may tell: the primary alone is sure to have it."""

KEPT = 900
"""Positions of the primary that are kept: of a quarter of an hour, where each second has one."""
RECENT_S = 1.5
"""A replica may be as far behind the first position of all without saying how long it has been."""


class Needed(NamedTuple):
    """How new what is shown to somebody has to be, because of what they have written."""

    position: Position = NOTHING_WRITTEN
    """The end of the primary's log when that was there for everybody."""
    since: float = math.inf
    """When that was, in seconds since 1970; never, where it is not known."""
    moment: float = 0.0
    """The same of what has no position."""

    def and_also(self, other: "Needed") -> "Needed":
        """Both."""
        positions = [it for it in (self, other) if it.position]
        return Needed(
            max(self.position, other.position),
            max((it.since for it in positions), default=math.inf),
            max(self.moment, other.moment),
        )

    def is_met_by(self, position: Position, moment: float) -> bool:
        """Whether what was read after this moment is new enough, when the log went on to this position already.

        A log that ends where it ended then does not tell: COMMIT is written there some time before all can see it.
        """
        is_later = not self.position or position > self.position or moment > self.since
        return is_later and moment > self.moment


NOTHING_NEEDED = Needed()


class Lag(NamedTuple):
    """How far a replica is behind the primary."""

    bytes: int
    seconds: float


class Told(NamedTuple):
    """What a server has told of itself."""

    position: Position
    quiet_s: float | None
    """Seconds since the newest change that it has replayed; None of the primary."""


class Positions:
    """Those of the primary, lately, and of each replica, now."""

    def __init__(self) -> None:
        self._passed: list[Position] = []
        self._since: list[float] = []
        """When the primary was first seen at each of these positions."""
        self._replayed: dict[str, Told] = {}

    def note_primary(self, position: Position, now: float) -> None:
        """The primary is here. One that is behind where it was is another one, which was promoted."""
        if self._passed and position < self._passed[-1]:
            self._passed.clear()
            self._since.clear()
        if not self._passed or position > self._passed[-1]:
            self._passed.append(position)
            self._since.append(now)
        if len(self._passed) > KEPT:
            del self._passed[0], self._since[0]

    def note(self, name: str, told: Told) -> None:
        """A replica is here."""
        self._replayed[name] = told

    def forget(self, name: str) -> None:
        """Nobody knows where a replica is until it tells again."""
        self._replayed.pop(name, None)

    def has(self, name: str, position: Position) -> bool:
        """Whether a replica is known to have what was written up to a position."""
        told = self._replayed.get(name)
        return not position or (told is not None and told.position >= position)

    def lag(self, name: str, now: float) -> Lag | None:
        """How far a replica was behind when it told last; None where that is not known.

        A replica lacks what the primary wrote after the last position that both were at. Its own clock would count the
        time in which nothing was written, too, and knows nothing of what has not reached it.
        """
        told = self._replayed.get(name)
        if told is None or not self._passed:
            return None
        behind = self._passed[-1] - told.position
        if behind <= 0:
            return Lag(0, 0.0)
        first = bisect_right(self._passed, told.position)
        seconds = now - self._since[first]
        if first == 0 and seconds > RECENT_S:  # it was behind already when we first looked
            seconds = max(seconds, told.quiet_s or 0.0)
        return Lag(behind, seconds)
