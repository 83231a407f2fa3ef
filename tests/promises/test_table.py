"""The table of promises is whole: each promise has evidence that is there, and the page tells of all of them."""

import re
from inspect import iscoroutinefunction
from pathlib import Path

import pytest

from tests.promises.__main__ import ROOT
from tests.promises.table import PROMISES, Promise, Suite, Trial
from tests.promises.trials.finding import Finding, broken, percentile
from tests.promises.trials.soak import drawn, slope

PAGE = (Path(__file__).parents[2] / "docs" / "promises.md").read_text(encoding="utf-8")
LINE = re.compile(r"^\| (\d+) \| \*\*([^*]+)\*\*", re.M)


@pytest.mark.parametrize("promise", PROMISES.values(), ids=lambda promise: promise.name)
def test_each_promise_has_evidence_that_is_there(promise: Promise) -> None:
    assert promise.evidence
    for evidence in promise.evidence:
        if isinstance(evidence, Suite):
            assert [name for name in evidence.ids if not (ROOT / name.partition("::")[0]).exists()] == []
        elif isinstance(evidence, Trial):
            assert iscoroutinefunction(evidence.function())


def test_the_page_tells_of_every_promise_under_its_number_and_name() -> None:
    assert list(PROMISES) == list(range(1, 33))
    assert {int(number): name for number, name in LINE.findall(PAGE)} == {
        number: promise.name for number, promise in PROMISES.items()
    }


def test_a_finding_holds_when_no_bar_is_missed() -> None:
    assert Finding("1 s", broken(in_time=True)).holds
    assert Finding("9 s", broken(in_time=False, no_500=True)).broken == ["in time"]
    assert percentile([3, 1, 2, 4], 0.5) == 3
    assert percentile([], 0.99) == 0


def test_the_growth_of_memory_is_that_of_its_line() -> None:
    assert slope([(minute, 100 + 2.0 * minute) for minute in range(10)]) == pytest.approx(2)
    assert slope([(1, 100), (2, 120), (3, 100)]) == pytest.approx(0)
    assert slope([(1, 100)]) == 0
    assert "<polyline" in drawn("sqlite", [(1, 100), (2, 110)], [(1, 5), (2, 6)])
