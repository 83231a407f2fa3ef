"""What `/metrics` says of the change log: who follows and numbers, and how long changes wait."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from db.changes.follower import Follower


class ChangeMetrics(Collector):
    """The state of following at this moment."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower

    def collect(self) -> Iterator[Metric]:
        """Every figure."""
        it = self._follower
        yield GaugeMetricFamily("trellis_changes_followers", "Processes that hear of changes.", int(it.is_following))
        yield GaugeMetricFamily("trellis_changes_relays", "Processes that give changes their positions.", it.is_relay)
        yield GaugeMetricFamily(
            "trellis_changes_horizon_age_seconds",
            "How long committed changes have waited for an older transaction to end.",
            it.horizon.age_s,
        )
        yield CounterMetricFamily("trellis_changes_numbered", "Transactions that got a position.", it.numbered)
        yield CounterMetricFamily("trellis_changes_told", "Transactions that listeners were told of.", it.batches)
        yield CounterMetricFamily("trellis_changes_lost", "How often listeners had to take all as changed.", it.lost)
