"""Metrics as Prometheus wants them, out of the ledgers of all processes and into that of this one.

Ledgers enter, and families of samples leave, in which the numbers of all workers are added up. What other objects tell
when they are asked is put into the ledger of this process, so that the others can read that, too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import isnan

from prometheus_client.metrics_core import Metric

from graph.telemetry.ledger import LAST, Family, Kind, Labels, Ledger, Series
from graph.telemetry.ledgers import Told

TOGETHER: Mapping[str, Callable[[float, float], float]] = {"process_start_time_seconds": min}
"""What several workers have together, where that is no sum."""


class Figures:
    """What objects tell when they are asked, in the ledger of this process."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._before: dict[int, float] = {}
        """What processes before this one have counted, by place."""

    def put(self, metric: Metric) -> None:
        """Write down what one metric is now."""
        family = Family(metric.name, metric.type, metric.documentation)
        below = 0.0
        for sample in metric.samples:
            number = sample.value
            if sample.name.endswith("_bucket"):
                number, below = number - below, 0.0 if sample.labels["le"] == LAST else number
            if not sample.name.endswith(("_count", "_created")):
                self._put(Series(family, sample.name, tuple(sample.labels.items())), number)

    def _put(self, series: Series, number: float) -> None:
        place, values = self._ledger.place(series), self._ledger.values
        if series.family.kind == Kind.GAUGE:
            values[place] = number
        else:
            values[place] = self._before.setdefault(place, values[place]) + number


def metrics_of(ledgers: Iterable[Told]) -> Iterator[Metric]:
    """Everything that the ledgers tell together. What processes have measured that have ended is not told.

    Nor is what a process has not measured yet that goes on with the ledger of another one.
    """
    found: dict[Family, dict[tuple[str, Labels], float]] = {}
    for ledger, is_alive in ledgers:
        for place, (family, sample, labels) in enumerate(ledger.series(), 1):
            number = ledger.values[place]
            if not isnan(number) and (is_alive or family.kind != Kind.GAUGE):
                numbers = found.setdefault(family, {})
                before = numbers.get((sample, labels))
                together = TOGETHER.get(sample, float.__add__)
                numbers[sample, labels] = number if before is None else together(before, number)
    for family, numbers in found.items():
        metric = Metric(family.name, family.help, family.kind)
        for (sample, labels), number in _told(family, numbers):
            metric.add_sample(sample, dict(labels), number)
        yield metric


def _told(family: Family, numbers: Mapping[tuple[str, Labels], float]) -> Iterator[tuple[tuple[str, Labels], float]]:
    """The samples of a family; those of a histogram with its buckets as Prometheus has them."""
    if family.kind != Kind.HISTOGRAM:
        yield from numbers.items()
        return
    bucket, below = f"{family.name}_bucket", 0.0
    for (sample, labels), number in numbers.items():
        if sample != bucket:
            yield (sample, labels), number
            continue
        below += number
        yield (sample, labels), below
        if dict(labels)["le"] == LAST:
            yield (f"{family.name}_count", tuple(label for label in labels if label[0] != "le")), below
            below = 0.0
