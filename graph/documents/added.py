"""Documents that clients have added by Apollo's protocol: texts by their hashes, in the memory of one server.

Bounded in number and in size; the least recently asked for goes first. Not in a database: whoever may ask could fill
it, and a client whose document has gone sends its text once more.
"""

from typing import NamedTuple

from db.kept import LARGEST_SHARE, Figures, Kept


class _Added(NamedTuple):
    """A text, and the bytes that it takes in UTF-8."""

    text: str
    size: int


class AddedDocuments:
    """Keeps the most recently used texts."""

    def __init__(self, capacity: int, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept: Kept[str, _Added] = Kept(
            capacity, max(capacity, LARGEST_SHARE) * max_bytes, lambda _sha256, added: added.size
        )

    @property
    def figures(self) -> Figures:
        """How full it is."""
        return self._kept.figures

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, sha256: str | None) -> str | None:
        """The text with this hash, if it is still here."""
        added = None if sha256 is None else self._kept.get(sha256)
        return None if added is None else added.text

    def add(self, sha256: str, text: str) -> None:
        """Keep a text that has passed all limits; one that is too large is not kept, and is answered all the same."""
        size = len(text.encode())
        if size <= self._max_bytes and self._kept.get(sha256) is None:
            self._kept[sha256] = _Added(text, size)
