"""What `/metrics` says of connections: how many there are and may be, and who was refused before a request was read."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from graph.serving.gate import Gate


class ConnectionMetrics(Collector):
    """The state of a gate at this moment."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def collect(self) -> Iterator[Metric]:
        """Every figure."""
        yield GaugeMetricFamily("trellis_connections", "Connections of clients.", self._gate.connections)
        yield GaugeMetricFamily("trellis_max_connections", "How many there may be.", self._gate.limits.connections)
        refused = CounterMetricFamily(
            "trellis_connections_refused", "Clients refused before a request was read, by status.", labels=["status"]
        )
        for status, number in self._gate.refused.items():
            refused.add_metric([str(status)], number)
        yield refused
