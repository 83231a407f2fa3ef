"""How long things took, in the buckets of a histogram."""

from bisect import bisect_left
from functools import partial

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

bucket_of = partial(bisect_left, BUCKETS_S)
"""The number of the bucket that so many seconds belong to; the last one has no end."""
