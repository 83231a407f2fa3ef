"""What a checkup says of one thing."""

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """How one thing was found."""

    OK = "ok"
    WARNING = "warning"
    """A server runs, and not as somebody may expect."""
    BROKEN = "broken"
    """A server does not start, or does not do what the settings say."""


class Result(NamedTuple):
    """What is said of one thing."""

    check: str
    """What was looked at, in a word or two."""
    state: State
    said: str
    """How it was found, as a sentence."""
    cure: str = ""
    """What to do; empty where nothing is to be done."""
    page: str = ""
    """Where the manual says more."""


def ok(check: str, said: str) -> Result:
    """What is as it should be."""
    return Result(check, State.OK, said)


def warning(check: str, said: str, cure: str, page: str) -> Result:
    """What may not be as somebody expects."""
    return Result(check, State.WARNING, said, cure, page)


def broken(check: str, said: str, cure: str, page: str) -> Result:
    """What keeps a server from its work."""
    return Result(check, State.BROKEN, said, cure, page)
