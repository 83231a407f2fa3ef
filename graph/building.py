"""Building what lives as long as the process: a schema, models, types, and the modules that declare them.

Nothing enters and nothing leaves; two limits of Python do not hold while a block runs.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

CALLS = 100_000
"""How deep calls may go: graphql-core walks from type to type, and 500 tables may refer to one another in a row."""


@contextmanager
def building() -> Iterator[None]:
    """Let the collector rest, and let calls go deep.

    A schema is made of hundreds of thousands of objects that stay. To look for garbage among all of them for each few
    that are new takes longer than to make them: 500 tables took 9.9 s of CPU, and take 4.8 s without. Nor are they
    looked through once it ends: all that was made counts as old. A block in a block changes nothing.
    """
    collects, calls = gc.isenabled(), sys.getrecursionlimit()
    gc.disable()
    sys.setrecursionlimit(max(calls, CALLS))
    try:
        yield
    finally:
        sys.setrecursionlimit(calls)
        if collects:
            _count_as_old()
            gc.enable()


def _count_as_old() -> None:
    """Let all objects be of the oldest generation, which nobody has to look through for that.

    Python has no other way to it. What somebody has frozen stays so, and then the new ones are looked through.
    """
    if not gc.get_freeze_count():
        gc.freeze()
        gc.unfreeze()
