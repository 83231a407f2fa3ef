"""However a request ends, its connection goes back, and what went wrong on our side stays on our side."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.app import create_app
from graph.settings import Settings
from tests.databases import Database, settings_for
from tests.entity.chinook_rows import CHINOOK
from tests.entity.odd_rows import ODD
from tests.entity.serving import fill
from tests.explorer.serving import serving
from tests.http.client import Answer, Client
from tests.http.conftest import DOMAIN, Serve

ENDLESS_GENRES = {
    "sqlite": "CREATE VIEW genre AS"
    " WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id AS genre_id, 'x' AS name FROM n",
    "postgresql": "CREATE VIEW genre AS SELECT 1 AS genre_id, pg_sleep(3600)::text AS name",
}
"""Whoever reads it waits for an hour."""

ENDLESS = "{ genres { nodes { name } } }"
RUNNING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND state <> 'idle'"
)
PATIENCE_S = 30


async def change(database: Database, *statements: str) -> None:
    """Change the tables behind the server's back."""
    engines = Engines(Settings(database_url=SecretStr(database.url)))
    try:
        async with engines.writing().begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))
    finally:
        await engines.dispose()


@pytest.fixture
async def shop(blank_database: Database) -> Database:
    """A database with the shop alone, to change."""
    await fill(blank_database, CHINOOK)
    return blank_database


@pytest.fixture
async def readings(blank_database: Database) -> Database:
    """A database with the odd mappings alone, to change."""
    await fill(blank_database, ODD)
    return blank_database


@pytest.fixture
async def endless(shop: Database) -> Database:
    """A database whose genres never come to an end."""
    await change(shop, "ALTER TABLE genre RENAME TO real_genre", ENDLESS_GENRES[shop.dialect])
    return shop


@pytest.fixture
def settings(blank_database: Database) -> DatabaseSettings:
    """Settings that lead to the same database, past the server."""
    return settings_for(blank_database)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():  # noqa: ASYNC110 - neither a pool nor a database has an event to wait for
            await asyncio.sleep(0.02)


async def until_in_use(client: Client, connections: int) -> None:
    """Wait until so many connections are in use."""

    async def in_use() -> bool:
        return (await client.pool())["checked_out"] == connections

    await until(in_use)


@asynccontextmanager
async def asking(client: Client, query: str) -> AsyncIterator[None]:
    """Have a request under way, and leave without waiting for its answer."""
    before = (await client.pool())["checked_out"]
    address = urlsplit(client.origin)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    body = f'{{"query": "{query}"}}'.encode()
    head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    try:
        await until_in_use(client, before + 1)
        yield
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    "query",
    [
        "{ posts { nodes { title author { name } } } }",
        "{",
        "{ nonsense }",
        '{ node(id: "x") { id } }',
        "{ posts(first: 1000) { nodes { id } } }",
        "query ($x: Int!) { posts(first: $x) { nodes { id } } }",
        "subscription { __typename }",
    ],
)
async def test_no_connection_is_kept_after_the_answer(api: Client, query: str) -> None:
    await api.ask(query)
    assert (await api.pool())["checked_out"] == 0


async def test_a_client_that_leaves_frees_its_connection_at_once(
    endless: Database, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    client = await serve(endless.url)
    async with asking(client, ENDLESS):
        pass
    await until_in_use(client, 0)
    metrics = (await client.http.get("/metrics")).text
    assert 'trellis_http_requests_total{path="/graphql",status="499"} 1.0' in metrics.splitlines()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert (await client.ask("{ albums(first: 1) { nodes { id } } }")).data


@pytest.mark.postgresql
async def test_the_statement_of_a_client_that_leaves_stops_on_the_server(
    endless: Database, engines: Engines, serve: Serve
) -> None:
    client = await serve(endless.url)
    async with engines.reading().connect() as connection:

        async def something_runs() -> bool:
            return bool((await connection.execute(RUNNING)).scalar_one())

        async def nothing_runs() -> bool:
            return not await something_runs()

        async with asking(client, ENDLESS):
            await until(something_runs)
        await until(nothing_runs)


async def test_many_clients_that_leave_free_their_connections(endless: Database, serve: Serve) -> None:
    client = await serve(endless.url, pool_size=3, pool_max_overflow=0, pool_timeout_s=PATIENCE_S)
    for _ in range(3):
        async with asking(client, ENDLESS), asking(client, ENDLESS), asking(client, ENDLESS):
            pass
        await until_in_use(client, 0)
    assert (await client.ask("{ albums { totalCount } }")).data


async def test_a_statement_that_takes_too_long_is_stopped_and_said_to_be(endless: Database, serve: Serve) -> None:
    client = await serve(endless.url, statement_timeout_s=0.3)
    answer = await client.ask(ENDLESS)
    assert (answer.status, answer.code) == (200, "DEADLINE_EXCEEDED")
    assert answer.messages == ["The database took longer than 0.3 s; ask for less, or raise the statement timeout."]
    await until_in_use(client, 0)
    assert (await client.ask("{ albums { totalCount } }")).data


async def test_a_full_pool_is_503_until_there_is_room_again(endless: Database, serve: Serve) -> None:
    client = await serve(endless.url, pool_size=1, pool_max_overflow=0, queue_timeout_s=0.2)
    async with asking(client, ENDLESS):
        answer = await client.ask("{ albums { totalCount } }")
        assert (answer.status, answer.code) == (503, "OVERLOADED")
        assert answer.headers["retry-after"] in ("1", "2")
        assert answer.messages == ["The server is busy; try again in a moment."]
        assert (await client.ask("{ __typename }")).status == 200
    await until_in_use(client, 0)
    assert (await client.ask("{ albums { totalCount } }")).data


async def test_a_table_that_is_gone_is_our_own_affair(
    readings: Database, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    client = await serve(readings.url)
    await change(readings, "DROP TABLE readings")
    answer = await client.ask('{ readings(where: {text: {eq: "a secret"}}) { nodes { text } totalCount } }')
    assert (answer.status, answer.body["data"], answer.code) == (200, None, "INTERNAL_SERVER_ERROR")
    (error,) = answer.errors
    assert set(error) == {"message", "locations", "path", "extensions"}
    assert set(error["extensions"]) == {"code", "id"}
    assert error["message"] == (
        f"Something went wrong on our side. If you report it, mention {error['extensions']['id']}."
    )
    # The log has the rest, under the same id; but not the values, which are people's.
    (record,) = [record for record in caplog.records if error["extensions"]["id"] in record.getMessage()]
    assert "readings" in caplog.text
    assert record.exc_info
    assert "a secret" not in caplog.text
    assert (await client.pool())["checked_out"] == 0


async def test_what_breaks_many_fields_has_one_id_and_is_logged_once(
    shop: Database, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    client = await serve(shop.url)
    found = await client.ask("{ playlists(first: 5) { nodes { id } } }")
    ids = [node["id"] for node in found.data["playlists"]["nodes"]]
    await change(shop, "DROP TABLE playlist_track", "DROP TABLE playlist")
    fields = " ".join(f'a{index}: playlist(id: "{id_}") {{ name }}' for index, id_ in enumerate(ids))
    answer = await client.ask(f"{{ {fields} }}")
    assert len({error["extensions"]["id"] for error in answer.errors}) == 1
    assert [error["path"] for error in answer.errors] == [["a0"], ["a1"], ["a2"], ["a3"], ["a4"]]
    assert len([record for record in caplog.records if record.name == "trellis"]) == 1


async def test_a_database_that_is_gone_is_told_without_names_and_passwords(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = await serve("postgresql://somebody:s3cret@127.0.0.1:1/somewhere")
    answers = [await client.ask("{ albums { totalCount } }") for _ in range(5)]
    assert {(answer.status, answer.code, answer.headers["retry-after"]) for answer in answers} == {
        (503, "UNAVAILABLE", "1")
    }
    for word in ("s3cret", "somebody", "somewhere", "127.0.0.1"):
        assert word not in str(answers[0].body)
    said = [record for record in caplog.records if record.levelno >= logging.ERROR and record.name == "trellis"]
    assert "cannot be reached" in said[0].getMessage()
    assert len(said) <= 2  # five requests take less than a second, or a little more
    assert all(record.exc_info is None for record in said)
    assert "s3cret" not in caplog.text
    assert "s3cret" not in repr(Settings(database_url=SecretStr("postgresql://somebody:s3cret@127.0.0.1:1/somewhere")))


async def test_the_log_of_statements_holds_no_values(
    filled: Database, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client = await serve(filled.url, log_sql=True)
    await client.ask('{ genre(name: "somebody@secret.example") { name } }')
    await client.ask("query ($e: String!) { genre(name: $e) { name } }", {"e": "other@secret.example"})
    assert "SELECT" in caplog.text
    assert "secret.example" not in caplog.text


async def test_clients_mistakes_are_not_logged(api: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for query in (
        "{",
        '{ nonsense(password: "s3cret") }',
        '{ node(id: "s3cret") { id } }',
        "{ albums(first: -1) { totalCount } }",
    ):
        assert (await api.ask(query)).errors
    assert "s3cret" not in caplog.text
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_our_own_faults_outside_of_operations_are_masked_as_well(
    no_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_request: Request) -> Response:
        raise RuntimeError("a secret")

    app = create_app(Settings(database_url=SecretStr(no_database)), domain=DOMAIN)
    app.router.routes.append(Route("/broken", broken))
    async with serving(app) as origin, Client(origin) as client:
        response = await client.http.get("/broken")
        metrics = (await client.http.get("/metrics")).text
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (500, "INTERNAL_SERVER_ERROR")
    assert "a secret" not in response.text
    assert error["extensions"]["id"] in caplog.text
    assert 'trellis_http_requests_total{path="other",status="500"} 1.0' in metrics.splitlines()


async def test_numbers_beyond_64_bits_in_a_document_are_answered(readings: Database, serve: Serve) -> None:
    body = '{"big": 123456789012345678901234567890, "deep": ' + "[" * 300 + "]" * 300 + "}"
    await change(readings, f"UPDATE readings SET payload = '{body.replace(':', chr(92) + ':')}'")
    client = await serve(readings.url)
    response = await client.http.post("/graphql", json={"query": "{ readings(first: 1) { nodes { payload } } }"})
    found = Answer.of_response(response).data["readings"]["nodes"][0]["payload"]
    assert found["big"] == 123456789012345678901234567890
    assert str(found["deep"]) == "[" * 300 + "]" * 300
