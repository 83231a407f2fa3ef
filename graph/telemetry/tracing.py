"""Whether requests are traced: the variables of OpenTelemetry enter, what an application needs for it leaves.

It is decided once, when the application is made. Where nothing is to be exported, no module of OpenTelemetry is
imported, and a request pays nothing. Why: docs/decisions/0062-traces.md.
Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple, TypeAlias

from starlette.middleware import Middleware

from db.session import Engines
from graph.settings import Settings
from graph.telemetry.record import Listeners

logger = logging.getLogger("trellis")

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
OTLP = "otlp"
BY_PROTOCOL = {"": "otlp_proto_http", "http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
"""OpenTelemetry's names of exporters, by the protocol that is asked for."""

NOT_INSTALLED = "Traces are asked for by the variables OTEL_*, and not exported: install trellis[otel]."

Running: TypeAlias = Callable[[], AbstractAsyncContextManager[None]]


class Tracing(NamedTuple):
    """What an application needs to be traced; nothing, where it is not."""

    layers: Sequence[Middleware] = ()
    """Around all that answers requests."""
    running: Running = nullcontext
    """For as long as the server runs; at the end, what was not exported yet is."""


def tracing(
    environment: Mapping[str, str],
    settings: Settings,
    engines: Engines,
    listeners: Listeners,
    paths: Collection[str],
) -> Tracing:
    """Trace requests to these paths, if the environment names an exporter.

    What is wrong with its variables is said to the log when the server starts, and nothing is traced: they are often
    set for many services at once, none of which should fail for it.
    """
    exporters = wanted_exporters(environment)
    if not exporters:
        return Tracing()
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        return _said(NOT_INSTALLED)
    # Late: they take 0.1 s and memory that nobody pays where nothing is exported.
    try:
        from graph.telemetry.exporting import Export
        from graph.telemetry.spans import RequestSpans, Spans

        export = Export.of(exporters)
    except Exception as error:  # whatever it is, variables have led there; some are read when a module is imported
        return _said(f"Traces are not exported: {error}. See the variables OTEL_*.")
    spans = Spans(export.tracer, engines, with_remarks=settings.sql_comments)
    listeners.remark = spans.remark
    listeners.add(spans)
    return Tracing([Middleware(RequestSpans, tracer=export.tracer, paths=frozenset(paths))], export.running)


def wanted_exporters(environment: Mapping[str, str]) -> Sequence[str]:
    """The exporters that are asked for, by OpenTelemetry's names; none where nothing is to be traced.

    Without `OTEL_TRACES_EXPORTER`, an endpoint of OTLP has to be there: its default is a collector on this machine,
    which most machines do not have.
    """
    given = partial(_given, environment)
    if given("OTEL_SDK_DISABLED").lower() == "true":
        return ()
    names = given("OTEL_TRACES_EXPORTER") or (OTLP if any(map(given, ENDPOINTS)) else "")
    protocol = next(filter(None, map(given, PROTOCOLS)), "")
    named = [name.strip() for name in names.split(",") if name.strip() not in ("", "none")]
    return [BY_PROTOCOL.get(protocol, f"otlp ({protocol})") if name == OTLP else name for name in named]


def _given(environment: Mapping[str, str], name: str) -> str:
    """A variable; one that is empty is as good as none."""
    return environment.get(name, "").strip()


def _said(sentence: str) -> Tracing:
    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        logger.warning(sentence)
        yield

    return Tracing(running=running)
