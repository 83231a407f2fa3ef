"""What operators ask: is it alive, is it ready, what has it done."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import strawberry
from asyncpg._testbase.fuzzer import TCPFuzzingProxy
from pydantic import SecretStr
from sqlalchemy import make_url, text
from starlette.applications import Starlette
from starlette.routing import Route

from db.revisions import History
from db.session.engines import Engines
from graph.domain import own_features
from graph.entity import Schema
from graph.findings import SENTENCES
from graph.health import Health
from graph.settings import Settings
from tests.databases import Database
from tests.entity.market import tables
from tests.explorer.serving import serving
from tests.http.client import Client
from tests.http.conftest import DOMAIN, Serve

CLOSED_PORT = "postgresql://trellis:s3cret@127.0.0.1:1/trellis"


def note(word: str, database: str = "primary") -> dict[str, str]:
    """What people are told of a database."""
    return {"database": database, "reason": word, "message": f"The database `{database}` {SENTENCES[word]}"}


@strawberry.type
class Plain:
    """Shows no table."""

    @strawberry.field
    def hello(self) -> str:
        """The same for everybody."""
        return "hello"


def plain(settings: Settings) -> Schema:
    """A schema that any database can serve."""
    return Schema(Plain, settings)


def settings_of(database: Database) -> Settings:
    """Settings that lead to a database, for a machine that is busy."""
    return Settings(database_url=SecretStr(database.url), readiness_timeout_s=10)


@asynccontextmanager
async def probed(settings: Settings, schema: Schema | None = None) -> AsyncIterator[tuple[Client, Engines, Health]]:
    """A client of `/readyz` alone, over the market or another schema, and what answers there."""
    engines = Engines(settings)
    health = Health(engines, settings, schema or DOMAIN.schema(settings), own_features(DOMAIN, settings))
    await health.start()
    app = Starlette(routes=[Route("/readyz", health.respond)])
    async with serving(app) as origin, Client(origin) as client:
        yield client, engines, health
    await engines.dispose()


async def readiness(client: Client) -> tuple[int, list[str], list[str]]:
    """The status, and in one word each the reasons against it and the notes."""
    response = await client.http.get("/readyz?verbose")
    answer = response.json()
    reasons, notes = ([one["reason"] for one in answer.get(kind, ())] for kind in ("reasons", "notes"))
    assert (answer["status"] == "ok") == (response.status_code == 200)
    return response.status_code, reasons, notes


async def test_a_server_is_ready_when_its_database_answers(api: Client) -> None:
    response = await api.http.get("/readyz?verbose")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "notes": [note("no_revision"), note("own_tables")],
        "databases": {"primary": "ok"},
        "revisions": {},
        "pools": {"primary": {"size": 15, "checked_in": 0, "checked_out": 0, "overflow": 0}},
    }


async def test_a_server_that_has_no_connection_left_is_busy_and_ready(filled: Database) -> None:
    settings = Settings(database_url=SecretStr(filled.url), pool_size=1, readiness_timeout_s=5)
    async with probed(settings) as (client, engines, _), engines.reading().connect():
        responses = await asyncio.gather(*(client.http.get("/readyz") for _ in range(8)))
        assert [response.status_code for response in responses] == [200] * 8
        detail = (await client.http.get("/readyz?verbose")).json()
        assert detail["pools"]["primary"]["checked_out"] == 1


async def test_a_server_without_its_database_is_alive_but_not_ready(bare: Client) -> None:
    assert (await bare.http.get("/healthz")).json() == {"status": "ok"}
    response = await bare.http.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "reasons": [{"reason": "no_tables"}]}
    detail = (await bare.http.get("/readyz?verbose")).json()
    assert detail["databases"] == {"primary": "no_tables"}


async def test_a_server_that_nobody_answers_is_not_ready_and_tells_no_secrets(serve: Serve) -> None:
    client = await serve(CLOSED_PORT)
    response = await client.http.get("/readyz?verbose")
    assert response.status_code == 503
    assert response.json()["databases"]["primary"] != "ok"
    assert response.json()["pools"]["primary"]["checked_out"] == 0
    assert "s3cret" not in response.text
    assert "127.0.0.1" not in response.text


async def test_a_database_without_tables_is_not_ready(blank_database: Database) -> None:
    async with probed(settings_of(blank_database)) as (client, engines, _):
        async with engines.writing().begin() as connection:  # a file that is there, and empty
            await connection.execute(text("CREATE TABLE other (id INTEGER PRIMARY KEY)"))
        assert await readiness(client) == (503, ["no_tables"], [])


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (None, (503, ["older_revision"], ["own_tables"])),
        ("known", (503, ["older_revision"], ["own_tables"])),
        ("newest", (200, [], ["own_tables"])),
        ("next", (200, [], ["next_revision", "own_tables"])),
        ("later", (503, ["newer_revision"], ["own_tables"])),
        ("5f3a1c", (503, ["newer_revision"], ["own_tables"])),
    ],
)
async def test_only_the_revision_that_the_code_wants_is_ready_and_the_next(
    blank_database: Database,
    at: str | None,
    expected: tuple[int, list[str], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    revisions = {"known": "0001", "newest": "0002", "next": "0003", "later": "0004"}
    code = History(frozenset({"0002"}), frozenset({"0001", "0002"}))
    monkeypatch.setattr("db.probing.history", lambda: code)
    async with probed(settings_of(blank_database)) as (client, engines, _):
        async with engines.writing().begin() as connection:
            await connection.run_sync(tables().create_all)
            await connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            if at is not None:
                await connection.execute(
                    text("INSERT INTO alembic_version VALUES (:at)"), {"at": revisions.get(at, at)}
                )
        assert await readiness(client) == expected


@pytest.mark.sqlite
@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_that_lost_its_name_is_not_ready(database: Database, tmp_path: Path, replaced: bool) -> None:
    file = tmp_path / "trellis.db"
    async with probed(settings_of(database), plain(Settings())) as (client, *_):
        assert await readiness(client) == (200, [], [])
        lost = file.rename(tmp_path / "lost.db")
        if replaced:
            shutil.copyfile(lost, file)
        assert await readiness(client) == (503, ["file_replaced" if replaced else "file_deleted"], [])
        assert file.exists() is replaced


@pytest.mark.sqlite
async def test_a_full_disk_is_not_ready(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async with probed(settings_of(database), plain(Settings())) as (client, *_):
        monkeypatch.setattr("db.probing.MIN_FREE_BYTES", 2**62)
        assert await readiness(client) == (503, ["full"], [])


@pytest.mark.sqlite
async def test_a_file_that_takes_no_changes_is_not_ready(database: Database) -> None:
    url = f"sqlite:///file:{make_url(database.url).database}?mode=ro&uri=true"
    async with probed(settings_of(Database(url, "sqlite")), plain(Settings())) as (client, *_):
        assert await readiness(client) == (503, ["read_only"], [])


@pytest.mark.postgresql
async def test_a_server_that_has_fallen_silent_is_unreachable_in_time(database: Database) -> None:
    url = make_url(database.url)
    proxy = TCPFuzzingProxy(backend_host=str(url.host), backend_port=url.port or 5432)
    proxy.start()
    through = url.set(host="127.0.0.1", port=proxy.listening_port).render_as_string(hide_password=False)
    settings = settings_of(Database(through, "postgresql"))
    async with probed(settings.model_copy(update={"readiness_timeout_s": 1}), plain(Settings())) as (client, *_):
        assert await readiness(client) == (200, [], [])
        proxy.trigger_connectivity_loss()
        async with asyncio.timeout(2):  # the driver alone would take 3
            assert await readiness(client) == (503, ["unreachable"], [])
        proxy.restore_connectivity()
        async with asyncio.timeout(10):
            while (await readiness(client))[0] != 200:  # noqa: ASYNC110 - nothing tells when it is back
                await asyncio.sleep(0.05)
    proxy.stop()


@pytest.mark.postgresql
async def test_a_server_that_takes_no_changes_is_not_ready(blank_database: Database) -> None:
    async with probed(settings_of(blank_database), plain(Settings())) as (client, engines, _):
        async with engines.reading().connect() as connection:
            name = make_url(blank_database.url).database
            await connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
        assert await readiness(client) == (503, ["read_only"], ["no_revision", "own_tables"])


async def test_who_writes_for_long_keeps_nobody_from_being_ready(database: Database) -> None:
    engines = Engines(settings_of(database))
    async with (
        probed(settings_of(database), plain(Settings())) as (client, *_),
        engines.writing().connect() as connection,
    ):
        await connection.execute(text("SELECT 1"))
        busy = ["busy"] if database.dialect == "sqlite" else []
        assert await readiness(client) == (200, [], busy)
    await engines.dispose()


async def test_a_server_that_drains_is_not_ready(filled: Database) -> None:
    async with probed(settings_of(filled)) as (client, _, health):
        health.drain()
        assert await readiness(client) == (503, ["draining"], ["no_revision", "own_tables"])


async def test_a_dead_replica_is_a_note_and_reads_go_on(filled: Database, serve: Serve) -> None:
    lost = "sqlite:////nowhere/trellis.db" if filled.dialect == "sqlite" else CLOSED_PORT
    client = await serve(filled.url, replica_urls=(lost, filled.url))
    response = await client.http.get("/readyz?verbose")
    assert response.status_code == 200
    word = response.json()["databases"]["replica 1"]
    assert response.json()["databases"] == {"primary": "ok", "replica 1": word, "replica 2": "ok"}
    assert note(word, "replica 1") in response.json()["notes"]
    for _ in range(4):
        assert (await client.ask("{ genres { totalCount } }")).data["genres"]["totalCount"]


async def test_readiness_names_every_replica(serve: Serve, no_database: str) -> None:
    client = await serve(no_database, replica_urls=(CLOSED_PORT,))
    response = await client.http.get("/readyz?verbose")
    assert set(response.json()["databases"]) == set(response.json()["pools"]) == {"primary", "replica 1"}


async def test_the_metrics_count_requests_by_path_and_status(serve: Serve, no_database: str) -> None:
    client = await serve(no_database)
    await client.ask("{ __typename }")
    await client.ask("{ __typename }")
    await client.ask("{")
    for path in ("/wp-login.php", "/.env"):
        await client.http.get(path)
    metrics = await client.http.get("/metrics")
    assert metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    for line in (
        'trellis_http_requests_total{path="/graphql",status="200"} 2.0',
        'trellis_http_requests_total{path="/graphql",status="400"} 1.0',
        'trellis_http_requests_total{path="other",status="404"} 2.0',
        'trellis_http_request_duration_seconds_count{path="/graphql"} 3.0',
    ):
        assert line in metrics.text.splitlines()
    assert "wp-login" not in metrics.text  # a path that anybody can invent would grow the memory


async def test_the_metrics_show_the_pool(api: Client) -> None:
    assert await api.pool() == {"size": 15, "checked_in": 0, "checked_out": 0, "overflow": 0}
    await api.ask("{ genres { totalCount } }")
    assert await api.pool() == {"size": 15, "checked_in": 1, "checked_out": 0, "overflow": 0}


async def test_the_metrics_tell_of_the_process(bare: Client) -> None:
    assert "process_resident_memory_bytes" in (await bare.http.get("/metrics")).text


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/metrics"])
async def test_probes_take_no_other_method(bare: Client, path: str) -> None:
    assert (await bare.http.post(path)).status_code == 405
