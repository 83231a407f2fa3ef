"""Documents that clients have added by Apollo's protocol: texts by their hashes, in the memory of one server.

Bounded in number and in size; the least recently asked for goes first. Not in a database: whoever may ask could fill
it, and a client whose document has gone sends its text once more.
"""

from collections import OrderedDict


class AddedDocuments:
    """Keeps the most recently used texts."""

    def __init__(self, capacity: int, max_bytes: int) -> None:
        self._capacity = capacity
        self._max_bytes = max_bytes
        self._texts: OrderedDict[str, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._texts)

    def get(self, sha256: str | None) -> str | None:
        """The text with this hash, if it is still here."""
        text = None if sha256 is None else self._texts.get(sha256)
        if text is not None and sha256 is not None:
            self._texts.move_to_end(sha256)
        return text

    def add(self, sha256: str, text: str) -> None:
        """Keep a text that has passed all limits; one that is too large is not kept, and is answered all the same."""
        if len(text.encode()) > self._max_bytes:
            return
        self._texts[sha256] = text
        self._texts.move_to_end(sha256)
        if len(self._texts) > self._capacity:
            self._texts.popitem(last=False)
