"""What `/metrics` says of limits: how often each has refused, and how often its counters could not be asked."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from graph.rates.counters import Counters


class Limiting(Protocol):
    """What limits something."""

    name: str
    refused: int
    counters: Counters


class LimitMetrics(Collector):
    """The state of all limits at this moment."""

    def __init__(self, limits: Sequence[Limiting]) -> None:
        self._limits = limits

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Every figure."""
        refused = CounterMetricFamily("trellis_limits_refused", "What had to wait, by limit.", labels=["limit"])
        failures = CounterMetricFamily(
            "trellis_limits_storage_failures", "Times that shared counters could not be asked.", labels=["limit"]
        )
        for limit in self._limits:
            refused.add_metric([limit.name], limit.refused)
            failures.add_metric([limit.name], limit.counters.failures)
        yield refused
        yield failures
