"""The explorer's files over HTTP: only ours, only as recorded, and the browser is told how to treat them."""

import json
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from shutil import copytree

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from graph.domain import SignInOperations, Tab
from graph.explorer import ExplorerPage, explorer_files
from graph.explorer.assets import assets
from graph.explorer.manifest import FILES, OWN_FILES, Manifest, ManifestError, check, integrity
from graph.explorer.page import SCRIPTS, STYLES
from tests.http.client import DECOMPRESS

PAGE = ExplorerPage([Tab('{ "<b>" }', '{"a": 1}')], SignInOperations("{ me }", "mutation { in }", "mutation { out }"))


async def page(_: Request) -> Response:
    return PAGE.response()


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    """A client of an application that serves the explorer and nothing else."""
    application = Starlette(routes=[Route("/graphql", page), explorer_files()])
    async with AsyncClient(transport=ASGITransport(application), base_url="http://trellis") as client:
        yield client


class Tags(HTMLParser):
    """Collects the tags of a page, and the text inside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in {"script", "style"}:
            self.inline += data.strip()

    def loaded(self) -> list[dict[str, str | None]]:
        """The tags that load a script or a style sheet."""
        return [
            attributes
            for tag, attributes in self.tags
            if tag == "script" or (tag == "link" and attributes["rel"] == "stylesheet")
        ]


def test_every_file_is_the_one_that_the_manifest_records() -> None:
    check(Manifest.read())


def test_a_changed_a_missing_and_a_strange_file_are_noticed(tmp_path: Path) -> None:
    files = tmp_path / "files"
    copytree(FILES, files)
    script = files / "react.min.js"
    original = script.read_bytes()

    script.write_bytes(original + b" ")
    with pytest.raises(ManifestError, match=r"react.min.js is not the file that .* records; .* `make explorer`"):
        check(Manifest.read(), files)

    script.unlink()
    with pytest.raises(ManifestError, match=r"react.min.js is missing"):
        check(Manifest.read(), files)

    script.write_bytes(original)
    (files / "stranger.js").touch()
    with pytest.raises(ManifestError, match=r"stranger.js is not in manifest.json; remove it"):
        check(Manifest.read(), files)


def test_every_package_has_a_licence_that_lies_beside_it() -> None:
    packages = Manifest.read().packages
    assert {package.license for package in packages} == {"MIT"}
    # The plugin comes from GraphiQL's repository, under its licence; its package holds no text of it.
    without = {package.name for package in packages if not any("LICENSE" in file.name for file in package.files)}
    assert without == {"@graphiql/plugin-explorer"}


async def test_the_page_has_its_security_headers(client: AsyncClient) -> None:
    response = await client.get("/graphql")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Vary"] == "Accept"
    policy = re.sub(r"'nonce-[\w-]{22}'", "'nonce'", response.headers["Content-Security-Policy"])
    assert policy.split("; ") == [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'nonce'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


async def test_each_page_has_a_nonce_of_its_own(client: AsyncClient) -> None:
    nonces = set()
    for _ in range(3):
        response = await client.get("/graphql")
        (nonce,) = re.findall(r"'nonce-([\w-]+)'", response.headers["Content-Security-Policy"])
        assert [attributes["nonce"] for _, attributes in Tags(response.text).tags if "nonce" in attributes] == [nonce]
        nonces.add(nonce)
    assert len(nonces) == 3


async def test_the_page_carries_what_it_opens_with(client: AsyncClient) -> None:
    (carried,) = [
        tag["data-content"] for _, tag in Tags((await client.get("/graphql")).text).tags if "data-content" in tag
    ]
    assert json.loads(carried or "") == {
        "tabs": [{"query": '{ "<b>" }', "variables": '{"a": 1}'}],
        "signIn": {"viewer": "{ me }", "signIn": "mutation { in }", "signOut": "mutation { out }"},
    }


def test_without_examples_the_page_opens_with_something_that_every_schema_answers() -> None:
    page = bytes(ExplorerPage().response().body).decode()
    assert "__typename" in page
    assert "&quot;signIn&quot;: null" in page


async def test_the_page_loads_only_our_files_each_by_its_digest(client: AsyncClient) -> None:
    tags = Tags((await client.get("/graphql")).text)
    assert tags.inline == ""
    assert len(tags.loaded()) == len(STYLES + SCRIPTS)
    for attributes in tags.loaded():
        address = attributes.get("src") or attributes.get("href")
        assert address is not None
        assert address.startswith("graphql/explorer/")
        response = await client.get(f"/{address}")
        assert response.status_code == 200
        assert attributes["integrity"] == integrity(response.content)
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("name", sorted(assets()))
async def test_a_file_has_its_type_and_its_headers(client: AsyncClient, name: str) -> None:
    response = await client.get(f"/graphql/explorer/{name}")
    assert response.status_code == 200
    assert response.content == (FILES / name).read_bytes()
    assert (
        response.headers["Content-Type"].partition(";")[0]
        == {
            ".css": "text/css",
            ".js": "text/javascript",
            ".svg": "image/svg+xml",
            ".txt": "text/plain",
        }[Path(name).suffix]
    )
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response.headers["Cache-Control"] == "no-cache"  # the address names no content


def test_every_file_is_served() -> None:
    assert assets().keys() == {file.name for file in Manifest.read().files()} | set(OWN_FILES)
    assert assets().keys() == {path.name for path in FILES.iterdir()}


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("br, GZIP;q=0.5, *;q=0.1", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, identity; q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("br, gzip; q=0.000, deflate", None),
        ("br", None),
        ("", None),
    ],
)
async def test_files_are_compressed_for_those_who_take_that(
    client: AsyncClient, accepted: str, encoding: str | None
) -> None:
    headers = {"Accept-Encoding": accepted}
    async with client.stream("GET", "/graphql/explorer/graphiql.min.js", headers=headers) as response:
        sent = b"".join([part async for part in response.aiter_raw()])
    assert response.headers.get("Content-Encoding") == encoding
    assert response.headers["Vary"] == "Accept-Encoding"
    assert int(response.headers["Content-Length"]) == len(sent)
    assert DECOMPRESS[encoding](sent) == (FILES / "graphiql.min.js").read_bytes()


async def test_a_client_that_has_the_file_gets_no_copy(client: AsyncClient) -> None:
    first = await client.get("/graphql/explorer/explorer.js")
    second = await client.get("/graphql/explorer/explorer.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.content) == (304, b"")
    plain = {"If-None-Match": first.headers["ETag"], "Accept-Encoding": "identity"}
    assert (await client.get("/graphql/explorer/explorer.js", headers=plain)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "",
        "unknown.js",
        "graphiql.min.js.map",
        "index.umd.js.map",
        "..%2fmanifest.json",
        "%2e%2e/page.html",
        "%2e%2e%2f%2e%2e%2f..%2fpyproject.toml",
        "..%5cmanifest.json",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "explorer.js%00",
        "explorer.js/",
        "./explorer.js%2f..%2fexplorer.js",
        "a" * 5_000,
    ],
)
async def test_other_names_and_ways_out_are_404(client: AsyncClient, path: str) -> None:
    response = await client.get(f"/graphql/explorer/{path}")
    assert response.status_code == 404
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_files_are_only_read(client: AsyncClient) -> None:
    head = await client.head("/graphql/explorer/explorer.js")
    assert (head.status_code, head.content) == (200, b"")
    for method in ("POST", "PUT", "DELETE"):
        assert (await client.request(method, "/graphql/explorer/explorer.js")).status_code == 405


def test_no_file_of_ours_names_another_host() -> None:
    own = [FILES / name for name in OWN_FILES] + [FILES.parent / "page.html"]
    for path in own:
        text = path.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert re.findall(r"\w+://", text) == [], path.name
