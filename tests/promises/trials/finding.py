"""What a trial has found."""

import math
from collections.abc import Sequence
from typing import NamedTuple


class Finding(NamedTuple):
    """A figure for people, and the bars that do not hold; none: the promise does."""

    figure: str
    broken: Sequence[str] = ()

    @property
    def holds(self) -> bool:
        return not self.broken


def broken(**bars: bool) -> list[str]:
    """The names of those bars that are not kept: `broken(no_500=not failed)`."""
    return [name.replace("_", " ") for name, kept in bars.items() if not kept]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which such a share of all lies; 0 of none."""
    return sorted(values)[min(len(values) - 1, math.floor(share * len(values)))] if values else 0.0
