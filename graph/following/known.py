"""The rows of which a subscriber knows, so that word of their end tells nothing new.

Keys enter when a stream tells of their rows, or when a client says that it shows them and the viewer sees them. The
latest `MAX_KNOWN` are kept, so that what a stream holds does not grow with a table.
"""

from collections.abc import Iterable

from db.statements import Key

MAX_KNOWN = 1_000
"""Rows of which one subscription remembers that its client has seen them."""


class KnownRows:
    """What one subscriber has seen and may have kept."""

    def __init__(self, shown: Iterable[Key], gone: Iterable[Key], *, remembers: bool) -> None:
        """`shown` are seen; of those in `gone` the subscriber is told at the beginning that they are not.

        `remembers`: whether it matters which rows the subscriber is told of.
        """
        self._keys = dict.fromkeys(shown)
        self._gone = set(gone)
        self._remembers = remembers

    def __contains__(self, key: Key) -> bool:
        """Whether the subscriber has seen a row."""
        return key in self._keys

    def is_told_gone(self, key: Key) -> bool:
        """Whether the subscriber was told at the beginning that a row is gone, and has not seen the row since."""
        return key in self._gone

    def see(self, key: Key) -> None:
        """Remember a row that is told of, as the latest one."""
        self._gone.discard(key)
        if not self._remembers:
            return
        self._keys.pop(key, None)
        self._keys[key] = None
        if len(self._keys) > MAX_KNOWN:
            del self._keys[next(iter(self._keys))]

    def forget(self, key: Key) -> None:
        """Forget a row that is gone."""
        self._keys.pop(key, None)
