"""Several processes with ledgers of their own, which each of them reads."""

import itertools
import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import pytest

from graph.telemetry.ledger import Family, Kind, Series, counter, of_counter
from graph.telemetry.shared import LedgerFiles, SharedLedgers
from graph.telemetry.totals import metrics_of

pytestmark = pytest.mark.process

ASKED = of_counter(counter("asked", "Questions."))
OPEN = Series(Family("open", Kind.GAUGE, "Doors."), "open", ())
PATIENCE_S = 60

processes = multiprocessing.get_context("spawn")


def count(files: LedgerFiles, asked: Connection) -> None:
    """Count a question and open a door each time that somebody asks, and tell what all have counted."""
    ledgers = SharedLedgers(files)
    values, place = ledgers.own.values, ledgers.own.place
    for opened in itertools.count(1):
        asked.recv()
        values[place(ASKED)] += 1
        values[place(OPEN)] = opened
        asked.send({metric.name: metric.samples[0].value for metric in metrics_of(ledgers.all())})


class Counting:
    """A process that counts."""

    def __init__(self, files: LedgerFiles) -> None:
        self._ours, theirs = processes.Pipe()
        self._process = processes.Process(target=count, args=(files, theirs), daemon=True)
        self._process.start()

    def ask(self) -> Mapping[str, Any]:
        """What it tells."""
        self._ours.send(None)
        assert self._ours.poll(PATIENCE_S)
        found: Mapping[str, Any] = self._ours.recv()
        return {name: number for name, number in found.items() if name in ("asked", "open")}

    def kill(self) -> None:
        """End it without a word."""
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.join()


@contextmanager
def counting(files: LedgerFiles) -> Iterator[Counting]:
    """A process that counts, for the block."""
    process = Counting(files)
    try:
        yield process
    finally:
        process.kill()


def no_memory_files(_name: str) -> int:
    raise OSError


@pytest.mark.parametrize("in_memory", [True, False])
def test_each_process_has_a_ledger_and_a_newcomer_that_of_a_dead_one(
    in_memory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not in_memory:
        monkeypatch.setattr(os, "memfd_create", no_memory_files, raising=False)
    files = LedgerFiles(workers=1)
    assert len(files.numbers) == 2
    with counting(files) as one:
        assert one.ask() == {"asked": 1, "open": 1}
        with counting(files) as other:  # as while the first one drains
            assert other.ask() == {"asked": 2, "open": 2}
            assert one.ask() == {"asked": 3, "open": 3}
            with counting(files) as third:  # there is no ledger for it: it tells nothing that is not so
                assert third.ask() == {"asked": 4, "open": 4}
                assert one.ask() == {"asked": 4, "open": 4}
        # The other one's question stays, its door is gone: one has opened four by now.
        assert one.ask() == {"asked": 4 + 1, "open": 4}
        with counting(files) as heir:
            assert heir.ask() == {"asked": 6, "open": 4 + 1}
            assert one.ask() == {"asked": 7, "open": 5 + 1}
    for number in files.numbers:
        os.close(number)
