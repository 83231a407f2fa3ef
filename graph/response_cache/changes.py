"""When tables were changed last, as far as one process has heard: from the feed of changes, and by its own commits.

Names of tables enter in the order in which they are heard of; whether an answer is older than a change of what it was
made of leaves. Times are of three kinds: a count of what was heard, which orders all that this process has seen; the
position of the feed, which means the same in all processes; and the clock, for replicas.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from graph.response_cache.answers import NOT_OURS, KeptAnswer


@dataclass(slots=True)
class _Changed:
    """When a table was changed last."""

    moment: int = 0
    position: int = 0
    """Of the feed; 0: it has not told of it."""
    heard: float = 0.0
    """By `time.monotonic`."""
    committed: float = 0.0
    """By this process itself, in seconds since 1970."""


_NEVER = _Changed()


class TableChanges:
    """What one process has heard of changes."""

    def __init__(self) -> None:
        self.now = 1
        """How many changes were heard of; the first one is the start, before which nothing is known."""
        self._of: dict[str, _Changed] = {}
        self._everything = _Changed(1, 0, time.monotonic())

    def heard_of(self, tables: Iterable[str], position: int) -> None:
        """The feed has told of changes."""
        for changed in self._noted(tables):
            changed.position = max(changed.position, position)

    def committed(self, tables: Iterable[str]) -> None:
        """This process has committed changes."""
        now = time.time()
        for changed in self._noted(tables):
            changed.committed = now

    def lost(self, position: int) -> None:
        """Everything may have changed."""
        self.now += 1
        self._everything = _Changed(self.now, position, time.monotonic())

    def outdating(self, answer: KeptAnswer) -> str | None:
        """The table whose change has outdated an answer, `""` where everything may have changed; None: it is good."""
        if answer.moment != NOT_OURS:
            return self._first(answer.tables, lambda it: it.moment > answer.moment)
        return self._first(answer.tables, lambda it: it.position > answer.heard or it.committed >= answer.began)

    def changed_after(self, moment: int, tables: Iterable[str]) -> bool:
        """Whether one of these tables was changed after so many changes were heard of."""
        return self._first(tables, lambda it: it.moment > moment) is not None

    def heard_since(self, when: float, tables: Iterable[str]) -> bool:
        """Whether a change of one of these tables was heard of since then, by `time.monotonic`."""
        return self._first(tables, lambda it: it.heard > when) is not None

    def _noted(self, tables: Iterable[str]) -> Iterable[_Changed]:
        self.now += 1
        heard = time.monotonic()
        for table in tables:
            changed = self._of.setdefault(table, _Changed())
            changed.moment, changed.heard = self.now, heard
            yield changed

    def _first(self, tables: Iterable[str], is_later: Callable[[_Changed], bool]) -> str | None:
        if is_later(self._everything):
            return ""
        return next((table for table in tables if is_later(self._of.get(table, _NEVER))), None)
