"""What `/metrics` says of connections to databases: how many there are, and how long they were waited for."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from db.session.engines import Engines


class PoolMetrics(Collector):
    """The state of the pools at this moment."""

    def __init__(self, engines: Engines, most: int) -> None:
        """`most`: how many each pool may have."""
        self._engines = engines
        self._most = most

    def collect(self) -> Iterator[Metric]:
        """Every figure."""
        family = GaugeMetricFamily(
            "trellis_pool_connections", "Connections, by pool and state.", labels=["pool", "state"]
        )
        most = GaugeMetricFamily(
            "trellis_pool_max_connections", "How many connections a pool may have.", labels=["pool"]
        )
        waited = HistogramMetricFamily(
            "trellis_pool_wait_seconds",
            "Seconds that those waited who found no connection ready: one was opened, or came back.",
            labels=["pool"],
        )
        late = CounterMetricFamily("trellis_pool_timeouts", "Waits without a connection in time.", labels=["pool"])
        for name, waits in self._engines.waits.items():
            waited.add_metric([name], waits.buckets, waits.seconds)
            late.add_metric([name], waits.timeouts)
        for name, pool in self._engines.pools().items():
            most.add_metric([name], self._most)
            for state, value in pool._asdict().items():
                family.add_metric([name, state], value)
        yield from (family, most, waited, late)
