"""What operators ask: is it alive, is it ready, what has it done."""

import asyncio

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route

from db.session.engines import Engines
from graph.health import Health
from graph.settings import Settings
from tests.databases import Database
from tests.explorer.serving import serving
from tests.http.client import Client
from tests.http.conftest import Serve

CLOSED_PORT = "postgresql://trellis:s3cret@127.0.0.1:1/trellis"


async def test_a_server_is_ready_when_its_database_answers(api: Client) -> None:
    response = await api.http.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "databases": {"primary": "ok"},
        "pools": {"primary": {"size": 15, "checked_in": 0, "checked_out": 0, "overflow": 0}},
    }


async def test_a_server_that_has_no_connection_left_is_busy_and_ready(filled: Database) -> None:
    settings = Settings(database_url=SecretStr(filled.url), pool_size=1, readiness_timeout_s=5)
    engines = Engines(settings)
    app = Starlette(routes=[Route("/readyz", Health(engines, settings).respond)])
    async with engines.reading().connect(), serving(app) as origin, Client(origin) as client:
        responses = await asyncio.gather(*(client.http.get("/readyz") for _ in range(8)))
        assert [response.status_code for response in responses] == [200] * 8
        assert responses[0].json()["pools"]["primary"]["checked_out"] == 1
    await engines.dispose()


async def test_a_server_without_its_database_is_alive_but_not_ready(bare: Client) -> None:
    assert (await bare.http.get("/healthz")).json() == {"status": "ok"}
    response = await bare.http.get("/readyz")
    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"
    assert response.json()["databases"] == {"primary": "OperationalError"}


async def test_a_server_that_nobody_answers_is_not_ready_and_tells_no_secrets(serve: Serve) -> None:
    client = await serve(CLOSED_PORT)
    response = await client.http.get("/readyz")
    assert response.status_code == 503
    assert response.json()["databases"]["primary"] != "ok"
    assert response.json()["pools"]["primary"]["checked_out"] == 0
    assert "s3cret" not in response.text
    assert "127.0.0.1" not in response.text


async def test_readiness_names_every_replica(serve: Serve, no_database: str) -> None:
    client = await serve(no_database, replica_urls=(CLOSED_PORT,))
    response = await client.http.get("/readyz")
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


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_probes_take_no_other_method(bare: Client, path: str) -> None:
    assert (await bare.http.post(path)).status_code == 405
