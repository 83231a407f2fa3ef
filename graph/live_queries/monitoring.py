"""What `/metrics` says of live queries: how many there are, how often they ran, and what was told."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from graph.live_queries.queries import LiveQueries


class LiveQueryMetrics(Collector):
    """The live queries of one process at this moment."""

    def __init__(self, queries: LiveQueries) -> None:
        self._queries = queries

    def collect(self) -> Iterator[Metric]:
        """Every figure."""
        queries, counts = self._queries, self._queries.counts
        yield GaugeMetricFamily("trellis_live_queries", "Live queries that are under way.", queries.members)
        yield GaugeMetricFamily("trellis_live_query_groups", "Those that differ: each runs for itself.", queries.groups)
        for name, help_, value in (
            ("runs", "How often one was run.", counts.runs),
            ("same", "Runs whose answer was the same as before, so that nobody was told.", counts.same),
            ("failed", "Runs whose answer had errors.", counts.failed),
            ("answers", "Answers that were told.", counts.answers),
            ("superseded", "Answers that were not sent, for a newer one came before.", counts.superseded),
        ):
            yield CounterMetricFamily(f"trellis_live_query_{name}", help_, value)
