"""Whose word counts for who asks: that of trusted proxies, and of nobody else."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.requests import HTTPConnection
from starlette.types import Message, Receive, Scope, Send

from graph.http.proxies import TrustedProxies
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer
from tests.entity.laws import tried
from tests.http.conftest import Serve

PROXY = "192.0.2.1"
TRUSTED = (PROXY, "10.0.0.0/8", "2001:db8::/32")
CLIENT = "203.0.113.9"
OTHER = "198.51.100.7"
FOR, PROTO, HOST, STANDARD = "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"


async def seen(
    *headers: tuple[str, str],
    peer: tuple[str, int] | None = (PROXY, 5000),
    trusted: Sequence[str] = TRUSTED,
    kind: str = "http",
) -> tuple[object, str, str]:
    """The client, the scheme and the host that the application sees."""
    scopes: list[Scope] = []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        scopes.append(scope)

    async def nothing() -> Message:
        raise AssertionError("nothing is received")

    async def nowhere(_message: Message) -> None:
        raise AssertionError("nothing is sent")

    raw = [(b"host", b"inside:8000"), *((name.encode(), value.encode("latin-1")) for name, value in headers)]
    scope = {"type": kind, "client": peer, "scheme": "http" if kind == "http" else "ws", "headers": raw}
    await TrustedProxies(application, trusted)(scope, nothing, nowhere)
    (host,) = [value.decode() for name, value in scopes[0]["headers"] if name == b"host"]
    return scopes[0]["client"], scopes[0]["scheme"], host


UNTOLD = ((PROXY, 5000), "http", "inside:8000")


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ([(FOR, CLIENT)], (CLIENT, 0)),
        ([(FOR, f"{CLIENT}:4711")], (CLIENT, 4711)),
        ([(FOR, f"{OTHER}, {CLIENT}")], (CLIENT, 0)),  # whatever stands left of it, the client may have written
        ([(FOR, f"{CLIENT},10.1.1.1 , 10.2.2.2")], (CLIENT, 0)),
        ([(FOR, OTHER), (FOR, CLIENT), (FOR, "10.1.1.1")], (CLIENT, 0)),
        ([(FOR, f"127.0.0.1, {CLIENT}")], (CLIENT, 0)),
        ([(FOR, "10.3.3.3, 10.1.1.1")], ("10.3.3.3", 0)),  # everybody is trusted: the farthest
        ([(FOR, f", {CLIENT}, ,")], (CLIENT, 0)),
        ([(FOR, "2001:db9::1")], ("2001:db9::1", 0)),
        ([(FOR, "[2001:db9::1]:443")], ("2001:db9::1", 443)),
        ([(FOR, f"::ffff:{CLIENT}")], (CLIENT, 0)),
        ([(FOR, f"{CLIENT}, 2001:DB8::5")], (CLIENT, 0)),
        ([(FOR, f"{CLIENT}:99999")], (CLIENT, 0)),
        ([(FOR, f"{OTHER}, unknown")], (PROXY, 5000)),
        ([(FOR, f"{OTHER}, unknown, 10.1.1.1")], ("10.1.1.1", 0)),  # hidden: its proxy stands for it
        ([(FOR, "1.2.3.4.5")], (PROXY, 5000)),
        ([(FOR, "")], (PROXY, 5000)),
        ([(FOR, "\xff\x00:::[[")], (PROXY, 5000)),
        ([(STANDARD, f"for={CLIENT}")], (CLIENT, 0)),
        ([(STANDARD, f"For={OTHER}, FOR={CLIENT};by=10.1.1.1")], (CLIENT, 0)),
        ([(STANDARD, 'for="[2001:db9::1]:4711"')], ("2001:db9::1", 4711)),
        ([(STANDARD, f'for={CLIENT} ; by="a,b;c\\"d" , for=10.1.1.1')], (CLIENT, 0)),
        ([(STANDARD, f'for="{CLIENT}:_port"')], (PROXY, 5000)),
        ([(STANDARD, f"for={OTHER}, for=_hidden, for=10.1.1.1")], ("10.1.1.1", 0)),
        ([(STANDARD, "for=unknown")], (PROXY, 5000)),
        ([(STANDARD, f'for={OTHER};x=", for={CLIENT}')], (PROXY, 5000)),  # a quote does not swallow the proxy's word
        ([(STANDARD, f'for={OTHER};x="'), (STANDARD, f"for={CLIENT}")], (CLIENT, 0)),
        ([(STANDARD, "for")], (PROXY, 5000)),
        ([(STANDARD, f"for={CLIENT},")], (PROXY, 5000)),
    ],
)
async def test_the_client_is_the_nearest_address_that_no_trusted_proxy_has(
    headers: Sequence[tuple[str, str]], client: tuple[str, int]
) -> None:
    assert (await seen(*headers))[0] == client


@pytest.mark.parametrize("peer", [("198.51.100.7", 5000), ("127.0.0.1", 5000), ("::1", 5000), None])
async def test_a_stranger_is_not_believed(peer: tuple[str, int] | None) -> None:
    headers = [(FOR, CLIENT), (PROTO, "https"), (HOST, "api.example.org"), (STANDARD, f"for={CLIENT};proto=https")]
    for untrusting in (await seen(*headers, peer=peer), await seen(*headers, peer=peer, trusted=())):
        assert untrusting == (peer, "http", "inside:8000")


@pytest.mark.parametrize("peer", [("10.9.9.9", 1), ("::ffff:10.9.9.9", 1), ("2001:db8:0::1", 1), ("192.0.2.1", 1)])
async def test_a_proxy_is_known_however_its_address_is_written(peer: tuple[str, int]) -> None:
    assert (await seen((FOR, CLIENT), peer=peer))[0] == (CLIENT, 0)


async def test_a_unix_socket_is_trusted_by_name_alone() -> None:
    assert (await seen((FOR, CLIENT), peer=None, trusted=["unix"]))[0] == (CLIENT, 0)
    assert (await seen((FOR, CLIENT), trusted=["unix"]))[0] == (PROXY, 5000)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ([(PROTO, "https")], ("https", "inside:8000")),
        ([(PROTO, "HTTPS"), (HOST, "api.example.org:8443")], ("https", "api.example.org:8443")),
        ([(FOR, f"{CLIENT}, 10.1.1.1"), (PROTO, "https, http")], ("https", "inside:8000")),
        (
            [(FOR, f"{OTHER}, {CLIENT}"), (PROTO, "https, http")],
            ("http", "inside:8000"),
        ),  # the left one is the client's
        ([(FOR, f"{CLIENT}, 10.1.1.1"), (PROTO, "https")], ("https", "inside:8000")),
        ([(STANDARD, f'for={CLIENT};proto=https;host="api.example.org"')], ("https", "api.example.org")),
        ([(STANDARD, f"for={CLIENT}, for=10.1.1.1;proto=https")], ("https", "inside:8000")),
        ([(PROTO, "javascript"), (HOST, "a/b@c")], ("http", "inside:8000")),
        ([(HOST, "[2001:db9::1]:80")], ("http", "[2001:db9::1]:80")),
        ([(HOST, "a" * 300)], ("http", "inside:8000")),
    ],
)
async def test_scheme_and_host_are_those_that_the_clients_proxy_tells(
    headers: Sequence[tuple[str, str]], told: tuple[str, str]
) -> None:
    assert (await seen(*headers))[1:] == told


async def test_a_websocket_through_tls_is_secure() -> None:
    assert (await seen((PROTO, "https"), kind="websocket"))[1] == "wss"


async def test_two_kinds_that_contradict_each_other_are_not_believed() -> None:
    """A proxy writes one kind, and may hand on the other as a stranger has sent it."""
    assert (await seen((FOR, CLIENT), (STANDARD, f"for={OTHER};proto=https"))) == UNTOLD
    told = [(FOR, f"{CLIENT}:7"), (PROTO, "https"), (HOST, "api.example.org")]
    agreeing = await seen(*told, (STANDARD, f'for="{CLIENT}:7";proto=https;host=api.example.org'))
    assert agreeing == ((CLIENT, 7), "https", "api.example.org")


@pytest.mark.parametrize(
    ("by_proxy", "seen_by"),
    [
        ([(FOR, CLIENT), (PROTO, "http")], ((CLIENT, 0), "http", "inside:8000")),
        ([(FOR, CLIENT)], ((CLIENT, 0), "http", "inside:8000")),
        ([(FOR, f"{CLIENT}:5"), (HOST, "api.example.org")], ((CLIENT, 0), "http", "inside:8000")),
    ],
)
async def test_who_knows_its_own_address_adds_nothing_by_the_other_kind(
    by_proxy: list[tuple[str, str]], seen_by: tuple[object, str, str]
) -> None:
    forged = (STANDARD, f'for="{CLIENT}:7";proto=https;host=evil.example.org')
    assert await seen(*by_proxy, forged) == seen_by
    assert await seen(forged, *by_proxy) == seen_by


PIECES = st.sampled_from(
    [
        "for=",
        "proto=https",
        ";",
        ",",
        '"',
        "\\",
        "[",
        "]",
        ":",
        CLIENT,
        OTHER,
        "10.1.1.1",
        "2001:db9::1",
        "unknown",
        " ",
    ]
)


@tried(200)
@given(pieces=st.lists(PIECES | st.text('\x00\xff,;="[]:.%é', max_size=5), max_size=12), standard=st.booleans())
async def test_what_a_client_writes_never_moves_what_the_proxy_adds(pieces: list[str], standard: bool) -> None:
    name, added = (STANDARD, f"for={CLIENT}") if standard else (FOR, CLIENT)
    apart = await seen((name, "".join(pieces)), (name, added))
    assert apart[0] == (CLIENT, 0)
    joined = await seen((name, f"{''.join(pieces)}, {added}"))
    assert joined[0] == (CLIENT, 0) or (standard and joined[0] == (PROXY, 5000))


async def test_an_endless_chain_takes_no_time() -> None:
    assert (await seen((FOR, ",".join(["10.1.1.1"] * 7_000))))[0] == ("10.1.1.1", 0)
    assert (await seen((STANDARD, 'for="' + "\\" * 60_000)))[0] == (PROXY, 5000)


@pytest.mark.parametrize("value", ["proxy.example.org", "10.0.0.0/33", "*", "unix:/run/x"])
def test_a_proxy_that_has_no_address_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="neither an address nor a network"):
        Settings.model_validate({"trusted_proxies": value})


def test_networks_may_be_written_by_an_address_in_them() -> None:
    made = Settings.model_validate({"trusted_proxies": "10.1.2.3/8, ::1,unix"})
    assert made.trusted_proxies == ("10.0.0.0/8", "::1/128", "unix")


@pytest.mark.parametrize(
    ("trusted", "expected"),
    [("127.0.0.1", (CLIENT, "https")), ("", ("127.0.0.1", "http")), ("::1", ("127.0.0.1", "http"))],
)
async def test_a_server_believes_the_proxies_of_its_settings_alone(
    serve: Serve, no_database: str, trusted: str, expected: tuple[str, str]
) -> None:
    told: list[tuple[str, str]] = []

    async def identify(request: HTTPConnection) -> Viewer:
        told.append((request.client.host if request.client else "", request.url.scheme))
        return NOBODY

    client = await serve(no_database, identify, trusted_proxies=trusted)
    body = json.dumps({"query": "{ __typename }"}).encode()
    assert (await client.post(body, x_forwarded_for=CLIENT, x_forwarded_proto="https")).status == 200
    assert told == [expected]
