"""Identity over real HTTP: what is refused, with which status, and what a browser is told to keep."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from db.session.engines import Engines
from graph.app import create_app
from graph.auth.tokens import Tokens
from graph.errors import CrossSite
from graph.http.requests import GRAPHQL_RESPONSE, JSON
from graph.identity import sign_ins
from graph.identity.identify import COOKIE, Identify
from graph.settings import Settings
from graph.viewer import Viewer
from tests.explorer.serving import serving
from tests.http.client import Answer, Client
from tests.identity.people import make_key, make_request, make_sign_in, make_user, writing

QUERY = "{ __typename }"
PREFLIGHT = {"x_trellis_preflight": "1"}


@asynccontextmanager
async def client_of(settings: Settings) -> AsyncIterator[Client]:
    async with serving(create_app(settings)) as origin, Client(origin) as client:
        yield client


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Client]:
    async with client_of(settings) as client:
        yield client


async def post(api: Client, **headers: str) -> Answer:
    return await api.post(json.dumps({"query": QUERY}).encode(), **headers)


@pytest.fixture
async def cookie(engines: Engines) -> dict[str, str]:
    """The header of a browser that has signed in."""
    opened = await make_sign_in(engines, await make_user(engines), in_cookie=True)
    return {"cookie": f"{COOKIE}={opened.text}"}


async def test_nobody_is_served_as_ever(api: Client) -> None:
    for answer in (await post(api), await api.get({"query": QUERY}), await post(api, cookie="theme=dark")):
        assert answer.data == {"__typename": "Query"}
        assert "set-cookie" not in answer.headers


async def test_a_token_and_a_key_are_served(api: Client, engines: Engines, tokens: Tokens) -> None:
    user = await make_user(engines)
    token = tokens.issue(user.id, (await make_sign_in(engines, user)).sign_in.id).text
    for text in (token, await make_key(engines, "editor")):
        assert (await post(api, authorization=f"Bearer {text}")).data
        assert (await api.get({"query": QUERY}, authorization=f"Bearer {text}")).data  # nothing that a link could do


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_RESPONSE])
async def test_wrong_credentials_get_401_and_no_data(api: Client, accept: str) -> None:
    for text in ("nonsense", "trellis_nonsense", "a.b.c"):
        answer = await post(api, authorization=f"Bearer {text}", accept=accept)
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "data" not in answer.body
        assert "set-cookie" not in answer.headers


async def test_of_two_credentials_neither_is_believed(api: Client, engines: Engines, tokens: Tokens) -> None:
    """Whoever stands before us may have looked at the other one."""
    user = await make_user(engines)
    good = ("Authorization", f"Bearer {tokens.issue(user.id, (await make_sign_in(engines, user)).sign_in.id).text}")
    assert (await api.http.post("/graphql", json={"query": QUERY}, headers=[good])).status_code == 200
    for headers in ([good, good], [("Authorization", "Bearer x"), good], [good, ("authorization", "Basic x")]):
        answer = await api.http.post("/graphql", json={"query": QUERY}, headers=headers)
        assert answer.status_code == 400  # before anybody looks at them


async def test_what_was_revoked_gets_401_at_the_next_request(api: Client, engines: Engines, tokens: Tokens) -> None:
    user = await make_user(engines)
    opened = await make_sign_in(engines, user)
    token = f"Bearer {tokens.issue(user.id, opened.sign_in.id).text}"
    assert (await post(api, authorization=token)).status == 200
    async with writing(engines) as session:
        await sign_ins.revoke(session, opened.sign_in.id)
    assert (await post(api, authorization=token)).status == 401


async def test_a_wrong_cookie_gets_401_and_is_to_be_forgotten(api: Client) -> None:
    answer = await post(api, cookie=f"{COOKIE}=nonsense", **PREFLIGHT)
    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
    assert answer.headers["set-cookie"] == f'{COOKIE}=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax'


async def test_over_https_a_cookie_is_for_https(settings: Settings) -> None:
    transport = httpx.ASGITransport(create_app(settings))
    async with httpx.AsyncClient(transport=transport, base_url="https://api.example.org", verify=False) as http:
        headers = {"Cookie": f"{COOKIE}=nonsense", "X-Trellis-Preflight": "1"}
        answer = Answer.of_response(await http.post("/graphql", json={"query": QUERY}, headers=headers))
    assert answer.headers["set-cookie"].endswith("; SameSite=lax; Secure")


SITES = {"same-origin": True, "none": True, "same-site": False, "cross-site": False, "nonsense": False, "": False}
"""What browsers say of where a request comes from, and whether we believe it."""


@pytest.mark.parametrize("site", list(SITES))
@pytest.mark.parametrize("preflight", [{}, PREFLIGHT], ids=["bare", "preflighted"])
async def test_a_post_with_a_cookie_must_come_from_our_site(
    api: Client, cookie: dict[str, str], preflight: Mapping[str, str], site: str
) -> None:
    origins = [{}, {"origin": api.origin}, {"origin": "https://evil.example.org"}]
    for origin in origins:  # what the browser says of the site goes before it
        answer = await post(api, **cookie, **preflight, **origin, sec_fetch_site=site)
        assert answer.status == (200 if SITES[site] else 403), (origin, site)


@pytest.mark.parametrize("preflight", [{}, PREFLIGHT])
async def test_without_word_of_the_site_the_origin_tells(
    api: Client, cookie: dict[str, str], preflight: Mapping[str, str]
) -> None:
    host = api.origin.removeprefix("http://")
    believed = [api.origin, api.origin.upper()]
    others = ["null", "", "https://evil.example.org", f"https://{host}", f"{api.origin}.evil.example.org", host]
    for origin in believed + others:
        answer = await post(api, **cookie, **preflight, origin=origin)
        assert answer.status == (200 if origin in believed else 403), origin


async def test_a_program_with_a_cookie_says_that_it_is_none(api: Client, cookie: dict[str, str]) -> None:
    refused = await post(api, **cookie)
    assert (refused.status, refused.code) == (403, "CSRF")
    assert refused.messages == [
        "A request with a cookie must come from this site; send the header X-Trellis-Preflight along, or a token"
        " instead of the cookie."
    ]
    assert "set-cookie" not in refused.headers
    assert (await post(api, **cookie, **PREFLIGHT)).status == 200
    assert (await post(api, **cookie, x_trellis_preflight="")).status == 200  # any value


@pytest.mark.parametrize("site", list(SITES))
@pytest.mark.parametrize("preflight", [{}, PREFLIGHT], ids=["bare", "preflighted"])
async def test_a_get_with_a_cookie_needs_the_header_unless_the_browser_marks_it_as_ours(
    api: Client, cookie: dict[str, str], preflight: Mapping[str, str], site: str
) -> None:
    """A link in a mail is marked `none`, as a typed address is."""
    answer = await api.get({"query": QUERY}, **cookie, **preflight, sec_fetch_site=site)
    assert answer.status == (200 if site == "same-origin" or (SITES[site] and preflight) else 403)


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 403), (PREFLIGHT, 200), ({"origin": "https://evil.example.org", **PREFLIGHT}, 403)],
    ids=["nothing", "the header", "another site"],
)
async def test_a_get_with_a_cookie_and_no_word_of_the_site(
    api: Client, cookie: dict[str, str], headers: Mapping[str, str], status: int
) -> None:
    assert (await api.get({"query": QUERY}, **cookie, **headers)).status == status


async def test_a_cookie_beside_a_token_is_not_looked_at(api: Client, engines: Engines, cookie: dict[str, str]) -> None:
    key = f"Bearer {await make_key(engines, 'editor')}"
    answer = await post(api, **cookie, authorization=key, sec_fetch_site="cross-site")
    assert answer.status == 200


async def test_without_our_cookie_there_is_nothing_to_forge(api: Client) -> None:
    assert (await post(api, cookie="theme=dark", sec_fetch_site="cross-site")).status == 200
    assert (await api.get({"query": QUERY}, sec_fetch_site="cross-site")).status == 200


async def test_another_site_costs_no_statement(engines: Engines, settings: Settings, cookie: dict[str, str]) -> None:
    identify = Identify(engines, settings)
    before = engines.pools()["primary"]
    with pytest.raises(CrossSite):
        await identify(make_request(**cookie, sec_fetch_site="cross-site"))
    assert engines.pools()["primary"] == before


@pytest.mark.parametrize(
    ("scheme", "headers", "believed"),
    [
        ("ws", {"origin": "http://api.example.org"}, True),
        ("wss", {"origin": "https://api.example.org"}, True),
        ("wss", {"origin": "https://api.example.org", "sec_fetch_site": "same-origin"}, True),
        ("ws", {"origin": "https://evil.example.org"}, False),
        ("wss", {"origin": "http://api.example.org"}, False),
        ("wss", {"origin": "https://api.example.org", "sec_fetch_site": "cross-site"}, False),
        ("ws", {}, False),
    ],
)
async def test_a_websocket_with_a_cookie_must_come_from_our_site_too(
    engines: Engines,
    settings: Settings,
    cookie: dict[str, str],
    scheme: str,
    headers: dict[str, str],
    believed: bool,
) -> None:
    request = make_request(scheme=scheme, **cookie, **headers)
    if believed:
        assert (await Identify(engines, settings)(request)).is_known
    else:
        with pytest.raises(CrossSite):
            await Identify(engines, settings)(request)


async def test_without_a_database_nobody_is_served_and_others_get_an_answer(tmp_path: Path) -> None:
    nowhere = SecretStr(f"sqlite:///{tmp_path / 'nowhere' / 'trellis.db'}")
    async with client_of(Settings(database_url=nowhere)) as api:
        assert (await post(api)).data
        answer = await post(api, authorization="Bearer trellis_nonsense")
        assert (answer.status, answer.code) == (503, "UNAVAILABLE")


async def test_a_busy_server_says_to_try_again(settings: Settings) -> None:
    crowded = Engines(settings.model_copy(update={"pool_size": 1, "pool_max_overflow": 0, "pool_timeout_s": 0.05}))
    identify = Identify(crowded, settings)
    async with (
        crowded.primary.connect(),
        serving(create_app(settings, identify=identify)) as origin,
        Client(origin) as api,
    ):
        answer = await post(api, authorization="Bearer trellis_nonsense")
    await crowded.dispose()
    assert (answer.status, answer.code) == (503, "OVERLOADED")
    assert answer.headers["retry-after"] == "1"


async def test_an_application_may_tell_viewers_apart_by_itself(settings: Settings) -> None:
    asked: list[str] = []

    async def identify(request: HTTPConnection) -> Viewer:
        asked.append(request.headers["x-user"])
        return Viewer(int(request.headers["x-user"]))

    async with serving(create_app(settings, identify=identify)) as origin, Client(origin) as client:
        assert (await post(client, x_user="42", authorization="Bearer nonsense")).data
        assert (await post(client, x_user="ada")).status == 500
    assert asked == ["42", "ada"]


async def test_no_credential_is_in_the_log(
    api: Client, engines: Engines, tokens: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    user = await make_user(engines)
    opened = await make_sign_in(engines, user, in_cookie=True)
    token, key = tokens.issue(user.id, opened.sign_in.id).text, await make_key(engines, "editor")
    caplog.clear()
    for text in (token, key, token + "x", key + "x"):
        await post(api, authorization=f"Bearer {text}")
    await post(api, cookie=f"{COOKIE}={opened.text}", **PREFLIGHT)
    for text in (token, key, opened.text.partition(".")[2]):
        assert text not in caplog.text
