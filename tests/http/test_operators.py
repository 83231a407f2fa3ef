"""Who may see how the server fares, and what strangers are told."""

import pytest
from pydantic import ValidationError

from graph.domain import Domain
from graph.settings import Settings
from tests.databases import Database
from tests.http.client import Client
from tests.http.conftest import DOMAIN, Serve
from tests.http.test_probes import plain

TOKEN = "s3cret-of-the-operators"
DETAIL = ("/metrics", "/livez?verbose", "/healthz?verbose", "/readyz?verbose")
FORWARDED = [
    {"X-Forwarded-For": "203.0.113.9"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"Forwarded": "for=127.0.0.1"},
    {"X-Real-IP": "127.0.0.1"},
    {"X-Forwarded-Proto": "https"},
    {"Via": "1.1 proxy"},
]


@pytest.fixture(params=DETAIL)
def path(request: pytest.FixtureRequest) -> str:
    """Each address that is for operators."""
    return str(request.param)


async def test_without_a_token_whoever_is_on_the_machine_may_see(bare: Client, path: str) -> None:
    assert (await bare.http.get(path)).status_code in (200, 503)


@pytest.mark.parametrize("headers", FORWARDED, ids=lambda it: " ".join(it))
async def test_without_a_token_nobody_may_through_a_proxy(bare: Client, path: str, headers: dict[str, str]) -> None:
    refused = await bare.http.get(path, headers=headers)
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["message"] == (
        "Only the server's own machine may see this, or whoever has TRELLIS_METRICS_TOKEN; set it."
    )


@pytest.mark.parametrize("trusted", ["127.0.0.1", "127.0.0.1,203.0.113.0/24"])
async def test_nor_through_a_proxy_that_is_trusted(serve: Serve, no_database: str, trusted: str) -> None:
    client = await serve(no_database, trusted_proxies=trusted)
    for path in DETAIL:
        for headers in FORWARDED:
            assert (await client.http.get(path, headers=headers)).status_code == 403


WRONG = ("", "Bearer", "Bearer wrong", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN[:-1]}", "Bearer é")


async def test_a_token_is_what_counts_where_there_is_one(serve: Serve, no_database: str) -> None:
    client = await serve(no_database, metrics_token=TOKEN)
    two = [("Authorization", "Bearer wrong"), ("Authorization", f"Bearer {TOKEN}")]
    for path in DETAIL:
        for sent in WRONG:
            refused = await client.http.get(path, headers=[(b"Authorization", sent.encode("latin-1"))])
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
            assert TOKEN not in refused.text
        for scheme in ("Bearer", "bearer"):
            seen = await client.http.get(path, headers={"Authorization": f"{scheme} {TOKEN}", **FORWARDED[0]})
            assert seen.status_code in (200, 503)
        assert (await client.http.get(path, headers=two)).status_code == 401


async def test_strangers_are_told_a_status_and_reasons_in_a_word(serve: Serve, no_database: str) -> None:
    client = await serve(no_database, metrics_token=TOKEN)
    for path in ("/healthz", "/livez"):
        assert (await client.http.get(path)).json() == {"status": "ok"}
    response = await client.http.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "reasons": [{"reason": "no_tables"}]}


async def test_notes_are_not_for_strangers(filled: Database, serve: Serve) -> None:
    client = await serve(filled.url)
    assert (await client.http.get("/readyz")).json() == {"status": "ok"}
    assert "notes" in (await client.http.get("/readyz?verbose")).json()


async def test_operators_see_how_the_process_fares(database: Database, serve: Serve) -> None:
    client = await serve(database.url, domain=Domain(plain, DOMAIN.visibility))
    response = await client.http.get("/livez?verbose")
    detail = response.json()
    assert response.status_code == 200
    assert detail["status"] == "ok"
    assert detail["uptime_s"] > 0
    assert 0 <= detail["event_loop"]["lag_s"] < 60
    assert detail["resident_bytes"] > 2**20
    assert set(detail["versions"]) >= {"python", "trellis", "uvicorn"}
    assert detail["revisions"]["code"] == [detail["readiness"]["revisions"]["primary"]]
    assert detail["readiness"]["databases"] == {"primary": "ok"}
    assert detail["readiness"]["pools"]["primary"]["size"] == 15


async def test_a_process_lives_whatever_its_database_does(serve: Serve, no_database: str) -> None:
    client = await serve(no_database)
    response = await client.http.get("/livez?verbose")
    assert (response.status_code, response.json()["readiness"]["status"]) == (200, "unavailable")


@pytest.mark.parametrize("value", ["short", "a" * 15, "sixteen and a blank", "é" * 20])
def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="at least 16 visible characters"):
        Settings.model_validate({"metrics_token": value})


def test_an_empty_token_is_none() -> None:
    assert Settings.model_validate({"metrics_token": ""}).metrics_token is None
