"""Answers in the memory of one process: bounded by bytes, the least recently used leave first.

An answer that a change has outdated is found to be so when somebody asks for it, and makes room like any other until
then: to look for it at every change would cost more than the room.
"""

import sys
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager, nullcontext

from db.kept import Figures, Kept
from graph.response_cache.answers import KeptAnswer

MAX_ANSWERS = 1_000_000
"""The bytes are the bound."""
BYTES_BESIDE = 600
"""What an answer takes besides its bytes and the names of its tables, which all share: measured."""


class MemoryAnswers:
    """Answers that one process keeps."""

    is_shared = False
    failures = 0

    def __init__(self, max_bytes: int) -> None:
        self._kept: Kept[str, KeptAnswer] = Kept(MAX_ANSWERS, max_bytes, _size)

    @property
    def figures(self) -> Figures | None:
        """How full it is."""
        return self._kept.figures

    async def get(self, key: str) -> KeptAnswer | None:
        """The answer of a key."""
        return self._kept.get(key)

    async def put(self, key: str, answer: KeptAnswer, heard_by_now: int) -> None:
        """Keep it, unless it would take a fourth of all room."""
        self._kept[key] = answer

    async def drop(self, key: str) -> None:
        """Let go of it."""
        self._kept.drop(key)

    def note_changed(self, tables: Collection[str], position: int) -> None:
        """There are no others."""

    def note_lost(self, position: int) -> None:
        """There are no others."""

    async def heard(self) -> int | None:
        """There are no others."""
        return None

    def running(self) -> AbstractAsyncContextManager[None]:
        """There is nothing to do."""
        return nullcontext()

    async def close(self) -> None:
        """Nothing is open."""


def _size(key: str, answer: KeptAnswer) -> int:
    return len(answer.body) + len(key) + BYTES_BESIDE + sys.getsizeof(answer.tables)
