"""What the server counts, in Prometheus' text format at `/metrics`. Who may read it, `graph.operators` says.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterator
from time import perf_counter

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.session.engines import Engines
from graph.durations import Durations

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters of one server process."""

    def __init__(self, engines: Engines) -> None:
        self._registry = CollectorRegistry()
        self._requests = _Requests()
        self.note = self._requests.note
        """Count a request that was answered: its path, its status and its seconds."""
        self._registry.register(self._requests)
        self._registry.register(_Pools(engines))
        ProcessCollector(registry=self._registry)  # memory, CPU, open files: read when somebody asks, on Linux

    def watch(self, collector: Collector) -> None:
        """Show what somebody else counts, too."""
        self._registry.register(collector)

    def resident_bytes(self) -> int | None:
        """How much memory the process takes; None where the system does not tell."""
        found = self._registry.get_sample_value("process_resident_memory_bytes")
        return None if found is None else int(found)

    async def respond(self, _request: Request) -> Response:
        """`/metrics`: everything that was counted."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE)


class _Requests(Collector):
    """The requests that were answered, counted by plain numbers and told when somebody asks.

    The library's own counters lock for each number, of which a request has three: 4 % of a look-up, where one thread
    counts and another reads at most.
    """

    def __init__(self) -> None:
        self._answered: dict[tuple[str, int], int] = {}
        self._durations: dict[str, Durations] = {}

    def note(self, path: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        answered = self._answered
        answered[path, status] = answered.get((path, status), 0) + 1
        durations = self._durations.get(path)
        if durations is None:
            durations = self._durations[path] = Durations()
        durations.add(seconds)

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        """Everything so far."""
        requests = CounterMetricFamily(
            "trellis_http_requests", "Requests answered, by path and status.", labels=["path", "status"]
        )
        for (path, status), number in list(self._answered.items()):
            requests.add_metric([path, str(status)], number)
        yield requests
        duration = HistogramMetricFamily(
            "trellis_http_request_duration_seconds",
            "Seconds from a request to the end of its answer, by path.",
            labels=["path"],
        )
        for path, durations in list(self._durations.items()):
            duration.add_metric([path], durations.told(), durations.seconds)
        yield duration


class _Pools(Collector):
    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The state of the pools at this moment."""
        family = GaugeMetricFamily(
            "trellis_pool_connections", "Connections, by pool and state.", labels=["pool", "state"]
        )
        for name, pool in self._engines.pools().items():
            for state, value in pool._asdict().items():
                family.add_metric([name, state], value)
        yield family


class MetricsMiddleware:
    """Counts and times every request; known paths by name, others together."""

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: frozenset[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count what was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"] if scope["path"] in self._paths else "other"
        started, status = perf_counter(), 500  # what the client gets when nothing answers

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._metrics.note(path, status, perf_counter() - started)
