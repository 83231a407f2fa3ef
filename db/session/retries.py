"""How often work that the database refuses for the sake of others is done, and how long to pause in between.

Nothing is done here. Which errors pass is the dialect's to say.
Source: https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html
"""

import random

ATTEMPTS = 8
FIRST_PAUSE_S = 0.005
MAX_PAUSE_S = 0.25


def pause_s(failures: int) -> float:
    """The seconds to wait after so many failures, before the next attempt.

    A random time, so that two who stood in each other's way do not meet again; at most a quarter second.
    """
    return random.uniform(0, min(MAX_PAUSE_S, FIRST_PAUSE_S * 2**failures))
