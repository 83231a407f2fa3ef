"""A viewer for development is whoever sits at the machine, and nobody else."""

import pytest
from pydantic import ValidationError
from starlette.requests import HTTPConnection

from graph.cli.errors import Exit
from graph.errors import CannotStart, Unauthenticated
from graph.outside.announcement import announcement
from graph.outside.development import with_development_viewer
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer
from tests.cli.running import trellis

ADMIN = Viewer(roles=frozenset({"admin", "editor"}))
OWN = "http://localhost:8000"
PAGE = "http://localhost:5173"


async def by_header(request: HTTPConnection) -> Viewer:
    """The identification of the domain."""
    sent = request.headers.get("authorization")
    if sent not in (None, "Bearer 7"):
        raise Unauthenticated
    return NOBODY if sent is None else Viewer(7)


def make_settings(**settings: object) -> Settings:
    return Settings.model_validate({"dev_viewer": "admin, editor", **settings})


async def who(peer: tuple[str, int] | None = ("127.0.0.1", 5000), /, **headers: str) -> Viewer:
    """Who sent a request with these headers, to a server that believes the pages of one other origin."""
    sent = {"host": "localhost:8000"} | {name.replace("_", "-"): value for name, value in headers.items()}
    raw = [(name.encode(), value.encode()) for name, value in sent.items()]
    scope = {"type": "http", "method": "POST", "scheme": "http", "client": peer, "headers": raw}
    settings = make_settings(cors_origins=PAGE)
    return await with_development_viewer(by_header, settings)(HTTPConnection(scope))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "127.0.0.1:8000"},
        {"host": "[::1]:8000"},
        {"host": "LOCALHOST"},
        {"sec_fetch_site": "same-origin", "origin": OWN},
        {"sec_fetch_site": "none"},
        {"origin": OWN},
        {"sec_fetch_site": "same-site", "origin": PAGE},  # named in TRELLIS_CORS_ORIGINS
    ],
    ids=str,
)
async def test_programs_and_pages_of_this_machine_have_the_roles(headers: dict[str, str]) -> None:
    assert await who(**headers) == ADMIN
    assert await who(("::1", 5000), **headers) == ADMIN


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "elsewhere.example:8000"},  # a name that leads to this machine
        {"host": "localhost.elsewhere.example"},
        {"host": "127.0.0.1.elsewhere.example"},
        {"host": ""},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "origin": "http://localhost:3000"},
        {"sec_fetch_site": "cross-site", "origin": "null"},
        {"origin": "https://elsewhere.example"},
        {"origin": "https://localhost:8000"},
        {"x_forwarded_for": "127.0.0.1"},
        {"x_forwarded_proto": "https"},
        {"forwarded": "for=127.0.0.1"},
        {"via": "1.1 proxy"},
    ],
    ids=str,
)
async def test_other_sites_other_names_and_proxies_have_none(headers: dict[str, str]) -> None:
    assert await who(**headers) is NOBODY


@pytest.mark.parametrize("peer", [("192.0.2.1", 5000), ("::ffff:192.0.2.1", 5000), ("client", 5000), None])
async def test_other_machines_have_none(peer: tuple[str, int] | None) -> None:
    assert await who(peer) is NOBODY


async def test_credentials_win_and_wrong_ones_are_refused() -> None:
    assert await who(authorization="Bearer 7") == Viewer(7)
    with pytest.raises(Unauthenticated):
        await who(authorization="Bearer 8")


async def test_a_user_may_be_named_among_the_roles() -> None:
    by = with_development_viewer(by_header, make_settings(dev_viewer="admin,user:42"))
    headers = [(b"host", b"localhost:8000")]
    request = HTTPConnection({"type": "http", "client": ("127.0.0.1", 5000), "scheme": "http", "headers": headers})
    assert await by(request) == Viewer("42", frozenset({"admin"}))
    for wrong in ("user:", "user:1,user:2"):
        with pytest.raises(ValidationError, match="names one user"):
            make_settings(dev_viewer=wrong)


def test_without_the_setting_nothing_stands_between() -> None:
    assert with_development_viewer(by_header, make_settings(dev_viewer="")) is by_header


def test_who_has_roles_alone_is_somebody() -> None:
    assert ADMIN.is_known
    assert ADMIN.name == "roles:admin,editor"


def test_a_start_says_who_has_the_roles() -> None:
    assert announcement(make_settings(), ["127.0.0.1", "::1"]) == (
        "Whoever asks from this machine without credentials is admin, editor (TRELLIS_DEV_VIEWER)"
    )
    assert announcement(make_settings(dev_viewer=""), ["0.0.0.0"]) is None


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::", "fe80::1%eth0"])
def test_an_address_of_others_is_refused(address: str) -> None:
    with pytest.raises(CannotStart, match=r"and others reach .*, too\. Listen on 127\.0\.0\.1, or unset it\."):
        announcement(make_settings(), ["127.0.0.1", address])


def test_the_command_refuses_an_address_of_others() -> None:
    done = trellis("serve", "--host", "0.0.0.0", "--port", "0", status=Exit.UNAVAILABLE, TRELLIS_DEV_VIEWER="admin")
    assert "TRELLIS_DEV_VIEWER is for a server that this machine alone can reach" in done.stderr


def test_proxies_and_a_viewer_for_development_are_refused_together() -> None:
    with pytest.raises(ValidationError, match="unset it, or TRELLIS_TRUSTED_PROXIES"):
        make_settings(trusted_proxies="127.0.0.1")
