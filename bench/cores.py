"""Who runs where: the server under test has a core of its own, PostgreSQL and the load share the others.

Children inherit the cores of the moment in which they are started.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Cores(NamedTuple):
    """The cores of the machine, divided; on a machine with one, both sides have it."""

    server: frozenset[int]
    rest: frozenset[int]


def divide() -> Cores:
    """Give the first core to the server and move this process to the others."""
    first, *others = sorted(os.sched_getaffinity(0))
    cores = Cores(frozenset({first}), frozenset(others or {first}))
    os.sched_setaffinity(0, cores.rest)
    return cores


@contextmanager
def on(cores: frozenset[int]) -> Iterator[None]:
    """What is started inside runs on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
