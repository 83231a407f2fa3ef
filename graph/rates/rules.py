"""Rules: the hits of one name and a moment enter; the seconds until the next hit is allowed leave.

A log holds hits of a window that moves: of a limit of n, never more than n are in any window, however they are spread.
Nothing is kept here, and nobody is named.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from limits import parse_many

from graph.settings import DAY_S

SLOTS = 60
"""Hits of the same sixtieth of a window are kept as one, of the last one's time: a log is short whatever comes, and
nothing is forgotten too early."""

MAX_DELAY_S = 15 * 60
DELAY_DIVISOR = 20
"""The delay after n hits of a day is n²/20 seconds: 1.25 s after 5, 5 s after 10, 8 minutes after 100. Whoever guesses
all day has 185 guesses on the first day, and 120 on each later one, with however many addresses."""


class Hits(NamedTuple):
    """Hits that are kept as one."""

    at: float
    """Seconds since 1970, of the last of them."""
    amount: int


Log: TypeAlias = list[Hits]
"""The hits of a name, the oldest first."""


class Rule(ABC):
    """How often something may happen to one name."""

    seconds: int
    """The window: older hits count for nothing."""

    @abstractmethod
    def wait_s(self, log: Sequence[Hits], now: float, amount: int) -> float:
        """Seconds until so many hits more are allowed; 0 for now."""

    def used(self, log: Sequence[Hits], now: float) -> int:
        """How many hits are in the window that ends now."""
        return sum(hits.amount for hits in log if hits.at > now - self.seconds)

    def after(self, log: Sequence[Hits], now: float, amount: int) -> Log:
        """The log with so many hits more, and without those that are past."""
        kept = [hits for hits in log if hits.at > now - self.seconds]
        at = max(now, kept[-1].at) if kept else now  # a clock that was set back lets nothing in
        if kept and self._slot(kept[-1].at) == self._slot(at):
            amount += kept.pop().amount
        return [*kept, Hits(at, amount)]

    def _slot(self, at: float) -> int:
        return int(at * SLOTS // self.seconds)


class Limit(Rule):
    """At most so many hits in any window of so many seconds."""

    def __init__(self, amount: int, seconds: int) -> None:
        self.amount = amount
        self.seconds = seconds

    def wait_s(self, log: Sequence[Hits], now: float, amount: int) -> float:
        """Until enough of the hits are past. More than the whole limit is taken for the whole limit."""
        room, wanted = self.remaining(log, now), min(amount, self.amount)
        if room >= wanted:
            return 0
        for hits in log:
            if hits.at > now - self.seconds:
                room += hits.amount
                if room >= wanted:
                    return hits.at + self.seconds - now
        return self.seconds

    def remaining(self, log: Sequence[Hits], now: float) -> int:
        """How many hits more are allowed now."""
        return self.amount - self.used(log, now)

    def after(self, log: Sequence[Hits], now: float, amount: int) -> Log:
        """As any rule's; more than the whole limit counts as the whole limit."""
        return super().after(log, now, min(amount, self.amount))


class Delays(Rule):
    """After some free hits of a day, each next one waits: the more there were, the longer since the last one.

    Nobody is ever locked out by others for longer than a delay, and no number of clients together is faster.
    """

    seconds = DAY_S

    def __init__(self, free: int) -> None:
        self.free = free

    def wait_s(self, log: Sequence[Hits], now: float, amount: int) -> float:
        """Until the delay since the last hit is over."""
        used = self.used(log, now)
        if used < self.free or not log:
            return 0
        return max(0, log[-1].at + min(MAX_DELAY_S, used**2 / DELAY_DIVISOR) - now)


def limits(text: str) -> list[Limit]:
    """The limits of a text such as `10/minute;100/day`; none of an empty one. Raises `ValueError`.

    Source: https://limits.readthedocs.io/en/stable/quickstart.html#rate-limit-string-notation
    """
    return [Limit(item.amount, item.get_expiry()) for item in parse_many(text)] if text else []
