"""Where spans go: names of exporters enter, a tracer leaves, and what was not exported yet when a server ends.

OpenTelemetry's own queue and thread export: a request puts its spans into the queue and waits for nothing. The queue is
bounded; what it has no room for is left out. Each process has its own. Nothing of requests is known here.
Source: https://opentelemetry.io/docs/specs/otel/trace/sdk/#batching-processor
"""

import asyncio
import logging
import threading
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import entry_points

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import ProxyTracerProvider, Tracer

from graph import VERSION
from graph.errors import TrellisError

logger = logging.getLogger("trellis")

GROUP = "opentelemetry_traces_exporter"
UNNAMED = "unknown_service"
"""What OpenTelemetry calls services that nobody has named."""

FLUSH_S = 2.0
"""How long the end of a server waits for a collector."""
TICK_S = 0.02

OF_EXPORTS = ""
"""What is said while spans are exported."""
MAX_SAID = 100
"""How many sentences of OpenTelemetry are told."""


class CannotExport(TrellisError):
    """An exporter that is asked for cannot be had."""


class Export:
    """The export of one process."""

    def __init__(self, provider: TracerProvider, quiet: "Said | None") -> None:
        """`quiet`: says what goes wrong, once; None: somebody else has set OpenTelemetry up, and ends it."""
        self._provider = provider
        self._quiet = quiet
        self.tracer: Tracer = provider.get_tracer("trellis", VERSION)

    @classmethod
    def of(cls, exporters: Sequence[str]) -> "Export":
        """The export by these exporters; by what is set up already, where that is so, as by `opentelemetry-instrument`.

        The provider becomes that of the process: spans of resolvers and of libraries join. Raises `CannotExport`.
        """
        there = trace.get_tracer_provider()
        if isinstance(there, TracerProvider) and not isinstance(there, _Ours):
            return cls(there, None)
        said = Said()
        logging.getLogger("opentelemetry").propagate = False
        logging.getLogger("opentelemetry").handlers[:] = [said]
        heard = [_Heard(_exporter(name), said) for name in exporters]
        provider = _Ours(resource=_resource(), shutdown_on_exit=False)
        for each in heard:
            provider.add_span_processor(BatchSpanProcessor(each))
        if isinstance(there, ProxyTracerProvider):
            trace.set_tracer_provider(provider)
        return cls(provider, said)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """As long as the server runs."""
        logger.info("Traces are exported, as the variables OTEL_* say")
        try:
            yield
        finally:
            if self._quiet is not None:
                await self._close()

    async def _close(self) -> None:
        """Export what is left, for a moment at most.

        In a thread that no end of a process waits for: OpenTelemetry would wait for half a minute.
        """
        closing = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        closing.start()
        end = asyncio.get_running_loop().time() + FLUSH_S
        while closing.is_alive() and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110 - a thread has no event
            await asyncio.sleep(TICK_S)
        if closing.is_alive():
            logger.warning("The collector has not taken the last traces within %g s; they are lost", FLUSH_S)


class _Ours(TracerProvider):
    """A provider that ends with its application."""


class Said(logging.Handler):
    """Passes on what OpenTelemetry says, once: of exports, until one succeeds; of all else, once at all."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.exporting = False
        """Whether the thread of exports is at work."""
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Say it, unless it was said."""
        key = OF_EXPORTS if self.exporting else str(record.msg)
        if key in self._said or len(self._said) > MAX_SAID:
            return
        self._said.add(key)
        if key is OF_EXPORTS:
            logger.warning(
                "Traces are not exported for now, and requests are answered as ever: %s", record.getMessage()
            )
        else:
            logger.warning("OpenTelemetry: %s", record.getMessage())

    def exported(self) -> None:
        """An export has succeeded: the next one that fails is news."""
        self._said.discard(OF_EXPORTS)


class _Heard(SpanExporter):
    """An exporter whose successes are heard of."""

    def __init__(self, exporter: SpanExporter, said: Said) -> None:
        self._exporter = exporter
        self._said = said

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export, in the thread of the queue."""
        self._said.exporting = True
        try:
            result = self._exporter.export(spans)
        finally:
            self._said.exporting = False
        if result is SpanExportResult.SUCCESS:
            self._said.exported()
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _exporter(name: str) -> SpanExporter:
    """The exporter of this name, which reads its own variables. Raises `CannotExport`."""
    for found in entry_points(group=GROUP, name=name):
        try:
            exporter: SpanExporter = found.load()()
        except Exception as error:  # whatever it is, its variables have led there
            raise CannotExport(f"the exporter {name!r} cannot be made ({error})") from error
        return exporter
    known = ", ".join(sorted(_known()))
    raise CannotExport(
        f"there is no exporter {name!r}, but {known}; correct OTEL_TRACES_EXPORTER or OTEL_EXPORTER_OTLP_PROTOCOL, or"
        " install it"
    )


def _known() -> Iterator[str]:
    return (found.name for found in entry_points(group=GROUP))


def _resource() -> Resource:
    """What exports: as the variables say, else `trellis`, its version, and a name of this process."""
    given = Resource.create()
    ours = {SERVICE_VERSION: VERSION, SERVICE_INSTANCE_ID: str(uuid.uuid4())}
    unnamed = str(given.attributes.get(SERVICE_NAME, "")).startswith(UNNAMED)
    named = {SERVICE_NAME: "trellis"} if unnamed else {}
    return Resource(ours).merge(given).merge(Resource(named))
