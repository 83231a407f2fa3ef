"""How long things took, in the buckets of a histogram. Seconds enter, what Prometheus wants of a histogram leaves."""

from bisect import bisect_left
from itertools import accumulate

from prometheus_client.utils import floatToGoString

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Durations:
    """How long things of one kind took."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self.buckets = [0] * (len(BUCKETS_S) + 1)

    def add(self, seconds: float) -> None:
        """Count one."""
        self.seconds += seconds
        self.buckets[bisect_left(BUCKETS_S, seconds)] += 1

    def told(self) -> list[tuple[str, float]]:
        """The buckets as Prometheus has them: how many took at most so long."""
        ends = [*map(floatToGoString, BUCKETS_S), "+Inf"]
        return list(zip(ends, accumulate(self.buckets), strict=True))
