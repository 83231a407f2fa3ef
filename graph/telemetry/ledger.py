"""Numbers that outlive their process: what is counted stands in memory that others may read.

Families and series enter and get places among `values`; to count is to add to such a value, which takes no lock. Series
and values leave for whoever adds up several ledgers. When somebody goes on with the ledger of a process that has ended,
what was counted stays. Nothing is known here of what is counted, nor of files.

Other libraries' counters take a lock for each number, of which an operation has a dozen: 4 % of a look-up.
"""

import json
from collections.abc import Sequence
from enum import StrEnum
from math import nan
from mmap import mmap
from typing import NamedTuple, TypeAlias

MAX_SERIES = 65_536
WORD = 8
"""Bytes of a value. Python stores one at an aligned address in one instruction, so that nobody reads half of it."""
SIZE = 16 * 1024 * 1024
"""Bytes of a ledger: values, then text. Those that nobody has written to take no memory."""
LAST = "+Inf"
"""Where the last bucket of a histogram ends."""
SPARE = 64
"""Values at the end that are never told: of series for which there is no room."""
TEXT_AT = WORD * (1 + MAX_SERIES + SPARE)

TEXT = 0
"""The value that says how many bytes of text there are. The others belong to the series in the text, in their order."""


class Kind(StrEnum):
    """What Prometheus calls the type of a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    """Its buckets are counted one by one here, and not with those below them."""


class Family(NamedTuple):
    """What several series tell of: a metric, by its name without `_total`."""

    name: str
    kind: str
    help: str


Labels: TypeAlias = tuple[tuple[str, str], ...]


class Series(NamedTuple):
    """One number."""

    family: Family
    sample: str
    """Its name: that of the family, perhaps with an ending."""
    labels: Labels


LEFT_OUT = Family("trellis_series_left_out", Kind.COUNTER, "Series that are not told, for there was no room for them.")


class Ledger:
    """The numbers of one process."""

    def __init__(self, memory: mmap | None = None) -> None:
        """`memory` of `SIZE` bytes, where others read it or somebody has written before; None: nobody else reads."""
        self._memory = memory or mmap(-1, SIZE)
        self.values: memoryview[float] = memoryview(self._memory)[:TEXT_AT].cast("d")
        self._families: list[Family] = []
        self._series: list[Series] = []
        self._places: dict[Series, int] = {}
        self._read = TEXT_AT
        """Where the text ends that was read."""

    def begin(self) -> None:
        """Go on with what is there: what was counted stays, what was measured is not known any more."""
        for place, series in enumerate(self.series(), 1):
            self._places[series] = place
            if series.family.kind == Kind.GAUGE:
                self.values[place] = nan
        self._left_out = self.place(of_counter(LEFT_OUT))

    def place(self, series: Series) -> int:
        """Where the number of a series stands."""
        found = self._places.get(series)
        return self.block([series]) if found is None else found

    def block(self, wanted: Sequence[Series]) -> int:
        """Where the first of some numbers stands, `SPARE` at most; the others follow. They are named all or none."""
        first = self._places.get(wanted[0])
        if first is not None and [self._places.get(series) for series in wanted] == [
            *range(first, first + len(wanted))
        ]:
            return first
        first = len(self.series()) + 1
        if not self._append(wanted):
            self.values[self._left_out] += len(wanted)
            return 1 + MAX_SERIES
        self._places.update(zip(wanted, range(first, first + len(wanted)), strict=True))
        return first

    def series(self) -> Sequence[Series]:
        """All series in order, also those that its process has added meanwhile; their numbers begin at `values[1]`."""
        end = TEXT_AT + int(self.values[TEXT])
        for line in self._memory[self._read : end].splitlines():
            told = json.loads(line)
            if isinstance(told[0], str):
                self._families.append(Family(*told))
            else:
                labels = tuple((name, value) for name, value in told[2])
                self._series.append(Series(self._families[told[0]], told[1], labels))
        self._read = end
        return self._series

    def _append(self, wanted: Sequence[Series]) -> bool:
        """Name some series. Whether there was room for them."""
        known = {family: number for number, family in enumerate(self._families)}
        lines: list[object] = []
        for series in wanted:
            if series.family not in known:
                known[series.family] = len(known)
                lines.append(series.family)
            lines.append((known[series.family], series.sample, series.labels))
        text = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        begin = TEXT_AT + int(self.values[TEXT])
        if len(self._series) + len(wanted) > MAX_SERIES or begin + len(text) > SIZE:
            return False
        self._memory[begin : begin + len(text)] = text
        self.values[TEXT] += len(text)  # who is killed before this has named none of them
        return True


def counter(name: str, told: str) -> Family:
    """A family of things that are counted."""
    return Family(name, Kind.COUNTER, told)


def of_counter(family: Family, *labels: tuple[str, str]) -> Series:
    """One number of a counter."""
    return Series(family, f"{family.name}_total", labels)


def of_histogram(family: Family, ends: Sequence[float], *labels: tuple[str, str]) -> Sequence[Series]:
    """The numbers of a histogram: their sum, and a bucket for each end and for whatever is larger."""
    told = [*(str(float(end)) for end in ends), LAST]
    buckets = [Series(family, f"{family.name}_bucket", (*labels, ("le", end))) for end in told]
    return [Series(family, f"{family.name}_sum", labels), *buckets]
