"""Statements that were built once, for every operation that needs the same.

To build a statement takes longer than to run it. Equal identities mean equal statements; keys, limits and cursors are
bound when a statement runs. The least recently used ones go first. Nothing is executed here.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable

from db.statements.statement import Statement

MAX_STATEMENTS = 2_000
"""About 20 KB each."""


class StatementCache:
    """The statements of one server, or of one test."""

    def __init__(self, capacity: int = MAX_STATEMENTS) -> None:
        self._capacity = capacity
        self._statements: OrderedDict[Hashable, Statement] = OrderedDict()
        self._long: set[Hashable] = set()

    def get(self, identity: Hashable, build: Callable[[], Statement]) -> Statement:
        """The statement of this identity, built if there is none."""
        found = self._statements.get(identity)
        if found is None:
            found = self._statements[identity] = build().to_compiled()
            if len(self._statements) > self._capacity:
                self._statements.popitem(last=False)
        else:
            self._statements.move_to_end(identity)
        return found

    def is_long(self, identity: Hashable) -> bool:
        """Whether a list had many rows when it was last read."""
        return identity in self._long

    def note_length(self, identity: Hashable, *, long: bool) -> None:
        """Remember whether a list has many rows: the next time, it is likely to have many again."""
        if not long:
            self._long.discard(identity)
            return
        if len(self._long) >= self._capacity:
            self._long.clear()
        self._long.add(identity)
