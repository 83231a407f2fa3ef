"""What a trace shows: a request and its record enter, spans leave to a tracer.

A request has a span of its own from its first byte to the end of its answer, which resolvers find as the current one.
Its operations and its statements are told at its end, as they were noted. No value that a client has sent, no header
and no bound value is in a span: docs/decisions/0062-traces.md.
Sources: https://opentelemetry.io/docs/specs/semconv/graphql/graphql-spans/,
https://opentelemetry.io/docs/specs/semconv/http/http-spans/,
https://opentelemetry.io/docs/specs/semconv/db/database-spans/
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from itertools import islice
from typing import TypeAlias

from opentelemetry import propagate, trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from sqlalchemy import Table
from sqlalchemy.sql.dml import UpdateBase
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.session import Engines
from db.trace import Kind, SentStatement
from graph.loading.asking import Asking
from graph.telemetry.described import INVALID
from graph.telemetry.record import OK, OperationRecord, RequestRecord
from graph.telemetry.shown import shown

Attributes: TypeAlias = Mapping[str, str | int]

UNKNOWN_OPERATION = "GraphQL Operation"
"""The name of an operation whose type is not known."""
MAX_NAMES = 200
"""How many names of operations that are not registered are names of spans: clients may call theirs as they like."""
MAX_STATEMENTS = 200
"""How many statements of an operation have spans, which take 60 µs each while others wait: an export may send many."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"})
"""Others are `_OTHER` to OpenTelemetry."""

FAULT = "INTERNAL_SERVER_ERROR"
"""The code of what is our own fault."""
OTHER = "_OTHER"
"""Of errors that nobody has a name for."""

FIRST_WORD = re.compile(r"\s*([A-Za-z]+)")


class RequestSpans:
    """Gives each request to some paths a span, below the one that its headers tell."""

    def __init__(self, app: ASGIApp, tracer: Tracer, paths: frozenset[str]) -> None:
        self._app = app
        self._tracer = tracer
        self._paths = paths
        self._fields = frozenset(name.lower().encode() for name in propagate.get_global_textmap().fields)
        """The headers that tell of a trace, as OTEL_PROPAGATORS has it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and tell what became of it."""
        if scope["type"] != "http" or scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        around = propagate.extract(self._told(scope), Context())
        method = scope["method"] if scope["method"] in METHODS else OTHER
        name = f"{'HTTP' if method == OTHER else method} {scope['path']}"
        span = self._tracer.start_span(name, around, SpanKind.SERVER, _of_request(scope, method))
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value  # what the client gets when nothing answers

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        token = attach(trace.set_span_in_context(span, around))
        try:
            await self._app(scope, receive, noted if span.is_recording() else send)
        finally:
            detach(token)
            span.set_attribute("http.response.status_code", status)
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                span.set_status(StatusCode.ERROR)
            span.end()

    def _told(self, scope: Scope) -> Mapping[str, list[str]]:
        told: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            if name in self._fields:
                told.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        return told


class Spans:
    """Tells of operations and statements at the end of their request."""

    def __init__(self, tracer: Tracer, engines: Engines, *, with_remarks: bool) -> None:
        """`with_remarks`: statements carry the context of their request."""
        self._tracer = tracer
        self._with_remarks = with_remarks
        self._databases = dict(_databases(engines))
        self._names: set[str] = set()

    def remark(self) -> str | None:
        """What statements of the current request carry; None where nobody wants to know of them."""
        span = trace.get_current_span()
        if not span.is_recording():
            return None
        context = span.get_span_context()
        if not (self._with_remarks and context.trace_flags.sampled):
            return ""
        return f"traceparent='00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}'"

    def __call__(self, record: RequestRecord) -> None:
        """Tell of a request that was answered."""
        span = trace.get_current_span()
        if record.trace is None or not span.is_recording():
            return
        clock = _Clock()
        span.set_attributes({"trellis.request_id": record.request_id, "trellis.client.name": record.client.name})
        if record.client.version:
            span.set_attribute("trellis.client.version", record.client.version)
        operations = record.operations
        self._statements(span, record.trace.sent, clock)
        if len(operations) == 1:
            self._operation(span, operations[0], record.code or operations[0].code, clock)
            return
        if record.code is not None:
            _outcome(span, record.code)
        for operation in operations:
            below = self._started(span, SpanKind.SERVER, UNKNOWN_OPERATION, clock.at(operation.began))
            self._operation(below, operation, record.code or operation.code, clock)
            below.end(clock.at(operation.began + operation.seconds))

    def _operation(self, span: Span, operation: OperationRecord, code: str, clock: "_Clock") -> None:
        """Tell of an operation in its own span."""
        span.update_name(self._name(operation))
        span.set_attributes(_of_operation(operation))
        _outcome(span, code)
        self._statements(span, operation.sent, clock)

    def _name(self, operation: OperationRecord) -> str:
        """`query feed`; the type alone for a name among too many, by which spans could not be gathered."""
        told = operation.described
        kind, name = told["type"] or INVALID, told["operation"]
        if kind == INVALID:
            return UNKNOWN_OPERATION
        if name is None:
            return kind
        if not operation.is_registered and name not in self._names:
            if len(self._names) >= MAX_NAMES:
                return kind
            self._names.add(name)
        return f"{kind} {name}"

    def _statements(self, parent: Span, sent: Iterable[SentStatement], clock: "_Clock") -> None:
        for statement in islice((it for it in sent if it.is_work), MAX_STATEMENTS):
            attributes = {**self._databases.get(statement.database, {}), **_of_statement(statement)}
            name = str(attributes["db.query.summary"])
            span = self._started(parent, SpanKind.CLIENT, name, clock.at(statement.began), attributes)
            if statement.rows is None:
                span.set_attribute("error.type", statement.failure or OTHER)
                span.set_status(StatusCode.ERROR)
            span.end(clock.at(statement.began + statement.ms / 1000))

    def _started(
        self, parent: Span, kind: SpanKind, name: str, start: int, attributes: Attributes | None = None
    ) -> Span:
        below = trace.set_span_in_context(parent, Context())
        return self._tracer.start_span(name, below, kind, attributes, start_time=start)


class _Clock:
    """From seconds of `time.perf_counter` to nanoseconds since 1970."""

    def __init__(self) -> None:
        self._since = time.time_ns() - time.perf_counter_ns()

    def at(self, seconds: float) -> int:
        return self._since + int(seconds * 1e9)


def _of_request(scope: Scope, method: str) -> Attributes:
    """What is known when a request begins. Its address may hold values: only the path is told, which is one of ours."""
    host, port = scope.get("server") or (None, None)
    told: dict[str, str | int] = {
        "http.request.method": method,
        "http.route": scope["path"],
        "url.path": scope["path"],
        "url.scheme": scope["scheme"],
        "network.protocol.version": scope["http_version"],
    }
    if host is not None:
        told["server.address"] = host
    if port is not None:
        told["server.port"] = port
    return told


def _of_operation(operation: OperationRecord) -> Attributes:
    told = operation.described
    prepared = operation.prepared
    found = {
        "graphql.operation.type": None if told["type"] == INVALID else told["type"],
        "graphql.operation.name": told["operation"],
        "graphql.document": None if prepared is None else shown(prepared),
        "trellis.document.hash": told["document"],
    }
    return {
        **{name: value for name, value in found.items() if value is not None},
        "trellis.operation.statements": operation.statements,
        "trellis.operation.rows": operation.rows,
        "trellis.operation.points": operation.points,
    }


def _outcome(span: Span, code: str) -> None:
    """What became of it; an error of a client's is no error of the server's, as with statuses of HTTP."""
    span.set_attribute("trellis.outcome", code)
    if code != OK:
        span.set_attribute("error.type", code)
    if code == FAULT:
        span.set_status(StatusCode.ERROR)


def _of_statement(sent: SentStatement) -> Attributes:
    """What a statement is: its SQL has placeholders where its values are."""
    word = FIRST_WORD.match(sent.sql)
    verb = "SQL" if word is None else word[1].upper()
    if verb == "WITH" and sent.kind is Kind.READ:
        verb = "SELECT"
    told: dict[str, str | int] = {"db.query.text": sent.sql, "db.operation.name": verb, "db.query.summary": verb}
    if sent.rows is not None:
        told["db.response.returned_rows"] = sent.rows
    construct, asking = sent.construct, sent.asking
    if isinstance(construct, UpdateBase) and isinstance(construct.table, Table):
        told["db.collection.name"] = construct.table.name
        told["db.query.summary"] = f"{verb} {construct.table.name}"
    elif isinstance(asking, Asking) and asking.loader is not None:
        told["db.query.summary"] = f"{verb} {asking.loader}"
        told["trellis.loader.name"] = asking.loader
        told["trellis.loader.batch_size"] = asking.keys or 0
    return told


def _databases(engines: Engines) -> Iterator[tuple[str, Attributes]]:
    """What is known of each database, by the name that statements have for it."""
    for name, engine in engines.probing().items():
        url = engine.url
        found = {"db.namespace": url.database, "server.address": url.host, "server.port": url.port}
        told = {key: value for key, value in found.items() if value is not None}
        yield name, {"db.system.name": engines.dialect, "trellis.database": name, **told}
