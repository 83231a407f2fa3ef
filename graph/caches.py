"""What `/metrics` says of the caches: how full each is, what it has dropped, and how often it served."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from db.kept import Figures


class CacheMetrics(Collector):
    """The state of the caches at this moment."""

    def __init__(self, figures: Sequence[Callable[[], Mapping[str, Figures]]]) -> None:
        """Each of `figures` tells of some caches by their names."""
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Every figure."""
        entries = GaugeMetricFamily("trellis_cache_entries", "What each cache holds.", labels=["cache"])
        size = GaugeMetricFamily("trellis_cache_bytes", "About how many bytes that takes.", labels=["cache"])
        most = GaugeMetricFamily("trellis_cache_max_bytes", "How many bytes it may take.", labels=["cache"])
        dropped = CounterMetricFamily("trellis_cache_dropped", "What has made room for others.", labels=["cache"])
        hits = CounterMetricFamily("trellis_cache_hits", "How often a cache had what was asked for.", labels=["cache"])
        misses = CounterMetricFamily("trellis_cache_misses", "How often it had not.", labels=["cache"])
        for name, figures in (named for tell in self._figures for named in tell().items()):
            entries.add_metric([name], figures.entries)
            size.add_metric([name], figures.bytes)
            most.add_metric([name], figures.max_bytes)
            dropped.add_metric([name], figures.dropped)
            hits.add_metric([name], figures.hits)
            misses.add_metric([name], figures.misses)
        yield from (entries, size, most, dropped, hits, misses)
