"""What a limit is: never more than n in any window, and a wait that is true."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.rates.rules import MAX_DELAY_S, SLOTS, Delays, Limit, Log, limits
from graph.settings import DAY_S
from tests.entity.laws import tried

WINDOW_S = 60


@tried(200)
@given(
    amount=st.integers(1, 20),
    hits=st.lists(st.tuples(st.floats(0, 2 * WINDOW_S) | st.floats(0, 2), st.integers(1, 8)), max_size=60),
)
def test_never_more_than_n_are_in_any_window(amount: int, hits: list[tuple[float, int]]) -> None:
    limit, log, taken = Limit(amount, WINDOW_S), Log(), list[tuple[float, int]]()
    for at, (_, wanted) in zip(accumulate(pause for pause, _ in hits), hits, strict=True):
        if limit.wait_s(log, at, wanted) <= 0:
            log = limit.after(log, at, wanted)
            taken.append((at, min(wanted, amount)))
    for begin, _ in taken:
        assert sum(number for at, number in taken if begin <= at < begin + WINDOW_S) <= amount
    assert len(log) <= SLOTS + 1


@tried(200)
@given(amount=st.integers(1, 5), pauses=st.lists(st.floats(0, 30), max_size=30), wanted=st.integers(1, 7))
def test_whoever_waits_as_long_as_is_told_is_let_in(amount: int, pauses: list[float], wanted: int) -> None:
    limit, log, at = Limit(amount, WINDOW_S), Log(), 0.0
    for pause in pauses:
        at += pause
        if limit.wait_s(log, at, 1) <= 0:
            log = limit.after(log, at, 1)
    wait_s = limit.wait_s(log, at, wanted)
    assert 0 <= wait_s <= WINDOW_S + 1e-6
    assert limit.wait_s(log, at + wait_s + 1e-6, wanted) == 0


def test_a_clock_that_is_set_back_lets_nobody_in() -> None:
    limit = Limit(2, WINDOW_S)
    log = limit.after(limit.after([], 1000, 1), 940, 1)
    assert limit.wait_s(log, 941, 1) == 1000 + WINDOW_S - 941


def test_delays_grow_from_seconds_to_minutes_and_no_further() -> None:
    delays = Delays(5)
    waits = [delays.wait_s(delays.after([], 0, used), 0, 1) for used in (1, 4, 5, 10, 20, 100, 1000)]
    assert waits == [0, 0, 1.25, 5, 20, 500, MAX_DELAY_S]
    assert delays.wait_s(delays.after([], 0, 1000), DAY_S, 1) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", []), ("10/minute", [(10, 60)]), ("5 per 2 hours;7/day", [(5, 7200), (7, DAY_S)])],
)
def test_limits_are_written_as_the_library_has_them(text: str, expected: list[tuple[int, int]]) -> None:
    assert [(limit.amount, limit.seconds) for limit in limits(text)] == expected
