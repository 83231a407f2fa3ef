"""The line between a worker and its parent: two ends of a socket pair, on which a word or two is said.

A worker says that it serves, and how long it may take to end. The parent says that the worker may leave because others
serve in its place. When nobody holds the parent's end any more, because it stops or was killed, the worker drains.
"""

from contextlib import suppress
from enum import Enum, auto
from multiprocessing.connection import Connection

_LEAVE = b"leave"


class Word(Enum):
    """What a worker hears."""

    LEAVE = auto()
    """Others serve in its place."""
    END = auto()
    """The parent stops, or is gone."""


def say_serving(parent: Connection, drain_s: float) -> None:
    """Tell the parent that this worker serves, and how many seconds it may take to end when it is told to."""
    with suppress(OSError):  # a parent that is gone is heard soon enough
        parent.send_bytes(str(drain_s).encode())


def hear_serving(worker: Connection) -> float | None:
    """How many seconds a worker that serves may take to end; None for one whose end of the line is closed."""
    try:
        return float(worker.recv_bytes())
    except (EOFError, OSError):
        return None


def say_leave(worker: Connection) -> None:
    """Tell a worker that others serve in its place."""
    with suppress(OSError):  # it has ended
        worker.send_bytes(_LEAVE)


def hear_parent(parent: Connection) -> Word:
    """What the parent says."""
    try:
        return Word.LEAVE if parent.recv_bytes() == _LEAVE else Word.END
    except (EOFError, OSError):
        return Word.END
