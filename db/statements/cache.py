"""Statements that were built once, for every operation that needs the same.

To build a statement takes longer than to run it. Equal identities mean equal statements; keys, limits and cursors are
bound when a statement runs. The least recently used ones go first. Nothing is executed here.
"""

from collections.abc import Callable, Hashable, Mapping

from db.kept import MAX_CACHE_BYTES, Cache, Figures, Kept
from db.statements.combined import Combination
from db.statements.statement import Statement

MAX_STATEMENTS = 2_000

BYTES_PER_STATEMENT = 55_000
BYTES_PER_PART = 1_200
"""For each part of its identity: a filter of 400 comparisons has 2,800 parts, and its statement takes 3.3 MB."""
BYTES_OF_LENGTH = 500
"""What it takes to remember that a list is long."""


class StatementCache:
    """The statements of one server, or of one test."""

    def __init__(self, capacity: int = MAX_STATEMENTS, max_cache_bytes: int = MAX_CACHE_BYTES) -> None:
        self._statements: Kept[Hashable, Statement] = Kept(capacity, Cache.STATEMENTS.share_of(max_cache_bytes), _size)
        self._combinations: Kept[Hashable, Combination] = Kept(
            capacity, Cache.COMBINATIONS.share_of(max_cache_bytes), _size
        )
        self._long: Kept[Hashable, bool] = Kept(capacity, Cache.LONG_LISTS.share_of(max_cache_bytes), _size_of_length)

    @property
    def figures(self) -> Mapping[str, Figures]:
        """How full it is."""
        return {
            Cache.STATEMENTS: self._statements.figures,
            Cache.COMBINATIONS: self._combinations.figures,
            Cache.LONG_LISTS: self._long.figures,
        }

    def get(self, identity: Hashable, build: Callable[[], Statement]) -> Statement:
        """The statement of this identity, built if there is none."""
        found = self._statements.get(identity)
        if found is None:
            found = self._statements[identity] = build().to_compiled()
        return found

    def combination(self, identity: Hashable) -> Combination:
        """What is remembered of statements that may be sent as one, under the identity of all of them together."""
        found = self._combinations.get(identity)
        if found is None:
            found = self._combinations[identity] = Combination()
        return found

    def is_long(self, identity: Hashable) -> bool:
        """Whether a list had many rows when it was last read."""
        return self._long.get(identity) or False

    def note_length(self, identity: Hashable, *, long: bool) -> None:
        """Remember whether a list has many rows: the next time, it is likely to have many again."""
        if long or identity in self._long:
            self._long[identity] = long


def _size(identity: Hashable, _statement: Statement | Combination) -> int:
    """About how many bytes a statement takes. To count its elements would take a tenth of the time to build it."""
    return BYTES_PER_STATEMENT + BYTES_PER_PART * _parts(identity)


def _size_of_length(identity: Hashable, _long: bool) -> int:
    return BYTES_OF_LENGTH + 100 * _parts(identity)


def _parts(identity: Hashable) -> int:
    """How many values stand in an identity, which is made of tuples; a long text counts as several."""
    parts, left = 0, [identity]
    while left:
        part = left.pop()
        if isinstance(part, tuple | frozenset):
            left += part
        parts += 1 + (len(part) // 64 if isinstance(part, str) else 0)
    return parts
