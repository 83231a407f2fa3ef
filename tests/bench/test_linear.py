"""The curves: what grows as the question does, and what does not."""

import pytest
from rich.console import Console

from bench import linear, report
from tests.bench.runs import make_linear

WIDE = 160


def test_fixed_cost_is_in_the_time_of_the_first_rows_and_not_in_that_of_one_more() -> None:
    # 600 µs for a request and 7 µs for a row: 10 rows take 670 µs, 1,000 take 7,600 µs
    curve = {10: 67.0, 1_000: 7.6, 10_000: 7.06}
    assert linear.further(curve) == pytest.approx({1_000: 7.0, 10_000: 7.0})
    assert linear.longest_over_best(curve) == 1.0
    assert linear.worst_over_best(curve) == pytest.approx(67.0 / 7.06)


def test_cost_that_grows_faster_than_the_question_shows() -> None:
    quadratic = {size: 0.1 * size for size in (10, 100, 1_000)}
    assert linear.longest_over_best(quadratic) == pytest.approx(100)
    assert linear.longest_over_best(linear.further(quadratic)) == pytest.approx(10)


def test_both_readings_are_stored() -> None:
    stored = make_linear().as_json()
    assert stored["feed"].keys() == {"trellis", "limit"}
    assert stored["feed"]["trellis"]["us_per_item"]["10"] == 67.0
    assert stored["feed"]["trellis"]["us_per_further_item"]["10000"] == 7.0
    assert stored["feed"]["trellis"]["further_worst_over_best"] == 1.0
    assert stored["prepare"]["longest_over_best"] == 1.0


def test_both_readings_are_printed() -> None:
    console = Console(width=WIDE)
    with console.capture() as capture:
        console.print(report.linear_table(make_linear()))
    lines = capture.get().splitlines()
    place = next(number for number, line in enumerate(lines) if "a row of feed, Trellis" in line)
    assert lines[place].split()[-2:] == ["1.00", "9.49"]  # 67 µs for one of ten rows, 7.06 for one of 10,000
    assert lines[place + 1].split() == ["one", "more", "7.0", "7.0", "7.0", "1.00", "1.00"]


def test_a_curve_that_could_not_be_measured_has_no_number() -> None:
    console = Console(width=WIDE)
    with console.capture() as capture:
        console.print(report.linear_table(linear.Linear({"trellis": {}}, {10: 5.0}, {})))
    assert "-" in capture.get()
    assert linear.Linear({"trellis": {}}, {10: 5.0}, {}).as_json()["prepare"] == {"us_per_item": {"10": 5.0}}
