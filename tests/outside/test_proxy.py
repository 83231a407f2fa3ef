"""Headers of a proxy say who asks, if the settings trust that proxy, and are refused from everybody else."""

from typing import Any

import pytest
from starlette.requests import HTTPConnection
from starlette.types import Message, Receive, Scope, Send

from graph.errors import CannotStart, ClientError, CrossSite, Unauthenticated
from graph.http.proxies import TrustedProxies
from graph.outside.identification import identification
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer

PROXY, STRANGER = "192.0.2.1", "203.0.113.9"
ADA = Viewer("ada", frozenset({"editor", "author"}))
SAID = {"x-user-id": "ada", "x-user-roles": "editor, author"}
HEADERS = {"proxy_user_header": "X-User-Id", "proxy_roles_header": "X-User-Roles"}


async def who(
    headers: dict[str, str] | list[tuple[str, str]], peer: str | None = PROXY, trusted: str = PROXY, **settings: Any
) -> Viewer:
    """Who sent a request, as the server sees it behind the middleware of proxies."""
    made = Settings.model_validate({**HEADERS, "trusted_proxies": trusted, **settings})
    by = identification(made)
    assert by is not None
    found: list[Viewer | ClientError] = []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        try:
            found.append(await by(HTTPConnection(scope)))
        except ClientError as error:
            found.append(error)

    async def nothing() -> Message:
        raise AssertionError("nothing is received")

    async def nowhere(_message: Message) -> None:
        raise AssertionError("nothing is sent")

    sent = list(headers.items()) if isinstance(headers, dict) else headers
    raw = [(b"host", b"here"), *((name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in sent)]
    client = None if peer is None else (peer, 5000)
    scope = {"type": "http", "method": "POST", "scheme": "http", "client": client, "headers": raw}
    await TrustedProxies(application, made.trusted_proxies)(scope, nothing, nowhere)
    if isinstance(found[0], ClientError):
        raise found[0]
    return found[0]


async def test_a_trusted_proxy_says_who_asks() -> None:
    assert await who(SAID) == ADA
    assert await who({**SAID, "x-forwarded-for": STRANGER}) == ADA
    assert await who({**SAID, "x-user-id": "Ada Müller"}) == Viewer("Ada Müller", ADA.roles)
    assert await who({"x-user-id": "7"}) == Viewer("7")
    assert await who({"x-user-id": "", "x-user-roles": "robot"}) == Viewer(roles=frozenset({"robot"}))
    assert await who(SAID, peer=None, trusted="unix") == ADA


async def test_a_proxy_that_says_nothing_says_nobody() -> None:
    assert [await who(headers) for headers in ({}, {"x-user-id": " ", "x-user-roles": ""})] == [NOBODY, NOBODY]
    assert await who({}, peer=STRANGER) is NOBODY
    assert await who({"x-user-roles": "admin"}, proxy_roles_header="") is NOBODY


@pytest.mark.parametrize("headers", [SAID, {"x-user-id": "ada"}, {"x-user-roles": "admin"}], ids=range(3))
@pytest.mark.parametrize("peer", [STRANGER, "127.0.0.1", None, "192.0.2.2"])
async def test_a_stranger_who_says_so_is_refused(
    headers: dict[str, str], peer: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    for more in ({}, {"x-forwarded-for": PROXY}, {"forwarded": f"for={PROXY}"}, {"x-real-ip": PROXY}):
        with pytest.raises(Unauthenticated):
            await who({**headers, **more}, peer=peer)
    assert "It comes from no proxy of TRELLIS_TRUSTED_PROXIES." in caplog.text


@pytest.mark.parametrize(
    "headers",
    [
        [("x-user-id", "ada"), ("x-user-id", "admin")],
        [("x-user-id", "ada"), ("x-user-roles", "a"), ("x-user-roles", "admin")],
        [("x-user-id", "\udcff")],
        [("x-user-id", "a\0")],
        [("x-user-id", "x" * 256)],
        [("x-user-id", "ada"), ("x-user-roles", "a\x01")],
    ],
    ids=range(6),
)
async def test_what_a_proxy_cannot_mean_is_refused(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(Unauthenticated):
        await who(headers)


async def test_a_page_of_another_site_has_nothing_of_a_reader_whom_the_proxy_knows() -> None:
    page = "https://app.example.org"
    assert await who({**SAID, "sec-fetch-site": "same-origin", "origin": "http://here"}) == ADA
    for told in ({"sec-fetch-site": "cross-site"}, {"origin": page}, {"sec-fetch-site": "same-site", "origin": page}):
        with pytest.raises(CrossSite):
            await who({**SAID, **told})
        if "origin" in told:
            assert await who({**SAID, **told}, cors_origins=page, cors_credentials=True) == ADA


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({**HEADERS}, "name those that you have in TRELLIS_TRUSTED_PROXIES"),
        ({"proxy_roles_header": "X-User-Roles"}, "set TRELLIS_PROXY_USER_HEADER, too"),
    ],
    ids=range(2),
)
def test_wrong_settings_are_refused_in_one_sentence(settings: dict[str, str], said: str) -> None:
    with pytest.raises(CannotStart, match=said):
        identification(Settings.model_validate(settings))


def test_a_name_that_no_header_has_is_refused() -> None:
    with pytest.raises(ValueError, match="is no name of a header"):
        Settings(proxy_user_header="X User")
