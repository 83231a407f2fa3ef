"""Pages of other origins: what a browser asks before, what it may read, and whose cookie is believed.

A browser is played by its rules: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

import json

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from starlette.requests import HTTPConnection

from graph.auth.cross_site import refuse_cross_site
from graph.errors import Unauthenticated
from graph.http.requests import JSON
from graph.settings import Settings
from graph.testing.clients import named
from graph.viewer import NOBODY, Viewer
from tests.http.client import Client
from tests.http.conftest import Serve

APP = "https://app.example.org"
EVIL = "https://evil.example.com"
BODY = json.dumps({"query": "{ __typename }"}).encode()
SENT_BY_CLIENTS = (
    "content-type",
    "authorization",
    "graphql-client-name",
    "apollographql-client-version",
    "apollo-require-preflight",
    "x-trellis-preflight",
    "x-request-id",
    "traceparent",
)


async def identify(request: HTTPConnection) -> Viewer:
    """Nobody, or what the request wants to see go wrong."""
    match request.headers.get("x-case"):
        case "stranger":
            raise Unauthenticated
        case "broken":
            raise RuntimeError
    return NOBODY


@pytest.fixture
async def friendly(serve: Serve, no_database: str) -> Client:
    """A server that names an origin."""
    return await serve(no_database, identify=identify, cors_origins=f"{APP}, capacitor://localhost", max_body_bytes=99)


async def preflight(client: Client, origin: str, method: str = "POST", headers: str = "content-type") -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    return await client.http.options(
        "/graphql", headers=asked | ({"Access-Control-Request-Headers": headers} if headers else {})
    )


def may_send(response: httpx.Response, origin: str, headers: str, *, credentials: bool = False) -> bool:
    """Whether a browser sends the request after this answer to its preflight."""
    allowed = response.headers.get("access-control-allow-headers", "").lower()
    return (
        response.is_success
        and may_read(response, origin, credentials=credentials)
        and set(headers.split(",")) <= {name.strip() for name in allowed.split(",")}
        and "POST" in response.headers["access-control-allow-methods"]
    )


def may_read(response: httpx.Response, origin: str, *, credentials: bool = False) -> bool:
    """Whether a browser lets the page have the answer."""
    allowed: str = response.headers.get("access-control-allow-origin", "")
    if credentials and response.headers.get("access-control-allow-credentials") != "true":
        return False
    return allowed == origin or (allowed == "*" and not credentials)


async def test_a_page_of_a_named_origin_may_send_what_clients_send(friendly: Client) -> None:
    headers = ",".join(SENT_BY_CLIENTS)
    for origin in (APP, "capacitor://localhost"):
        answer = await preflight(friendly, origin, headers=headers)
        assert may_send(answer, origin, headers)
        assert not may_send(answer, origin, headers, credentials=True)
    assert answer.headers["access-control-max-age"] == "7200"
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, POST"
    assert "Origin" in answer.headers["vary"]


async def test_a_page_of_another_origin_may_neither_send_nor_read(friendly: Client) -> None:
    for origin in (EVIL, "null", "http://app.example.org", f"{APP}.evil.example.com", f"{APP}:444"):
        asked = await preflight(friendly, origin)
        read = await friendly.http.post("/graphql", content=BODY, headers={"Content-Type": JSON, "Origin": origin})
        for answer in (asked, read):
            assert "access-control-allow-origin" not in answer.headers
            assert "Origin" in answer.headers["vary"]


async def test_a_page_of_a_named_origin_may_use_our_methods_alone(friendly: Client) -> None:
    assert (await preflight(friendly, APP, "DELETE")).status_code == 400
    assert may_read(await preflight(friendly, APP, "GET", headers=""), APP)
    plain = await friendly.http.options("/graphql", headers={"Origin": APP})
    assert (plain.status_code, plain.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_a_page_may_read_whatever_is_answered_and_caches_keep_origins_apart(friendly: Client) -> None:
    async def answer(method: str = "POST", content: bytes | None = BODY, **headers: str) -> httpx.Response:
        sent = {"Content-Type": JSON, "Origin": APP} | named(headers)
        return await friendly.http.request(
            method, "/graphql", content=content, headers=sent, params={"query": "{ a: __typename }"}
        )

    answers = {
        200: await answer(),
        201: await answer("GET", None),
        400: await answer(content=b"{}"),
        401: await answer(x_case="stranger"),
        405: await answer("PUT"),
        406: await answer(accept="image/png"),
        413: await answer(content=b"#" * 100),
        415: await answer(content_type="text/plain"),
        500: await answer(x_case="broken"),
    }
    assert [found.status_code for found in answers.values()] == [200, 200, *[*answers][2:]]
    for found in answers.values():
        assert may_read(found, APP), found.status_code
        assert found.headers["vary"] == "Accept, Accept-Encoding, Origin"
        assert "access-control-allow-credentials" not in found.headers
    assert answers[401].headers["access-control-expose-headers"] == (
        "RateLimit, RateLimit-Policy, Retry-After, Trellis-Position, WWW-Authenticate"
    )


async def test_every_origin_may_read_what_everybody_sees(serve: Serve, no_database: str) -> None:
    client = await serve(no_database, cors_origins="*")
    asked = await preflight(client, EVIL, headers="authorization")
    assert may_send(asked, EVIL, "authorization")
    assert not may_send(asked, EVIL, "authorization", credentials=True)
    answer = await client.post(BODY, origin=EVIL)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


async def test_without_the_setting_nothing_is_said_of_origins(bare: Client) -> None:
    answer = await bare.post(BODY, origin=APP)
    assert answer.status == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]
    asked = await preflight(bare, APP)
    assert (asked.status_code, asked.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_other_addresses_are_for_our_own_pages(friendly: Client) -> None:
    for path in ("/healthz", "/metrics", "/graphql/explorer/explorer.js"):
        assert "access-control-allow-origin" not in (await friendly.http.get(path, headers={"Origin": APP})).headers


PAGES = {
    "our own page": {"sec-fetch-site": "same-origin"},
    "our own page, which posts": {"sec-fetch-site": "same-origin", "origin": "http://api.example.org"},
    "a named page of this site": {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors", "origin": APP},
    "a named page of another site": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors", "origin": APP},
    "a named page in an old browser": {"origin": APP},
    "another page": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors", "origin": EVIL},
    "another page with our header": {"sec-fetch-site": "cross-site", "origin": EVIL, "x-trellis-preflight": "1"},
    "another page in an old browser": {"origin": EVIL, "x-trellis-preflight": "1"},
    "a page without an origin": {"sec-fetch-site": "cross-site", "origin": "null"},
    "another page of this site": {"sec-fetch-site": "same-site", "origin": "https://blog.example.org"},
    "an image of another page": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    "a link of a named page": {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"},
    "a link in a mail": {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
    "an old browser": {},
}
BELIEVED = {
    # by method, then by whether pages of named origins are believed with credentials
    ("GET", False): {"our own page", "our own page, which posts"},
    ("GET", True): {"our own page", "our own page, which posts"}
    | {page for page in PAGES if page.startswith("a named page")},
    ("POST", False): {"our own page", "our own page, which posts", "a link in a mail"},
    ("POST", True): {"our own page", "our own page, which posts", "a link in a mail"}
    | {page for page in PAGES if page.startswith("a named page")},
}


@pytest.mark.parametrize(("method", "credentials"), BELIEVED)
def test_a_cookie_is_believed_of_our_own_pages_and_of_those_that_are_named(method: str, credentials: bool) -> None:
    believed = set()
    for page, headers in PAGES.items():
        raw = [(name.encode(), value.encode()) for name, value in {"host": "api.example.org", **headers}.items()]
        request = HTTPConnection({"type": "http", "method": method, "scheme": "http", "headers": raw})
        try:
            refuse_cross_site(request, {APP} if credentials else ())
        except Exception as error:
            assert type(error).__name__ == "CrossSite"  # noqa: PT017 - one of the two ways to go
        else:
            believed.add(page)
    assert believed == BELIEVED[method, credentials]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ()),
        ("*", ("*",)),
        (" https://App.example.org , http://localhost:3000", ("https://app.example.org", "http://localhost:3000")),
        ("https://a.org:443,http://a.org:80,http://a.org:443", ("https://a.org", "http://a.org", "http://a.org:443")),
        ("capacitor://localhost,http://[::1]:8080", ("capacitor://localhost", "http://[::1]:8080")),
    ],
)
def test_origins_are_kept_as_browsers_write_them(given: str, kept: tuple[str, ...]) -> None:
    assert settings(cors_origins=given).cors_origins == kept


@pytest.mark.parametrize(
    "given", ["null", "app.example.org", "https://a.org/", "https://*.a.org", "*,https://a.org", "https://ä.org"]
)
def test_what_is_no_origin_is_refused_with_the_form_of_one(given: str) -> None:
    with pytest.raises(ValidationError, match="such as https://app"):
        settings(cors_origins=given)


@pytest.mark.parametrize("origins", ["*", ""])
def test_credentials_are_for_origins_with_names(origins: str) -> None:
    with pytest.raises(ValidationError, match="name their origins in TRELLIS_CORS_ORIGINS"):
        settings(cors_origins=origins, cors_credentials=True)
    assert settings(cors_origins=APP, cors_credentials=True).cors_credentials


def settings(**given: object) -> Settings:
    return Settings.model_validate({"database_url": SecretStr("sqlite:///x.db"), **given})
