"""Ledgers: what is counted stays, what is measured goes with its process, and several are told as one."""

from collections.abc import Mapping
from mmap import mmap
from typing import Any

import pytest
from graphql import GraphQLError
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from strawberry.types import ExecutionResult

from graph.durations import BUCKETS_S, bucket_of
from graph.metrics import Answer
from graph.prepare.documents import OperationRequest
from graph.telemetry import ledger as ledgers
from graph.telemetry.ledger import SIZE, Family, Kind, Ledger, Series, counter, of_counter, of_histogram
from graph.telemetry.ledgers import Told
from graph.telemetry.record import RequestRecord
from graph.telemetry.sums import MAX_CODES, MAX_NAMES, OTHER, OperationSums
from graph.telemetry.totals import Figures, metrics_of

ASKED = counter("asked", "Questions.")
OPEN = Series(Family("open", Kind.GAUGE, "Doors."), "open", ())
TOOK = Family("took_seconds", Kind.HISTOGRAM, "Time.")


def begun(memory: mmap | None = None) -> Ledger:
    """A ledger that a process has taken."""
    ledger = Ledger(memory)
    ledger.begin()
    return ledger


def told(*each: Told) -> Mapping[str, float]:
    """The numbers of samples without labels."""
    return {sample.name: sample.value for metric in metrics_of(each) for sample in metric.samples if not sample.labels}


def test_what_was_counted_stays_and_what_was_measured_goes() -> None:
    memory = mmap(-1, SIZE)
    ended = begun(memory)
    ended.values[ended.place(of_counter(ASKED))] += 3
    ended.values[ended.place(OPEN)] = 7
    assert told(Told(ended, is_alive=True)) == {"trellis_series_left_out_total": 0, "asked_total": 3, "open": 7}
    assert told(Told(ended, is_alive=False)) == {"trellis_series_left_out_total": 0, "asked_total": 3}
    heir = begun(memory)
    heir.values[heir.place(of_counter(ASKED))] += 1
    assert told(Told(Ledger(memory), is_alive=True)) == {
        "trellis_series_left_out_total": 0,
        "asked_total": 4,
    }


def test_an_heir_adds_to_figures_that_begin_at_nought_again() -> None:
    memory = mmap(-1, SIZE)
    for number in (5, 2):
        registry = CollectorRegistry()
        counted = Counter("asked", "Questions.", registry=registry)
        figures = Figures(begun(memory))
        for _ in range(number):
            counted.inc()
            for metric in registry.collect():
                figures.put(metric)
    assert told(Told(Ledger(memory), is_alive=False))["asked_total"] == 5 + 2


def test_series_that_were_half_named_by_somebody_who_was_killed_are_none() -> None:
    memory = mmap(-1, SIZE)
    killed = begun(memory)
    killed.place(of_counter(ASKED))
    before = killed.values[ledgers.TEXT]
    killed.block(of_histogram(TOOK, BUCKETS_S))
    killed.values[ledgers.TEXT] = before
    heir = begun(memory)
    heir.values[heir.block(of_histogram(TOOK, BUCKETS_S)) + 1 + bucket_of(0.003)] += 1
    assert told(Told(heir, is_alive=True))["took_seconds_count"] == 1
    assert len(heir.series()) == len(set(heir.series()))


def test_numbers_that_do_not_follow_one_another_get_new_places() -> None:
    ledger = begun()
    first, *others = of_histogram(TOOK, BUCKETS_S)
    ledger.place(first)
    ledger.place(of_counter(ASKED))
    at = ledger.block([first, *others])
    ledger.values[at] += 0.5
    ledger.values[at + 1 + bucket_of(0.5)] += 1
    found = told(Told(ledger, is_alive=True))
    assert (found["took_seconds_sum"], found["took_seconds_count"], found["asked_total"]) == (0.5, 1, 0)


def test_series_without_room_are_counted_and_harm_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "MAX_SERIES", 5)
    ledger = begun()
    ledger.values[ledger.place(of_counter(ASKED))] += 1
    at = ledger.block(of_histogram(TOOK, BUCKETS_S))
    for place in range(at, at + len(BUCKETS_S) + 2):
        ledger.values[place] += 1
    assert told(Told(ledger, is_alive=True)) == {
        "trellis_series_left_out_total": len(BUCKETS_S) + 2,
        "asked_total": 1,
    }


def test_figures_come_out_of_ledgers_as_they_went_in_added_up() -> None:
    registry = CollectorRegistry()
    asked = Counter("asked", "Questions.", ["who"], registry=registry)
    doors = Gauge("open", "Doors.", registry=registry)
    took = Histogram("took_seconds", "Time.", ["who"], buckets=(0.1, 1), registry=registry)
    two = [begun(), begun()]
    figures = [Figures(ledger) for ledger in two]
    for who in ("a", 'b "quoted"\n'):
        asked.labels(who).inc()
        doors.inc()
        for seconds in (0.05, 0.5, 0.7, 3):
            took.labels(who).observe(seconds)
        for each in figures:
            for metric in registry.collect():
                each.put(metric)
    every = [
        metric
        for metric in metrics_of(Told(each, is_alive=True) for each in two)
        if metric.name != "trellis_series_left_out"
    ]
    found = generate_latest(Answer(every)).decode().splitlines()
    once = [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]
    twice = [line if line.startswith("#") else _doubled(line) for line in once]
    assert sorted(found) == sorted(twice)


def _doubled(line: str) -> str:
    name, number = line.rsplit(" ", 1)
    return f"{name} {2 * float(number)}"


def test_names_that_a_process_before_has_told_leave_no_room_for_as_many_again() -> None:
    memory = mmap(-1, SIZE)
    for first in (0, 1_000):
        sums = OperationSums(begun(memory))
        for number in range(first, first + MAX_NAMES):
            sums(failed(f"C{number}"))
    (family,) = [
        metric for metric in metrics_of([Told(Ledger(memory), is_alive=True)]) if metric.name == "trellis_operations"
    ]
    assert {sample.labels["outcome"]: sample.value for sample in family.samples} == {
        **{f"C{number}": 1 for number in range(MAX_CODES)},
        OTHER: 2 * MAX_NAMES - MAX_CODES,
    }


def failed(code: str, name: str | None = None) -> RequestRecord:
    """A request that came to no operation but one that was wrong; with a name, of a document that is registered."""
    record = RequestRecord()
    registered: Any = None if name is None else object()
    operation = record.operation(OperationRequest("{")._replace(operation_name=name, prepared=registered))
    operation.came_to(ExecutionResult(None, [GraphQLError("", extensions={"code": code})]))
    operation.end()
    record.end(400)
    return record


def test_ten_thousand_names_of_operations_are_as_many_series_as_two_hundred() -> None:
    memories = mmap(-1, SIZE), mmap(-1, SIZE)
    for first in (0, 10_000):  # each worker has a predecessor
        for memory in memories:
            sums = OperationSums(begun(memory))
            for number in range(first, first + 10_000):
                sums(failed("WRONG", f"N{number}"))
    for memory in memories:
        # Each name: one outcome; statements, rows, points and the sum; a bucket for each end, and the last.
        ledger = Ledger(memory)
        named = [series for series in ledger.series() if dict(series.labels).get("operation")]
        assert len(named) == (MAX_NAMES + 1) * (1 + 4 + len(BUCKETS_S) + 1)
    told_of = metrics_of(Told(Ledger(memory), is_alive=True) for memory in memories)
    (family,) = [metric for metric in told_of if metric.name == "trellis_operations"]
    ended = {sample.labels["operation"]: sample.value for sample in family.samples}
    assert len(ended) == MAX_NAMES + 1
    assert ended[OTHER] == 2 * (20_000 - MAX_NAMES)
