"""Chance that comes out the same every time, and the one moment that all dates are counted from."""

import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

Row: TypeAlias = dict[str, Any]
"""A row by the names of its columns."""

TODAY = datetime(2026, 1, 1, tzinfo=UTC)
"""When the story ends. A real clock would make other rows every day."""


def days_ago(days: float) -> datetime:
    """A moment before the story's end, to the minute."""
    return TODAY - timedelta(minutes=round(days * 24 * 60))


class Dice:
    """Random choices from a seed and the name of what is made.

    Only `random()` is used: Python promises the same numbers from it in every version.
    Source: https://docs.python.org/3/library/random.html#notes-on-reproducibility
    """

    def __init__(self, seed: int, name: str) -> None:
        self._random = random.Random(f"{seed}/{name}").random

    def below(self, limit: int) -> int:
        """A number from 0 up to, not including, the limit."""
        return int(self._random() * limit)

    def between(self, low: int, high: int) -> int:
        """A number from low to high, both included."""
        return low + self.below(high - low + 1)

    def pick(self, things: Sequence[T]) -> T:
        """One of them."""
        return things[self.below(len(things))]

    def some(self, things: Sequence[T], count: int) -> list[T]:
        """So many different ones, or all there are."""
        left = list(range(len(things)))
        return [things[left.pop(self.below(len(left)))] for _ in range(min(count, len(left)))]

    def uuid7(self, moment: datetime) -> uuid.UUID:
        """A UUID of version 7 for a moment. Source: RFC 9562, section 5.7."""
        milliseconds = int(moment.timestamp() * 1000)
        low = self.below(2**31) << 31 | self.below(2**31)
        return uuid.UUID(int=milliseconds << 80 | 7 << 76 | self.below(2**12) << 64 | 0b10 << 62 | low)
