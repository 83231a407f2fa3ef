"""What `/metrics` says of the response cache: read when somebody asks. The cache enters, counters leave."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from graph.response_cache.cache import REFUSALS, ResponseCache


class ResponseCacheMetrics(Collector):
    """The counts of one process."""

    def __init__(self, cache: ResponseCache) -> None:
        self._cache = cache

    def collect(self) -> Iterator[Metric]:
        """Every figure."""
        counts, store = self._cache.counts, self._cache.store
        for name, help_, value in (
            ("hits", "Queries that an earlier answer has answered.", counts.hits),
            ("misses", "Queries that were run, because there was none, or none that was good.", counts.misses),
            ("kept", "Answers that were kept.", counts.kept),
            ("kept_bytes", "The bytes of these.", counts.kept_bytes),
            ("failures", "How often a shared store could not be asked.", 0 if store is None else store.failures),
        ):
            counter = CounterMetricFamily(f"trellis_response_cache_{name}", help_)
            counter.add_metric([], value)
            yield counter
        refused = CounterMetricFamily(
            "trellis_response_cache_refused", "Answers that were not kept.", labels=["reason"]
        )
        for reason in REFUSALS:
            refused.add_metric([reason], counts.refused[reason])
        yield refused
        outdated = CounterMetricFamily(
            "trellis_response_cache_outdated",
            "Earlier answers that a change of a table had outdated when they were asked for.",
            labels=["table"],
        )
        for table, number in sorted({"": 0, **counts.outdated}.items()):  # an alert wants to see the first one rise
            outdated.add_metric([table], number)
        yield outdated
