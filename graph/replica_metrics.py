"""How the replicas of one process are, for `/metrics`: read when somebody asks. The engines enter, gauges leave."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from db.session.engines import Engines


class ReplicaMetrics(Collector):
    """Which replicas serve reads, and how far they are behind the primary."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The state of each replica at this moment; no lag of one that cannot tell."""
        serves = GaugeMetricFamily(
            "trellis_replica_serves",
            "1 for a replica that reads go to, 0 for one that is left out.",
            labels=["replica"],
        )
        seconds = GaugeMetricFamily(
            "trellis_replica_lag_seconds", "Seconds that a replica is behind the primary.", labels=["replica"]
        )
        bytes_ = GaugeMetricFamily(
            "trellis_replica_lag_bytes",
            "Bytes of the primary's log that a replica does not show yet.",
            labels=["replica"],
        )
        for name, state in self._engines.replica_states().items():
            serves.add_metric([name], int(state.serves))
            if state.lag is not None:
                seconds.add_metric([name], state.lag.seconds)
                bytes_.add_metric([name], state.lag.bytes)
        yield from (serves, seconds, bytes_)
