"""The log: a line for each operation, with no secret in it; and what `/metrics` says of operations."""

import hashlib
import json
import logging
import os
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pytest
from graphql import GraphQLError, OperationType
from pydantic import SecretStr
from starlette.requests import HTTPConnection
from strawberry.types import ExecutionResult

from graph.app import create_app
from graph.prepare.documents import OperationRequest
from graph.request_id import ANSWERED, request_id_of
from graph.settings import LogFormat, LoggedOperations, Settings
from graph.telemetry.ledgers import Ledgers
from graph.telemetry.lines import OperationLines
from graph.telemetry.record import RequestRecord
from graph.telemetry.sums import MAX_CODES, MAX_NAMES, OTHER, OperationSums
from graph.telemetry.totals import metrics_of
from graph.telemetry.writing import LineWriter, line_writer, set_up_logging
from graph.viewer import NOBODY, Viewer
from tests.cli.running import serving as serving_process
from tests.databases import Database
from tests.explorer.serving import serving
from tests.http.client import Client
from tests.http.conftest import DOMAIN

Lines: TypeAlias = list[Mapping[str, Any]]
Logged: TypeAlias = Callable[..., Awaitable[tuple[Client, Lines]]]

ALBUMS = "query Albums($name: String) { albums(where: { title: { ne: $name } }) { nodes { title artist { name } } } }"

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
async def logged(filled: Database) -> AsyncIterator[Logged]:
    """A client of a server over the market, and the lines of its operations."""
    async with AsyncExitStack() as stack:

        async def start(
            which: LoggedOperations = LoggedOperations.ALL, slow_s: float = 0, viewer: Viewer = NOBODY, **settings: Any
        ) -> tuple[Client, Lines]:
            async def identify(_request: HTTPConnection) -> Viewer:
                return viewer

            app = create_app(Settings(database_url=SecretStr(filled.url), **settings), domain=DOMAIN, identify=identify)
            lines: Lines = []
            app.state.listeners.add(OperationLines(lines.append, which, slow_s))
            app.state.listeners.are_told_of_statements = slow_s > 0
            return await stack.enter_async_context(Client(await stack.enter_async_context(serving(app)))), lines

        yield start


async def test_an_operation_has_a_line_with_what_it_took_and_without_its_values(logged: Logged) -> None:
    client, lines = await logged(viewer=Viewer(id=7))
    answer = await client.post(
        json.dumps({"query": ALBUMS, "variables": {"name": "Jazz"}}).encode(),
        X_Request_Id="abc-1",
        GraphQL_Client_Name="web",
        GraphQL_Client_Version="1.2",
        Authorization="Bearer a-token-of-somebody",
    )
    (line,) = lines
    albums = answer.data["albums"]["nodes"]
    assert {name: line[name] for name in line if name not in ("time", "duration_ms", "rows", "points")} == {
        "level": "info",
        "event": "operation",
        "request_id": "abc-1",
        "status": 200,
        "code": "OK",
        "client": "web",
        "client_version": "1.2",
        "viewer_kind": "user",
        "viewer": 7,
        "operation": "Albums",
        "type": "query",
        "document": hashlib.sha256(ALBUMS.encode()).hexdigest(),
        "statements": 2,
    }
    assert line["rows"] > len(albums) > 0
    assert line["points"] > 0 < line["duration_ms"]
    assert "Jazz" not in str(line)
    assert "a-token" not in str(line)


@pytest.mark.parametrize(
    ("body", "status", "code", "kind"),
    [
        (b'{"query": "{ nothingLikeThis }"}', 400, "GRAPHQL_VALIDATION_FAILED", "invalid"),
        (b'{"query"', 400, "BAD_REQUEST", None),
        (b'{"query": "query A { __typename }", "operationName": "B"}', 400, "OPERATION_NOT_FOUND", "invalid"),
    ],
)
async def test_what_is_refused_has_a_line_and_a_code(
    logged: Logged, body: bytes, status: int, code: str, kind: str | None
) -> None:
    client, lines = await logged(LoggedOperations.FAILED)
    await client.ask("{ __typename }")
    await client.post(body, GraphQL_Client_Name="web")
    ((line),) = lines
    assert (line["status"], line["code"], line.get("type"), line["client"]) == (status, code, kind, "web")


async def test_each_operation_of_a_batch_has_a_line_of_its_own(logged: Logged) -> None:
    client, lines = await logged(max_batch=3)
    queries = ["query One { __typename }", "{ nothing }", "query Three { genres { totalCount } }"]
    batch = json.dumps([{"query": query} for query in queries]).encode()
    await client.http.post("/graphql", content=batch, headers={"Content-Type": "application/json"})
    assert [(line["operation"], line["code"]) for line in lines] == [
        ("One", "OK"),
        (None, "GRAPHQL_VALIDATION_FAILED"),
        ("Three", "OK"),
    ]
    assert len({line["request_id"] for line in lines}) == 1


async def test_a_slow_operation_tells_its_statements_and_no_value(logged: Logged) -> None:
    client, lines = await logged(LoggedOperations.NONE, slow_s=1e-9)
    await client.ask(ALBUMS, {"name": "Jazz"})
    (line,) = lines
    assert line["level"] == "warning"
    selects = [sent for sent in line["sent"] if "SELECT" in sent["sql"]]
    assert len(selects) >= 2
    assert all(sent["ms"] >= 0 and sent["rows"] is not None for sent in selects)
    assert "Jazz" not in str(line)


@pytest.mark.parametrize(
    ("viewer", "kind", "told"),
    [
        (NOBODY, "nobody", None),
        (Viewer(id=3, key_id=9), "key", 9),
        (Viewer(roles=frozenset({"admin"})), "machine", None),
        (Viewer(id=uuid.UUID(int=1)), "user", str(uuid.UUID(int=1))),
        (Viewer(id="auth0|7"), "user", "auth0|7"),
    ],
)
async def test_who_asks_is_told_by_an_id(logged: Logged, viewer: Viewer, kind: str, told: object) -> None:
    client, lines = await logged(viewer=viewer)
    await client.ask("{ __typename }")
    assert [(line["viewer_kind"], line["viewer"]) for line in lines] == [(kind, told)]


async def test_an_address_for_an_id_is_told_by_its_hash(logged: Logged) -> None:
    client, lines = await logged(viewer=Viewer(id="ada@example.org"))
    await client.ask("{ __typename }")
    assert "ada@" not in str(lines)
    assert lines[0]["viewer"].startswith("sha256:")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({b"x-request-id": b"a/b:c-1"}, "a/b:c-1"),
        ({b"x-request-id": b"two words"}, "[0-9a-f]{16}"),
        ({b"x-request-id": b"x" * 101}, "[0-9a-f]{16}"),
        (
            {b"traceparent": b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
            "4bf92f3577b34da6a3ce929d0e0e4736",
        ),
        ({b"traceparent": b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01"}, "[0-9a-f]{16}"),
        ({b"x-request-id": b"\xff\n", b"traceparent": b"no"}, "[0-9a-f]{16}"),
        ({}, "[0-9a-f]{16}"),
    ],
)
def test_a_request_is_called_as_its_sender_calls_it(headers: Mapping[bytes, bytes], expected: str) -> None:
    assert re.fullmatch(expected, request_id_of(headers))


@pytest.fixture
def pipe() -> Iterator[tuple[Any, Any]]:
    """Both ends of a pipe: to be read, and to be written to as text."""
    read, write = os.pipe()
    with open(read, "rb") as reading, open(write, "w") as writing:  # noqa: PTH123 - descriptors
        yield reading, writing


def test_lines_of_libraries_and_of_operations_have_one_form(pipe: tuple[Any, Any], no_database: str) -> None:
    reading, writing = pipe
    settings = Settings(database_url=SecretStr(no_database), log_format=LogFormat.JSON)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    record = RequestRecord()
    token = ANSWERED.set(record)
    try:
        set_up_logging(settings, writing)
        logging.getLogger("trellis").warning("%s is away", "a replica")
        logging.getLogger("sqlalchemy.engine").info("SELECT 1")
        try:
            raise ValueError("broken")
        except ValueError:
            logging.getLogger("uvicorn.error").exception("It failed")
    finally:
        root.handlers[:], root.level = before
        ANSWERED.reset(token)
    writer = line_writer(settings, writing)
    writer({"time": datetime.now(UTC), "level": "info", "event": "operation"})
    writer.close()
    writing.close()
    first, second, third = map(json.loads, reading.read().splitlines())
    assert (first["event"], first["level"], first["request_id"]) == ("a replica is away", "warning", record.request_id)
    assert "ValueError: broken" in second["exception"]
    assert (third["event"], third["level"]) == ("operation", "info")


def test_an_error_is_told_without_the_values_of_variables(pipe: tuple[Any, Any], no_database: str) -> None:
    reading, writing = pipe
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        set_up_logging(Settings(database_url=SecretStr(no_database), log_format=LogFormat.TEXT), writing)
        _fail_with(password="correct horse")
    finally:
        root.handlers[:], root.level = before
    writing.close()
    told = reading.read().decode()
    assert "It failed" in told
    assert "ValueError: broken" in told
    assert "correct horse" not in told


@pytest.mark.parametrize("form", [LogFormat.JSON, LogFormat.TEXT])
def test_half_a_character_is_written_as_a_mark(pipe: tuple[Any, Any], no_database: str, form: LogFormat) -> None:
    reading, writing = pipe
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        set_up_logging(Settings(database_url=SecretStr(no_database), log_format=form), writing)
        logging.getLogger("trellis").warning("Half: %s", "\ud800")
    finally:
        root.handlers[:], root.level = before
    writing.close()
    assert "Half: ?" in reading.read().decode()


def _fail_with(password: str) -> None:
    try:
        raise ValueError("broken") from None
    except ValueError:
        assert password
        logging.getLogger("uvicorn.error").exception("It failed")


def test_people_read_words(pipe: tuple[Any, Any], no_database: str) -> None:
    reading, writing = pipe
    writer = line_writer(Settings(database_url=SecretStr(no_database), log_format=LogFormat.TEXT), writing)
    sent = [{"sql": "SELECT 1", "ms": 1.5, "rows": 1, "database": "primary"}]
    writer({"time": datetime.now(UTC), "level": "warning", "event": "operation", "viewer": None, "sent": sent})
    writer.close()
    writing.close()
    told = reading.read().decode()
    assert "operation" in told
    assert "viewer" not in told
    assert "1.5 ms, 1 rows: SELECT 1" in told


def test_a_log_that_nobody_reads_holds_nobody_up(pipe: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = pipe
    monkeypatch.setattr("graph.telemetry.writing.MAX_WAITING", 50)
    monkeypatch.setattr("graph.telemetry.writing.CLOSING_S", 0.1)
    writer = LineWriter(writing.fileno(), lambda line: json.dumps(line, default=str).encode())
    for number in range(20_000):  # far more than a pipe holds
        writer({"number": number, "text": "x" * 100})
    writer.close()  # gives up
    told = b""
    while b"were left out" not in told:
        told += os.read(reading.fileno(), 65536)
    numbers = [line["number"] for line in map(json.loads, told.splitlines()[:-1]) if "number" in line]
    assert numbers == sorted(numbers)


def test_ten_thousand_names_make_no_more_series_than_two_hundred_and_one() -> None:
    preparer, ledgers = DOMAIN.schema(Settings()).operations.preparer, Ledgers()
    sums = OperationSums(ledgers.own)
    session = type("Session", (), {"statements": 2, "rows_read": 3, "trace": None})
    asked = OperationRequest("{ __typename }")
    checked = preparer.checked(asked, (OperationType.QUERY,), 1)
    for prepared in (None, preparer.prepare(asked.query)):  # sent by anybody, and registered
        for number in range(10_000):
            record = RequestRecord()
            operation = record.operation(asked._replace(prepared=prepared))
            operation.begin(checked, session)  # type: ignore[arg-type]
            checked.operation.described = {"operation": f"Q{number}", "type": "query", "document": None}
            operation.came_to(ExecutionResult({}, [GraphQLError("", extensions={"code": f"C{number % 1_000}"})]))
            operation.end()
            record.end(200)
            sums(record)
    families = {family.name: family.samples for family in metrics_of(ledgers.all())}
    taken = families["trellis_operation_statements"]
    by_name = {sample.labels["operation"]: sample.value / 2 for sample in taken}
    assert len(by_name) == len(taken) == MAX_NAMES + 2
    assert (by_name[""], by_name["Q7"], by_name[OTHER]) == (10_000, 1, 10_000 - MAX_NAMES)
    assert sum(sample.value for sample in families["trellis_operation_rows"]) == 3 * 20_000
    ended = families["trellis_operations"]
    assert sum(sample.value for sample in ended) == 20_000
    assert len({sample.labels["outcome"] for sample in ended}) == MAX_CODES + 1
    assert families["trellis_series_left_out"][0].value == 0


async def test_metrics_tell_what_became_of_operations(logged: Logged) -> None:
    client, _ = await logged()
    await client.ask("{ genres { totalCount } }")
    await client.ask("{ nothing }")
    found = (await client.http.get("/metrics")).text.splitlines()
    assert 'trellis_operations_total{operation="",outcome="OK",type="query"} 1.0' in found
    assert 'trellis_operations_total{operation="",outcome="GRAPHQL_VALIDATION_FAILED",type="invalid"} 1.0' in found
    assert 'trellis_operation_statements_total{operation="",type="query"} 1.0' in found
    assert 'trellis_operation_duration_seconds_count{operation="",type="query"} 1.0' in found


@pytest.mark.process
@pytest.mark.sqlite
async def test_a_server_writes_json_where_no_terminal_is(database: Database) -> None:
    with serving_process(database.url) as (process, address):
        async with Client(address) as client:
            await client.ask("query Named { tags { totalCount } }")
        process.terminate()
        _, errors = process.communicate(timeout=60)
    lines = [json.loads(line) for line in errors.splitlines()]
    (told,) = [line for line in lines if line["event"] == "operation"]
    assert (told["operation"], told["code"], told["statements"]) == ("Named", "OK", 1)
