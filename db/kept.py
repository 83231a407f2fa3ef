"""What is kept for the next request: the most recently used, bounded by number and by bytes.

Keys and what was made for them enter, with about how many bytes both take; the least recently used leave. Nothing is
measured here. Every cache that grows by what clients send is one of these (docs/decisions/0038-bounded-caches.md).
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

MIB = 1024 * 1024
MAX_CACHE_BYTES = 128 * MIB
"""Of all caches of a server together, unless the settings say otherwise."""

LARGEST_SHARE = 4
"""What takes more than this part of a cache is not kept: one request would push out what all others use."""


class Cache(StrEnum):
    """The caches of a server that share `TRELLIS_MAX_CACHE_BYTES`."""

    DOCUMENTS = "documents"
    REFUSED_DOCUMENTS = "refused_documents"
    STATEMENTS = "statements"
    COMBINATIONS = "combinations"
    SQL = "sql"
    LONG_LISTS = "long_lists"

    def share_of(self, max_bytes: int) -> int:
        """Its part of the bytes that all caches may take."""
        return max_bytes * SIXTEENTHS[self] // 16


SIXTEENTHS: Mapping[Cache, int] = {
    Cache.DOCUMENTS: 5,
    Cache.REFUSED_DOCUMENTS: 1,
    Cache.STATEMENTS: 4,
    Cache.COMBINATIONS: 1,
    Cache.SQL: 4,
    Cache.LONG_LISTS: 1,
}
"""How the bytes are shared out."""

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Figures(NamedTuple):
    """A cache at one moment."""

    entries: int
    bytes: int
    """About how many bytes its entries take."""
    max_bytes: int
    dropped: int
    """How many entries have made room for others so far."""
    hits: int
    """How often something was asked for that was there."""
    misses: int


class Kept(Generic[K, T]):
    """Things by their keys: a mapping, as far as caches need one."""

    def __init__(self, max_number: int, max_bytes: int, size_of: Callable[[K, T], int]) -> None:
        """Keep at most so many things and bytes; `size_of` estimates the bytes of a key and its thing, once."""
        self._max_number = max_number
        self._max_bytes = max_bytes
        self._size_of = size_of
        self._bytes = 0
        self._dropped = self._hits = self._misses = 0
        self._found: OrderedDict[K, tuple[T, int]] = OrderedDict()

    @property
    def figures(self) -> Figures:
        """How full it is."""
        return Figures(len(self._found), self._bytes, self._max_bytes, self._dropped, self._hits, self._misses)

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, key: object) -> bool:
        return key in self._found

    def get(self, key: K) -> T | None:
        """What was kept for a key, now the last one to leave."""
        found = self._found.get(key)
        if found is None:
            self._misses += 1
            return None
        self._hits += 1
        self._found.move_to_end(key)
        return found[0]

    def __getitem__(self, key: K) -> T:
        self._found.move_to_end(key)
        return self._found[key][0]

    def __setitem__(self, key: K, thing: T) -> None:
        self._drop(key)
        size = self._size_of(key, thing)
        if size * LARGEST_SHARE > self._max_bytes:
            return
        self._found[key] = thing, size
        self._bytes += size
        while len(self._found) > self._max_number or self._bytes > self._max_bytes:
            self._drop(next(iter(self._found)))
            self._dropped += 1

    def drop(self, key: K) -> None:
        """Let go of what was kept for a key."""
        self._drop(key)

    def _drop(self, key: K) -> None:
        if key in self._found:
            self._bytes -= self._found.pop(key)[1]
