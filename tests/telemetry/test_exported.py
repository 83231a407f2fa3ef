"""What a server, as people run it, exports of a request: its statements below, with their loaders, and no value."""

import re
import signal

import httpx
import pytest
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from db import demo
from db.session import Engines
from db.settings import DatabaseSettings
from graph import VERSION
from graph.schema import DOMAIN
from graph.viewer import Viewer
from tests.cli.running import serving
from tests.databases import FAST_PATH, Database
from tests.telemetry.collector import CLIENT, SERVER, Collector
from tests.telemetry.conftest import Traced

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

FEED = """query Feed($not: String) {
  posts(first: 3, where: { title: { ne: $not }, slug: { ne: "secret-1" } }) { nodes { title author { name } } }
}"""
OFTEN = "{ posts(first: 3) { nodes { title author { name } tags { nodes { name } } } } }"
"""What is read by one statement, where the database is asked for it often."""
TAGS = """mutation ($input: CreateTagInput!) {
  createTag(input: $input) { tag { name posts { totalCount } } errors { ... on UserError { message } } }
}"""


@pytest.mark.process
async def test_a_trace_shows_a_request_its_statements_and_no_value(database: Database, collector: Collector) -> None:
    engines = Engines(DatabaseSettings(database_url=SecretStr(database.url)))
    await demo.fill(engines, scale=1)
    await engines.dispose()
    body = {"query": FEED, "variables": {"not": "secret-2"}}
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "OTEL_SERVICE_NAME": "garden"}
    with serving(database.url, **variables) as (process, address):
        async with httpx.AsyncClient(base_url=address, verify=False) as client:
            for number in range(25):  # through SQLAlchemy, past it, and by one statement
                headers = {"traceparent": f"00-{TRACE if number == 0 else f'{number:032x}'}-{CALLER}-01"}
                await client.post("/graphql", json=body, headers=headers)
            for _ in range(45):
                await client.post("/graphql", json={"query": OFTEN})
            await client.post("/graphql", json=body, headers={"authorization": "Bearer secret-3"})
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    (first,) = [span for span in collector.spans if span.parent_id == CALLER and span.trace_id == TRACE]
    assert (first.name, first.kind, first.failed) == ("query Feed", SERVER, False)
    assert first.attributes["graphql.operation.type"] == "query"
    assert first.attributes["graphql.operation.name"] == "Feed"
    assert "posts(first: ?, where: { title: { ne: $not }" in first.attributes["graphql.document"]
    assert first.attributes["http.request.method"] == "POST"
    assert first.attributes["http.response.status_code"] == 200
    assert first.attributes["trellis.outcome"] == "OK"
    assert first.resource["service.name"] == "garden"
    assert first.resource["service.version"] == VERSION
    told = [(span.name, span.kind, span.attributes["trellis.loader.batch_size"]) for span in collector.below(first)]
    assert told[0] == ("SELECT Post", CLIENT, 1)
    assert told[1][:2] == ("SELECT User", CLIENT)
    assert 1 <= told[1][2] <= 3
    requests = [span for span in collector.spans if span.kind == SERVER]
    statements = [span for span in collector.spans if span.kind == CLIENT]
    assert [span.attributes["trellis.outcome"] for span in requests] == ["OK"] * 70 + ["UNAUTHENTICATED"]
    assert {span.trace_id for span in statements} == {span.trace_id for span in requests[:70]}
    for span in statements:
        (above,) = [each for each in requests if each.span_id == span.parent_id]
        assert above.start <= span.start <= span.end <= above.end
        assert span.attributes["db.system.name"] == database.dialect
        assert span.attributes["db.operation.name"] == "SELECT"
        assert "SELECT" in span.attributes["db.query.text"]
        assert span.attributes["trellis.loader.name"]
    if database.dialect == "postgresql" and FAST_PATH:
        assert [span.name for span in collector.below(requests[69])] == ["SELECT Post, User, Tag"]
    assert not re.search(r"secret-\d|Bearer", repr(collector.spans))


async def test_a_change_is_named_by_its_table(database: Database, traced: Traced, collector: Collector) -> None:
    async def identify(_request: HTTPConnection) -> Viewer:
        return Viewer(1, frozenset({"admin"}))

    async with traced(database.url, identify=identify, domain=DOMAIN, sql_comments=True) as client:
        for name in ("secret-1", "secret-2", "secret-2"):
            answer = await client.ask(TAGS, {"input": {"name": name, "slug": name}})
            assert answer.status == 200
    created, _, refused = (span for span in collector.spans if span.kind == SERVER)
    assert created.name == "mutation"
    names = [span.name for span in collector.below(created)]
    assert names[0] == "INSERT tags"
    assert names[-1].startswith("SELECT ")
    assert collector.below(created)[0].attributes["db.collection.name"] == "tags"
    (failed,) = [span for span in collector.below(refused) if span.failed]
    assert failed.attributes["error.type"] == ("23505" if database.dialect == "postgresql" else "IntegrityError")
    assert "secret" not in repr(collector.spans)
