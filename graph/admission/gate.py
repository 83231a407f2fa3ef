"""A gate: a bounded number of places, a part of them for what is cheap, and a short queue in order of rank.

Whoever wants a place enters, at once or after a wait; `Overloaded` leaves where there is none in time. A place is never
lost: whoever leaves the queue, for whatever reason, has none or gives it on. No request and no operation is known here.
"""

import asyncio
import math
import random
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from itertools import count
from time import perf_counter
from typing import NamedTuple

from graph.errors import Overloaded
from graph.prepare.fields import Weight

LOOK_UP, PAGE, DEAR = Weight

RESERVED = 5
"""One of so many places is kept from what is dear; half of those that are kept, rounded down, also from pages."""

BY_WEIGHT, BY_PRICE, MAX_PRICE = 1 / 8, 1 / 64, 20
"""The handicap of each step in weight and in price."""
HANDICAP_S = 1.0
"""What a handicap is counted in. It does not grow with the longest wait: who waits would be overtaken for as long."""

QUEUED_FOR_EACH_PLACE = 20
MAX_RETRY_AFTER_S = 10
NEWEST = 0.2
"""What the newest of the pauses between two turns counts in their average."""


class Reason(StrEnum):
    """Why somebody who wanted a place has none."""

    FULL = "full"
    """The queue was full of others who go before."""
    DISPLACED = "displaced"
    """The queue was full, and somebody came who goes before."""
    TIMEOUT = "timeout"
    """The longest wait was over."""
    LEFT = "left"
    """Nobody waited for the answer any more."""


class Rank(NamedTuple):
    """Who goes first of those who came at about the same time: the smaller rank, of equal ones who came first.

    Nobody who is anonymous goes before anybody who is not. Otherwise who has waited for long goes before a smaller rank
    that has just come: under steady load, those who are dear would else be refused for ever.
    """

    anonymous: bool
    weight: Weight
    price: int

    @property
    def handicap(self) -> float:
        """By how much earlier one has to come to go before somebody of the smallest rank; about a half at most."""
        return self.weight * BY_WEIGHT + min(self.price, MAX_PRICE) * BY_PRICE


class _Waiter(NamedTuple):
    anonymous: bool
    due: float
    """When it came, and its handicap, by the clock of the loop."""
    number: int
    """Counts those who have waited: no two waiters are equal."""
    weight: Weight
    turn: asyncio.Future[Reason | None]
    """Done when the wait is over: with nothing when there is a place, else with the reason why there is none."""


class Gate:
    """Lets in as many as there are places for their weight. One for each database, or group of equal databases.

    To enter and to leave an empty gate takes a few attributes: no task, no future and no timer are made.
    """

    def __init__(
        self,
        places: int,
        max_queued: int | None = None,
        timeout_s: float = 1,
        note_wait_s: Callable[[float], object] = lambda _seconds: None,
        max_dear: int | None = None,
        handicap_s: float = HANDICAP_S,
    ) -> None:
        """Make it. Without `max_queued`, twenty may wait for each place. `note_wait_s` hears how long each waited.

        `max_dear` bounds dear ones further than the places do.
        """
        self.refused = dict.fromkeys(Reason, 0)
        self._timeout_s = timeout_s
        self._handicap_s = handicap_s
        self._note_wait_s = note_wait_s
        self._asked_for = max_queued
        self.queued = 0
        """How many wait."""
        self._numbers = count()
        # In order. Of dear ones none may have a place while others may, so they wait apart.
        self._queues: dict[Weight, list[_Waiter]] = {weight: [] for weight in Weight}
        self._pause_s = 0.0
        """Between two who were let in from the queue, on average."""
        self._last_turn = 0.0
        self._max_dear = max_dear
        self.places = self._free = self._free_for_pages = self._free_for_dear = 0
        self.resize(places)

    def resize(self, places: int) -> None:
        """Have so many places from now on. Who is in stays in."""
        before, after = limits_of(self.places, self._max_dear), limits_of(places, self._max_dear)
        self._free += after[LOOK_UP] - before[LOOK_UP]
        self._free_for_pages += after[PAGE] - before[PAGE]
        self._free_for_dear += after[DEAR] - before[DEAR]
        self.places = places
        self.max_queued = QUEUED_FOR_EACH_PLACE * places if self._asked_for is None else self._asked_for
        self._let_in()

    @property
    def in_flight(self) -> int:
        """How many places are held."""
        return self.places - self._free

    def enter_at_once(self, weight: Weight) -> bool:
        """Take a place if there is one for this weight. Whoever has taken one leaves.

        Nobody is overtaken: where there is a place for a weight, nobody of that weight, or of a smaller one, waits.
        """
        if not self._has_place(weight):
            return False
        self._free -= 1
        if weight >= PAGE:
            self._free_for_pages -= 1
            if weight >= DEAR:
                self._free_for_dear -= 1
        return True

    async def wait(self, rank: Rank) -> None:
        """Wait for a place that `enter_at_once` has not found. Raises `Overloaded` where there is none in time."""
        loop, began = asyncio.get_running_loop(), perf_counter()
        due = loop.time() + rank.handicap * self._handicap_s
        waiter = _Waiter(rank.anonymous, due, next(self._numbers), rank.weight, loop.create_future())
        if self.queued >= self.max_queued and not self._displace_one_behind(waiter):
            self.refused[Reason.FULL] += 1
            raise Overloaded(self._retry_after_s())
        if not self.queued:
            self._last_turn = began
        insort(self._queues[rank.weight], waiter)
        self.queued += 1
        timer = loop.call_later(self._timeout_s, self._refuse, waiter, Reason.TIMEOUT)
        try:
            reason = await waiter.turn
        except BaseException:  # a task may also be closed
            self._give_up(waiter)
            raise
        finally:
            timer.cancel()
            self._note_wait_s(perf_counter() - began)
        if reason is not None:
            raise Overloaded(self._retry_after_s())

    def leave(self, weight: Weight) -> None:
        """Give a place back, to whoever is next."""
        self._free += 1
        if weight >= PAGE:
            self._free_for_pages += 1
            if weight >= DEAR:
                self._free_for_dear += 1
        if self.queued:
            self._let_in()

    def _has_place(self, weight: Weight) -> bool:
        return (
            self._free > 0
            and (weight < PAGE or self._free_for_pages > 0)
            and (weight < DEAR or self._free_for_dear > 0)
        )

    def _let_in(self) -> None:
        """Give places to those who wait, as long as there are any for them."""
        while waiter := min(self._admissible(), default=None):
            self._remove(waiter)
            if not waiter.turn.done():  # else whoever waited has been cancelled, and does not know it yet
                self.enter_at_once(waiter.weight)
                self._note_turn()
                waiter.turn.set_result(None)

    def _admissible(self) -> Iterable[_Waiter]:
        """The first of each queue for whose weight there is a place."""
        return (queue[0] for weight, queue in self._queues.items() if queue and self._has_place(weight))

    def _displace_one_behind(self, waiter: _Waiter) -> bool:
        """Refuse whoever would be let in last, if this one goes before; whether there is room now."""
        last = max((queue[-1] for queue in self._queues.values() if queue), default=None)
        if last is None or last < waiter:
            return False
        self._refuse(last, Reason.DISPLACED)
        return True

    def _refuse(self, waiter: _Waiter, reason: Reason) -> None:
        self._remove(waiter)
        if not waiter.turn.done():  # as above
            self.refused[reason] += 1
            waiter.turn.set_result(reason)

    def _give_up(self, waiter: _Waiter) -> None:
        """Leave no trace of somebody who does not want to wait any more, and may have got a place a moment ago."""
        turn = waiter.turn
        if turn.done() and not turn.cancelled():
            if turn.result() is None:
                self.leave(waiter.weight)
            return
        self._remove(waiter)
        self.refused[Reason.LEFT] += 1

    def _remove(self, waiter: _Waiter) -> None:
        """Take somebody out of the queue. Twice does nothing."""
        queue = self._queues[waiter.weight]
        position = bisect_left(queue, waiter)
        if position < len(queue) and queue[position] is waiter:
            del queue[position]
            self.queued -= 1

    def _note_turn(self) -> None:
        now = perf_counter()
        self._pause_s += NEWEST * (now - self._last_turn - self._pause_s)
        self._last_turn = now

    def _retry_after_s(self) -> int:
        """About how long those take who wait now, and up to as long again, so that not all come back at once."""
        expected = math.ceil(self._pause_s * (self.queued + 1))
        expected = max(1, min(expected, MAX_RETRY_AFTER_S))
        return random.randint(expected, 2 * expected)


def limits_of(places: int, max_dear: int | None = None) -> Sequence[int]:
    """By weight, how many of the places those of that weight, and of greater ones, can hold together.

    Of two places or more, at least one is kept from dear ones.
    """
    kept = math.ceil(places / RESERVED) if places > 1 else 0
    dear = places - kept
    return places, places - kept // 2, dear if max_dear is None else min(dear, max_dear)
