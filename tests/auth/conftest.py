"""A clock that stands still until a test moves it."""

import time

import pytest


class Clock:
    """What `time.time` says in a test."""

    def __init__(self) -> None:
        self.now_s = time.time()

    @classmethod
    def at(cls, monkeypatch: pytest.MonkeyPatch) -> "Clock":
        """A clock that everybody looks at until the patch is undone."""
        clock = cls()
        monkeypatch.setattr(time, "time", lambda: clock.now_s)
        return clock

    def move(self, seconds: float) -> None:
        """Let time pass at once."""
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of this test."""
    return Clock.at(monkeypatch)
