"""The page at `/`: whoever develops is told where they are, and strangers are told addresses alone."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from pydantic import SecretStr

from db import demo, migrate
from db.session.engines import Engines
from db.settings import HOUSE
from graph.app import create_app
from graph.domain import Domain
from graph.explorer.home import POLICY
from graph.manual import MANUAL
from graph.schema import DOMAIN
from graph.settings import Settings
from tests.databases import Database

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ORIGIN = "http://localhost:8000"
HERE, ELSEWHERE = ("127.0.0.1", 50_000), ("203.0.113.9", 50_000)


async def get(
    database_url: str,
    path: str = "/",
    peer: tuple[str, int] = HERE,
    domain: Domain = DOMAIN,
    headers: dict[str, str] | None = None,
    **settings: Any,
) -> Any:
    made = Settings(database_url=SecretStr(database_url), record_usage=False, **settings)
    app = create_app(made, domain=domain)
    transport = ASGITransport(app, client=peer)
    async with app.router.lifespan_context(app), AsyncClient(transport=transport, base_url=ORIGIN) as client:
        return await client.get(path, headers={**BROWSER, **(headers or {})})


def words(page: str) -> str:
    """What people read."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.partition("<body")[2])).split())


async def test_a_developer_is_told_where_they_are_and_what_to_do_next(database: Database) -> None:
    response = await get(database.url)
    assert response.status_code == 200
    said = words(response.text)
    assert f"Revision {migrate.newest()}" in said
    assert "API http://localhost:8000/graphql" in said
    assert "trellis demo fills an empty database" in said
    assert "Sign in in GraphiQL" in said
    for link in ("graphql", "graphql/schema.graphql", "livez", "readyz", "metrics", "readyz?verbose", f"{MANUAL}/"):
        assert f'href="{link}' in response.text
    for secret in ("trellis:trellis", "postgres:"):
        assert secret not in response.text


async def test_people_of_the_demo_can_be_chosen_where_they_are(database: Database, engines: Engines) -> None:
    await demo.fill(engines)
    page = (await get(database.url)).text
    told = re.findall(r'data-variables="([^"]+)">([^<]+)</button> ([^<]+)<', page)
    assert [(name, about) for _, name, about in told] == [
        ("Ada Ashworth", "admin"),
        ("Bjørn Berg", "editor"),
        ("Dóra Kovács", "author"),
        ("Maeve Byrne", "member"),
    ]
    assert json.loads(html.unescape(told[0][0])) == {"email": demo.ADMIN_EMAIL, "password": demo.PASSWORD}
    assert "trellis demo" not in words(page)


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        (ELSEWHERE, {}),
        (HERE, {"Host": "evil.example"}),  # a name of somebody else that leads here
        (HERE, {"X-Forwarded-For": "203.0.113.9"}),
    ],
    ids=["another machine", "another name", "a proxy"],
)
async def test_strangers_are_told_addresses_alone(
    database: Database, engines: Engines, peer: tuple[str, int], headers: dict[str, str]
) -> None:
    await demo.fill(engines)
    response = await get(database.url, peer=peer, headers=headers)
    assert response.status_code == 200
    assert "Open GraphiQL" in words(response.text)
    for word in ("Ada", demo.PASSWORD, "Database", str(migrate.newest()), "verbose", "metrics"):
        assert word not in words(response.text)
        assert f'="{word}' not in response.text


async def test_a_database_that_is_away_is_told_with_the_cure(tmp_path: Path) -> None:
    said = words((await get(f"sqlite:///{tmp_path / 'nowhere.db'}")).text)
    assert "lacks tables that the API shows. Run `trellis db upgrade`." in said
    assert "trellis doctor says what is wrong" in said


async def test_the_page_has_its_headers_and_no_script_in_itself(tmp_path: Path) -> None:
    response = await get(f"sqlite:///{tmp_path / 'nowhere.db'}")
    assert response.headers["Content-Security-Policy"] == POLICY
    assert "unsafe" not in POLICY
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Vary"] == "Accept"
    assert response.headers["X-Frame-Options"] == "DENY"
    loaded = re.findall(r'<(?:script|link rel="stylesheet")[^>]*>', response.text)
    assert len(loaded) == 2
    assert all('integrity="sha384-' in tag and "://" not in tag for tag in loaded)
    assert "<script>" not in response.text
    assert "style=" not in response.text
    assert len(response.content) < 8_000


async def test_what_stands_in_a_database_url_is_text(tmp_path: Path) -> None:
    page = (await get(f"sqlite:///{tmp_path}/<script>alert(1)</script>.db")).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


async def test_programs_are_led_to_the_api(tmp_path: Path) -> None:
    response = await get(f"sqlite:///{tmp_path / 'nowhere.db'}", headers={"Accept": "*/*"})
    assert (response.status_code, response.headers["location"]) == (307, "/graphql")


async def test_without_the_explorer_there_is_nothing_here(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'nowhere.db'}"
    for path in ("/", "/graphql/schema.graphql", "/graphql/explorer/home.js"):
        assert (await get(url, path, explorer=False)).status_code == 404


async def test_the_schema_is_a_file_for_those_who_may_ask_for_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'nowhere.db'}"
    response = await get(url, "/graphql/schema.graphql")
    assert response.text == (HOUSE / "schema.graphql").read_text()
    assert response.headers["Content-Disposition"] == 'attachment; filename="schema.graphql"'
    for settings in ({"introspection": False}, {"documents": "strict"}):
        assert (await get(url, "/graphql/schema.graphql", **settings)).status_code == 404
        assert "schema.graphql" not in (await get(url, **settings)).text
    exempt: dict[str, Any] = {"documents": "strict", "documents_exempt": ("introspection",)}
    assert (await get(url, "/graphql/schema.graphql", **exempt)).status_code == 200


async def test_a_token_of_operators_hides_what_no_browser_may_read(tmp_path: Path) -> None:
    page = (await get(f"sqlite:///{tmp_path / 'nowhere.db'}", metrics_token="a-token-for-metrics")).text
    assert 'href="metrics"' not in page
    assert "TRELLIS_METRICS_TOKEN" in page
    assert "a-token-for-metrics" not in page


async def test_a_viewer_for_development_is_named(tmp_path: Path) -> None:
    said = words((await get(f"sqlite:///{tmp_path / 'nowhere.db'}", dev_viewer=("editor",))).text)
    assert "Without a sign-in, you are editor here" in said
