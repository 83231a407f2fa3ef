"""What is kept for the next request: the most recently used, bounded by number and by bytes.

Texts and what was made of them enter, with about how many bytes they take; the oldest leave. Nothing is measured here.
"""

from collections import OrderedDict
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """Something that knows about how many bytes it takes."""

    @property
    def size(self) -> int:
        """In bytes, with its text."""


T = TypeVar("T", bound=Sized)


class Kept(Generic[T]):
    """Things by a text, which is their own or its hash."""

    def __init__(self, max_number: int, max_bytes: int) -> None:
        self._max_number = max_number
        self._max_bytes = max_bytes
        self._bytes = 0
        self._by_text: OrderedDict[str, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_text)

    def get(self, text: str) -> T | None:
        """What was kept for a text, now the last one to leave."""
        found = self._by_text.get(text)
        if found is not None:
            self._by_text.move_to_end(text)
        return found

    def keep(self, text: str, thing: T) -> None:
        """Keep a thing for a text that has none."""
        self._by_text[text] = thing
        self._bytes += thing.size
        while len(self._by_text) > self._max_number or self._bytes > self._max_bytes:
            self._bytes -= self._by_text.popitem(last=False)[1].size
