"""What `/metrics` says of the counting: what overflowed, what waits, and what could not be written."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from graph.usage.batch import Overflow
from graph.usage.task import UsageWriter


class UsageMetrics(Collector):
    """The state of the counting at this moment."""

    def __init__(self, writer: UsageWriter) -> None:
        self._writer = writer

    def collect(self) -> Iterator[Metric]:
        """Every figure."""
        counter = self._writer.counter
        overflow = CounterMetricFamily(
            "trellis_usage_overflow", "What there was too much of to be counted one by one.", labels=["what"]
        )
        for what in Overflow:
            overflow.add_metric([what], counter.overflow[what])
        yield overflow
        yield GaugeMetricFamily("trellis_usage_unwritten_runs", "Runs that wait to be written.", counter.unwritten)
        yield CounterMetricFamily("trellis_usage_failed_writes", "Writes that failed.", self._writer.failures)
