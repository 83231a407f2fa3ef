"""How long connections were waited for, of one pool: those who found none ready, for it was opened or had to come back.

What is waited for enters and comes out as it is. Numbers leave, for whoever tells them; nothing is decided here.
"""

from bisect import bisect_left
from collections.abc import Awaitable
from itertools import accumulate
from time import perf_counter
from typing import TypeVar

from sqlalchemy.exc import TimeoutError as PoolTimeout

ENDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

T = TypeVar("T")


class Waits:
    """The waits for one pool since the server started."""

    def __init__(self) -> None:
        self.seconds = 0.0
        """Of all waits together."""
        self.timeouts = 0
        """How often there was no connection in time."""
        self._waits = [0] * (len(ENDS_S) + 1)

    async def over(self, opening: Awaitable[T]) -> T:
        """What a wait came to; however it ends, it is counted."""
        began = perf_counter()
        try:
            return await opening
        except PoolTimeout:
            self.timeouts += 1
            raise
        finally:
            waited_s = perf_counter() - began
            self.seconds += waited_s
            self._waits[bisect_left(ENDS_S, waited_s)] += 1

    @property
    def buckets(self) -> list[tuple[str, float]]:
        """How many were over within so many seconds, as Prometheus has it."""
        return list(zip((*map(str, map(float, ENDS_S)), "+Inf"), accumulate(self._waits), strict=True))
