"""The cost of a schema grows as its entities do."""

import gc
import sys
from collections import Counter
from types import FrameType
from typing import Any

import pytest

from graph.entity.registry import Deferred
from tests.entity.copies import copied_schema


def counted_calls(number: int) -> int:
    """How many functions of Python are called to make a schema of this many entities."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    gc.disable()  # what other tests have left may call functions when it goes
    sys.setprofile(count)
    try:
        copied_schema(number)
    finally:
        sys.setprofile(before)
        gc.enable()
    return calls


def test_twice_the_entities_take_twice_the_calls() -> None:
    copied_schema(2)  # what is made once in a process: comparisons of values, caches of other libraries
    few, more, many = (counted_calls(number) for number in (4, 8, 16))
    # What each further entity costs: 4 of them from few to more, 8 of them from more to many.
    assert (many - more) / 8 == pytest.approx((more - few) / 4, rel=0.02)


def test_a_reference_to_a_type_is_followed_as_often_in_a_large_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    followed: Counter[int] = Counter()
    number = 0
    follow = Deferred.resolve_type

    def counted(self: Deferred) -> Any:
        followed[number] += 1
        return follow(self)

    monkeypatch.setattr(Deferred, "resolve_type", counted)
    for number in (4, 8, 16):
        copied_schema(number)
    assert (followed[16] - followed[8]) / 8 == (followed[8] - followed[4]) / 4 > 0
