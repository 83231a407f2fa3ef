"""What the server counts, in Prometheus' text format at `/metrics`. Who may read it, `graph.operators` says.

With several workers, any of them tells the sum of all. Requests and operations are counted in the ledger itself; what
others tell of themselves when they are asked is put there at intervals, where somebody else reads it.
Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import asyncio
import platform
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from time import perf_counter

from prometheus_client import ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph import VERSION
from graph.durations import BUCKETS_S, bucket_of
from graph.http.responses import STREAMED
from graph.telemetry.ledger import Family, Kind, Ledger, counter, of_counter, of_histogram
from graph.telemetry.ledgers import Ledgers
from graph.telemetry.totals import Figures, metrics_of

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

GATHERED_S = 1.0
"""How old figures of other workers may be, and how much of them is lost with one that is killed."""

REQUESTS = counter("trellis_http_requests", "Requests answered, by path and status.")
DURATION = Family(
    "trellis_http_request_duration_seconds", Kind.HISTOGRAM, "Seconds from a request to the end of its answer, by path."
)
STARTS = counter("trellis_worker_starts", "Processes that have begun to serve.")


class Metrics:
    """What one server tells: this process, and others that share its ledgers."""

    def __init__(self, ledgers: Ledgers, databases: Callable[[], Awaitable[Mapping[str, bool]]], commit: str) -> None:
        """`databases` says which databases serve, when somebody asks; `commit` is what the code is called that runs."""
        self.ledgers = ledgers
        self.note = _Requests(ledgers.own).note
        """Count a request that was answered: its path, its status and its seconds."""
        self._databases = databases
        self._commit = commit
        self._figures = Figures(ledgers.own)
        self._process = ProcessCollector(registry=None)  # memory, CPU, open files: on Linux
        self._watched: list[Collector] = [self._process]
        ledgers.own.values[ledgers.own.place(of_counter(STARTS))] += 1

    def watch(self, collector: Collector) -> None:
        """Show what somebody else counts, too."""
        self._watched.append(collector)

    def resident_bytes(self) -> int | None:
        """How much memory the process takes; None where the system does not tell."""
        found = {family.name: family.samples for family in self._process.collect()}.get("process_resident_memory_bytes")
        return int(found[0].value) if found else None

    def gather(self) -> None:
        """Put into the ledger what others tell now."""
        for collector in self._watched:
            for metric in collector.collect():
                self._figures.put(metric)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Gather as long as the block lasts, and once at its end, if somebody else reads the ledger."""
        if not self.ledgers.are_shared:
            yield
            return
        gathering = asyncio.create_task(self._gather_on_and_on())
        try:
            yield
        finally:
            gathering.cancel()
            with suppress(asyncio.CancelledError):
                await gathering
            self.gather()

    async def _gather_on_and_on(self) -> None:
        while True:
            self.gather()
            await asyncio.sleep(GATHERED_S)

    async def respond(self, _request: Request) -> Response:
        """`/metrics`: everything that was counted, by this process and by the others."""
        databases = await self._databases()
        self.gather()
        told = [*metrics_of(self.ledgers.all()), _build(self._commit), _serving(databases)]
        return Response(generate_latest(Answer(told)), media_type=CONTENT_TYPE)


class Answer(Collector):
    """What is told at once."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Sequence[Metric]:
        """All of it."""
        return self._metrics


def _build(commit: str) -> Metric:
    build = GaugeMetricFamily("trellis_build_info", "What runs; always 1.", labels=["version", "python", "commit"])
    build.add_metric([VERSION, platform.python_version(), commit], 1)
    return build


def _serving(databases: Mapping[str, bool]) -> Metric:
    serving = GaugeMetricFamily("trellis_database_ready", "Whether each database can serve.", labels=["database"])
    for name, is_ready in databases.items():
        serving.add_metric([name], is_ready)
    return serving


class _Requests:
    """The requests that were answered."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._answered: dict[tuple[str, int], int] = {}
        self._durations: dict[str, int] = {}
        """Where numbers stand."""

    def note(self, path: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        values, at = self._ledger.values, self._answered.get((path, status))
        values[self._place_of(path, status) if at is None else at] += 1
        at = self._durations.get(path)
        if at is None:
            at = self._durations[path] = self._ledger.block(of_histogram(DURATION, BUCKETS_S, ("path", path)))
        values[at] += seconds
        values[at + 1 + bucket_of(seconds)] += 1

    def _place_of(self, path: str, status: int) -> int:
        series = of_counter(REQUESTS, ("path", path), ("status", str(status)))
        at = self._answered[path, status] = self._ledger.place(series)
        return at


class WorkerMetrics(Collector):
    """The processes that serve."""

    def __init__(self, is_draining: Callable[[], bool]) -> None:
        self._is_draining = is_draining

    def collect(self) -> Iterator[Metric]:
        """Whether this one takes requests, or is about to end."""
        workers = GaugeMetricFamily("trellis_workers", "Processes that serve, by state.", labels=["state"])
        draining = self._is_draining()
        workers.add_metric(["serving"], not draining)
        workers.add_metric(["draining"], draining)
        yield workers


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
        begun: float | None = None

        async def noted(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status = message["status"]
                if STREAMED in scope:
                    begun = perf_counter()
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._metrics.note(path, status, (begun or perf_counter()) - started)
