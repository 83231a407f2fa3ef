"""What is kept of an answer, and where: one process keeps answers in its memory, several share them in Redis."""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from db.kept import Figures
from db.session.positions import Position

NOT_OURS = -1
"""The moment of an answer that another process may have made."""


class KeptAnswer(NamedTuple):
    """An answer, and how new it is."""

    body: bytes
    tables: tuple[str, ...]
    """What it was made of."""
    max_age_s: int
    began: float
    """When reading began, in seconds since 1970."""
    position: Position
    """How far the primary's log went on before: what had ended before that is in it."""
    moment: int
    """How many changes this process had heard of before (`TableChanges.now`)."""
    heard: int
    """The position of the feed of changes before."""
    objects: tuple[str, ...] = ()
    """The keys of objects that it shows, where a CDN is told."""

    def age_s(self, now: float) -> int:
        """Whole seconds since it was read."""
        return max(0, int(now - self.began))

    def is_over(self, now: float) -> bool:
        """Whether it is older than it may be."""
        return now >= self.began + self.max_age_s


class AnswerStore(Protocol):
    """Where answers are kept. What it raises is its own affair: it never fails a request."""

    is_shared: bool
    """Whether other processes keep answers there, too."""
    failures: int
    """How often it could not be asked, since the server started."""

    async def get(self, key: str) -> KeptAnswer | None:
        """The answer of a key, if it is there."""

    async def put(self, key: str, answer: KeptAnswer, heard_by_now: int) -> None:
        """Keep an answer, in the place of another one of its key. `heard_by_now`: the position of the feed."""

    async def drop(self, key: str) -> None:
        """Let go of an answer that is outdated."""

    def note_changed(self, tables: Collection[str], position: int) -> None:
        """Tell others that answers made of these tables before this position of the feed are outdated."""

    def note_lost(self, position: int) -> None:
        """Tell others that every answer from before this position is."""

    async def heard(self) -> int | None:
        """Up to which position of the feed others were told of changes; None where nobody was told, or nobody asks."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Do what is done beside requests, as long as the block lasts."""

    async def close(self) -> None:
        """Let go of what is open."""

    @property
    def figures(self) -> Figures | None:
        """How full it is, where that is known."""
