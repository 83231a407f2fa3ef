"""The size of a response while it grows: an upper bound of its bytes as JSON, kept below what an answer may have.

Objects enter, a batch at a time, with all that is known of their values when their selection is planned; what a
resolver has returned enters value by value. `AnswerTooLarge` leaves as soon as the bound is passed, before anything
else is fetched. Values with a greatest length are supposed to have that, and are looked at only where the sum of
suppositions would pass the bound: an ordinary list pays nothing for its values. An object that several others share is
counted once while the response grows, for memory holds one; at the end it counts as often as it is written.
Nothing is written here. Why: docs/decisions/0004-price-before-running.md.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import orjson

from db import exact_json
from graph.errors import AnswerTooLarge

Measurable: TypeAlias = Callable[[], Iterator[tuple[list[Any], int]]]
"""Makes lists of values that are to be measured, and how often each is written: made anew, for few are ever asked."""

NULL = 4
QUOTES = 2
BRACKETS = 2
COMMA = 1
PER_CHARACTER = 6
r"""Bytes of the longest, `\u0001`."""

FEW_VALUES = 16
"""So many values of rows are not counted while a response grows: what is written is looked at in the end anyway, and to
count them takes a hundredth of a look-up."""

MEASURED_AT_ONCE = 1_000
"""Values that are written together in order to be measured: as much memory is taken on top of the response."""


class AnswerSize:
    """How large a response has become."""

    def __init__(self, most_bytes: int, before: int = 0, most_values: int = sys.maxsize) -> None:
        """Begin with the size of what was answered to the same request before; `most_values` is known by the price."""
        self.counts_rows = most_values > FEW_VALUES
        """Whether values of rows are counted at all."""
        self.most_bytes = most_bytes
        """The bound."""
        self._before = before
        self._known = before
        self._supposed = 0
        """The upper bound of what is in `_unmeasured`."""
        self._unmeasured: list[Measurable] = []
        self._shown: dict[int, int] = {}
        """By depth: how often an object there is shown at most by those above it, where that may be more than once."""

    @property
    def bytes(self) -> int:
        """The upper bound so far, shared objects once."""
        return self._known + self._supposed

    @property
    def is_over(self) -> bool:
        """Whether the response is too large."""
        return self.bytes > self.most_bytes

    def add(self, known: int, most: int = 0, values: Measurable | None = None) -> None:
        """Add bytes that are known, and values of which no more is known than their most bytes together.

        Raises `AnswerTooLarge`.
        """
        self._known += known
        if values is not None:
            self._supposed += most
            self._unmeasured.append(values)
        if self._known + self._supposed > self.most_bytes:
            self._measure()

    def measure(self, values: list[Any], times: int) -> None:
        """Add values whose length nothing bounds, each of them written so often. Raises `AnswerTooLarge`."""
        if times * sum([len(value) for value in values if type(value) is str]) > self.most_bytes:
            raise AnswerTooLarge(self.most_bytes)  # before any of them is written
        for start in range(0, len(values), MEASURED_AT_ONCE):
            self.add(times * written(values[start : start + MEASURED_AT_ONCE]))

    def share(self, depth: int, times: int) -> None:
        """Note that those above show one object of a depth so many times at most."""
        self._shown[depth] = max(times, self._shown.get(depth, 1))

    @property
    def is_shared(self) -> bool:
        """Whether an object of the response may be shown by several others."""
        return bool(self._shown)

    def check(self, root: Any) -> None:
        """Count shared objects as often as they are shown, where there are any. Raises `AnswerTooLarge`."""
        most = self.bytes
        for times in self._shown.values():
            most *= times
        if most > self.most_bytes:
            self._known, self._supposed, self._unmeasured = self._before + written_out(root), 0, []
            if self._known > self.most_bytes:
                raise AnswerTooLarge(self.most_bytes)

    def _measure(self) -> None:
        """Put lengths in the place of suppositions, each once."""
        unmeasured, self._unmeasured, self._supposed = self._unmeasured, [], 0
        for make in unmeasured:
            for values, times in make():
                self._known += times * written(values)
                if self._known > self.most_bytes:
                    raise AnswerTooLarge(self.most_bytes)
        if self._known > self.most_bytes:
            raise AnswerTooLarge(self.most_bytes)


def written(values: list[Any]) -> int:
    """The bytes of values as JSON, without what stands between them."""
    return len(_json(values)) - BRACKETS - COMMA * (len(values) - 1)


def written_out(root: Any) -> int:
    """The bytes of a response as JSON, what several objects share as often as they show it: each is looked at once."""
    sizes: dict[int, int] = {}
    left = [root]
    while left:
        value = left[-1]
        inner = _inner(value)
        unknown = [item for item in inner if id(item) not in sizes]
        if unknown and id(value) not in sizes:
            sizes[id(value)] = 0  # for a JSON document that holds itself, and cannot be written
            left += unknown
        else:
            left.pop()
            sizes[id(value)] = _own(value) + sum([sizes[id(item)] for item in inner])
    return sizes[id(root)]


def _inner(value: Any) -> list[Any]:
    """The objects and lists in an object or a list."""
    items = value.values() if type(value) is dict else value
    return [item for item in items if type(item) in (dict, list)]


def _own(value: Any) -> int:
    """The bytes of an object or a list without those of the objects and lists in it."""
    if type(value) is dict:
        shown: Any = {key: 0 if type(item) in (dict, list) else item for key, item in value.items()}
    else:
        shown = [0 if type(item) in (dict, list) else item for item in value]
    return len(_json(shown)) - len(_inner(value))


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # as in the answer itself: a number beyond 64 bits, half of a surrogate pair, deep nesting
        return exact_json.dumps(value, default=str).encode()
