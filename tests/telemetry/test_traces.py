"""Traces: what a collector gets of a request, what it never gets, and what nobody pays where nothing is exported."""

import asyncio
import json
import logging
import re
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr
from sqlalchemy import text
from starlette.requests import HTTPConnection

from db.session import Engines, Mode, RequestSession
from db.settings import DatabaseSettings
from graph.telemetry import exporting, spans
from graph.telemetry.tracing import NOT_INSTALLED, wanted_exporters
from graph.viewer import NOBODY, Viewer
from tests.cli.running import environment
from tests.databases import Database
from tests.telemetry.collector import Collector
from tests.telemetry.conftest import Traced

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = {"traceparent": f"00-{TRACE}-{CALLER}-01"}


async def test_statements_are_below_their_operation_in_a_batch(
    traced: Traced, filled: Database, collector: Collector
) -> None:
    queries = [
        "query One { genres { totalCount } }",
        "{ nothing }",
        "query Two { artists(first: 1) { nodes { name } } }",
    ]
    async with traced(filled.url, max_batch=3) as client:
        headers = {"Content-Type": "application/json", **SAMPLED}
        await client.http.post("/graphql", content=json.dumps([{"query": each} for each in queries]), headers=headers)
    request = collector.named("POST /graphql")
    assert request.parent_id == CALLER
    operations = collector.below(request)
    assert [(span.name, span.attributes["trellis.outcome"]) for span in operations] == [
        ("query One", "OK"),
        ("GraphQL Operation", "GRAPHQL_VALIDATION_FAILED"),
        ("query Two", "OK"),
    ]
    assert [[span.name for span in collector.below(each)] for each in operations] == [
        ["SELECT Genre"],
        [],
        ["SELECT Artist"],
    ]


async def test_a_span_fails_by_what_the_server_cannot_do_and_not_by_what_a_client_does_wrong(
    traced: Traced, collector: Collector
) -> None:
    async with traced() as client:
        await client.post(b'{"query": "{ nothingLikeThis }"}')
        await client.post(b'{"query"')
        await client.post(b'{"query": "{ genres { totalCount } }"}')  # whose database is not there
    assert [(span.name, span.attributes["error.type"], span.failed) for span in collector.spans] == [
        ("GraphQL Operation", "GRAPHQL_VALIDATION_FAILED", False),
        ("POST /graphql", "BAD_REQUEST", False),
        ("query", "UNAVAILABLE", True),
    ]


async def test_a_fault_of_ours_is_a_failed_span_without_what_it_says(traced: Traced, collector: Collector) -> None:
    async def identify(_request: HTTPConnection) -> Viewer:
        raise RuntimeError("a secret of ours")

    async with traced(identify=identify) as client:
        await client.ask("{ genres { totalCount } }")
    (span,) = collector.spans
    assert (span.failed, span.attributes["error.type"]) == (True, "INTERNAL_SERVER_ERROR")
    assert "secret" not in repr(span)


async def test_resolvers_find_the_span_of_their_request(traced: Traced, collector: Collector) -> None:
    found: list[trace.SpanContext] = []

    async def identify(_request: HTTPConnection) -> Viewer:
        found.append(trace.get_current_span().get_span_context())
        return NOBODY

    async with traced(identify=identify) as client:
        await client.post(b'{"query": "{ __typename }"}', **SAMPLED)
    (span,) = collector.spans
    assert [(f"{each.trace_id:032x}", f"{each.span_id:016x}") for each in found] == [(TRACE, span.span_id)]


async def test_what_is_sent_to_know_who_asks_is_below_the_request(
    traced: Traced, filled: Database, collector: Collector
) -> None:
    engines = Engines(DatabaseSettings(database_url=SecretStr(filled.url)))

    async def identify(_request: HTTPConnection) -> Viewer:
        async with RequestSession(engines, Mode.SINGLE) as session:
            await session.rows(text("SELECT 1"))
        return NOBODY

    async with traced(filled.url, identify=identify) as client:
        await client.ask("{ genres { totalCount } }")
    await engines.dispose()
    assert [span.name for span in collector.below(collector.named("query"))] == ["SELECT", "SELECT Genre"]


async def test_an_export_is_one_span_with_the_statements_of_its_pages(
    traced: Traced, filled: Database, collector: Collector
) -> None:
    async with traced(filled.url) as client:
        query = "query All { albums { nodes { title artist { name } } } }"
        answer = await client.http.get("/export.ndjson", params={"query": query}, headers=SAMPLED)
        assert answer.status_code == 200
    request = collector.named("query All")
    assert request.attributes["http.route"] == "/export.ndjson"
    assert "query=" not in repr(request)
    pages = len(answer.text.splitlines()) // 100 + 1
    assert [span.name for span in collector.below(request)] == ["SELECT Album", "SELECT Artist"] * pages


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({}, ["query Told", "query New"]),
        ({"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}, ["query Told"]),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, []),
    ],
)
async def test_the_sampler_is_the_one_of_the_variables(
    traced: Traced,
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    variables: Mapping[str, str],
    names: Sequence[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    async with traced() as client:
        await client.post(b'{"query": "query Told { __typename }"}', **SAMPLED)
        await client.post(b'{"query": "query Untold { __typename }"}', traceparent=f"00-{TRACE}-{CALLER}-00")
        await client.post(b'{"query": "query New { __typename }"}')
    assert [span.name for span in collector.spans] == names


async def test_no_header_is_an_error(traced: Traced, collector: Collector) -> None:
    sampled = (b"traceparent", SAMPLED["traceparent"].encode())
    odd = [
        [(b"traceparent", b"no")],
        [(b"traceparent", b"0" * 10_000)],
        [(b"traceparent", f"ff-{TRACE}-{CALLER}-01".encode())],
        [(b"traceparent", f"00-{'0' * 32}-{CALLER}-01".encode()), sampled],
        [sampled, (b"tracestate", b"a=b,,=,'*/;--,\xff=1" + b",x=1" * 100), (b"tracestate", b"")],
        [sampled, (b"baggage", b"%%%,a=;b=c" * 500)],
    ]
    async with traced(sql_comments=True) as client:
        for headers in odd:
            answer = await client.http.post("/graphql", json={"query": "query Odd { __typename }"}, headers=headers)
            assert answer.status_code == 200
    assert [(span.name, span.attributes["trellis.outcome"]) for span in collector.spans] == [("query Odd", "OK")] * 6


async def test_names_that_clients_make_up_are_names_of_few_spans(
    traced: Traced, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "MAX_NAMES", 2)
    async with traced() as client:
        for name in ("One", "Two", "Three", "One"):
            await client.ask(f"query {name} {{ __typename }}")
    assert [span.name for span in collector.spans] == ["query One", "query Two", "query", "query One"]
    assert collector.spans[2].attributes["graphql.operation.name"] == "Three"


@pytest.mark.parametrize("taking", [False, True])
async def test_a_collector_that_is_away_holds_nobody_up_and_is_told_once(
    traced: Traced, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, taking: bool
) -> None:
    monkeypatch.setattr(exporting, "FLUSH_S", 0.2)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.1")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if taking:  # connections, and never a word
            silent.listen()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        async with traced() as client:
            for _ in range(5):
                began = time.perf_counter()
                await client.ask("{ __typename }")
                assert time.perf_counter() - began < 2
                await asyncio.sleep(0.05)  # the thread of exports has its turn
            began = time.perf_counter()
        assert time.perf_counter() - began < 5
    told = [record.getMessage() for record in caplog.records if "Traces are not exported" in record.getMessage()]
    assert len(told) == 1


def test_an_export_that_fails_is_told_again_after_one_that_did_not(caplog: pytest.LogCaptureFixture) -> None:
    said = exporting.Said()

    def say(sentence: str, *, exports: bool) -> None:
        said.exporting = exports
        said.handle(logging.LogRecord("opentelemetry.any", logging.WARNING, "", 0, sentence, (), None))

    for number in range(3):
        say(f"{number} attempts", exports=True)
        say("a header is odd", exports=False)
    said.exported()
    say("another attempt", exports=True)
    told = [message.rpartition(": ")[2] for message in caplog.messages]
    assert told == ["0 attempts", "a header is odd", "another attempt"]


async def test_what_opentelemetry_is_set_up_with_already_is_used(
    traced: Traced, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(found))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    async with traced() as client:
        await client.ask("query Found { __typename }")
    assert [span.name for span in found.get_finished_spans()] == ["query Found"]
    assert not collector.spans
    provider.get_tracer("another").start_span("afterwards").end()  # it is not ours to end
    assert len(found.get_finished_spans()) == 2


@pytest.mark.parametrize(
    ("variables", "exporters"),
    [
        ({}, []),
        ({"OTEL_SERVICE_NAME": "shop"}, []),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, []),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, ["otlp_proto_http"]),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, ["otlp_proto_http"]),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, ["otlp_proto_http"]),
        ({"OTEL_TRACES_EXPORTER": "console, otlp"}, ["console", "otlp_proto_http"]),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, ["otlp_proto_grpc"]),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, ["otlp (http/json)"]),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, []),
        ({"OTEL_SDK_DISABLED": "TRUE", "OTEL_TRACES_EXPORTER": "otlp"}, []),
    ],
)
def test_whether_to_export_is_said_by_opentelemetrys_own_variables(
    variables: Mapping[str, str], exporters: Sequence[str]
) -> None:
    assert list(wanted_exporters(variables)) == exporters


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkins"}, "there is no exporter 'zipkins', but console"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "there is no exporter 'otlp (http/json)', but console"),
        ({"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "many"}, "Traces are not exported: OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT must"),
    ],
)
async def test_variables_that_are_wrong_are_told_and_requests_are_answered(
    traced: Traced,
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    variables: Mapping[str, str],
    said: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    async with traced() as client:
        assert (await client.ask("{ __typename }")).status == 200
    assert said in caplog.text
    assert not collector.spans


async def test_the_log_says_which_extra_is_missing(
    traced: Traced, collector: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("graph.telemetry.tracing.find_spec", lambda _name: None)
    async with traced() as client:
        await client.ask("{ __typename }")
    assert NOT_INSTALLED in caplog.text
    assert not collector.spans


SERVED = """
import contextlib, sys
from graph.cli import run
with contextlib.suppress(SystemExit):
    run(["serve", "--port", "0"])
print(*sys.modules)
"""
"""A server that says at its end what was imported."""


@pytest.mark.process
@pytest.mark.sqlite
def test_a_server_that_exports_nothing_knows_no_opentelemetry(database: Database) -> None:
    served = subprocess.Popen(
        [sys.executable, "-c", SERVED],
        env=environment(TRELLIS_DATABASE_URL=database.url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert served.stderr is not None
        address = next(found[1] for line in served.stderr if (found := re.search(r"running on (http://[\w.:]+)", line)))
        query = {"query": "{ __typename }"}
        assert httpx.post(f"{address}/graphql", json=query, headers=SAMPLED, verify=False).status_code == 200
        served.terminate()
        imported, _ = served.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            served.kill()
    modules = imported.split()
    assert "graph.telemetry.tracing" in modules
    assert not [name for name in modules if name.startswith(("opentelemetry", "graph.telemetry.spans"))]
