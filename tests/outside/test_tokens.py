"""Tokens of a provider: believed for what the settings say of them, and for nothing that they say of themselves."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from graph.errors import CannotStart, Unauthenticated
from graph.outside import tokens as module
from graph.outside.claims import Known, Places
from graph.outside.identification import identification
from graph.outside.keys import Key, key_of_secret, keys_of_pem
from graph.outside.tokens import GivenKeys, Rules, Tokens
from graph.settings import Settings
from tests.auth.conftest import Clock
from tests.entity.laws import tried
from tests.outside.provider import AUDIENCE, ISSUER, claims, jwk_of, pem_of, private_key, private_pem_of, token

SECRET = "a secret of the provider and of ours, of more than 64 bytes altogether"
ADA = Known("ada", frozenset({"editor"}))
PLACES = Places("sub", "roles")
LEEWAY_S = 10
PUBLIC = pem_of(private_key("RS256"))


def rules(*algorithms: str, issuer: str | None = ISSUER, audience: tuple[str, ...] | None = (AUDIENCE,)) -> Rules:
    return Rules(frozenset(algorithms), issuer, audience, LEEWAY_S)


def with_secret(**changed: Any) -> Tokens:
    return Tokens(rules("HS256", **changed), PLACES, GivenKeys([key_of_secret(SECRET)]))


def with_public_key(*algorithms: str, keys: list[Key] | None = None) -> Tokens:
    found = keys_of_pem(PUBLIC) if keys is None else keys
    return Tokens(rules(*(algorithms or ("RS256", "PS256", "ES256", "EdDSA"))), PLACES, GivenKeys(found))


def signed(
    headers: Mapping[str, Any] | None = None, algorithm: str = "HS256", key: str = SECRET, **changed: Any
) -> str:
    return jwt.encode(claims(**changed), key, algorithm, headers=dict(headers or {}))


def read(tokens: Tokens, text: str) -> Known | None:
    """What is known by a token; None for one that is refused."""
    try:
        return asyncio.run(tokens.read(text))
    except Unauthenticated:
        return None


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_what_the_provider_signed_is_believed() -> None:
    assert read(with_secret(), signed()) == ADA
    assert read(with_public_key(), token(None)) == ADA
    assert read(with_public_key(), token("a name that keys of the settings have not")) == ADA
    both = keys_of_pem(PUBLIC + pem_of(private_key("ES256")).replace("\n", "\\n"))
    assert read(with_public_key(keys=both), token(None, "ES256")) == ADA


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://elsewhere.example/"},
        {"iss": ISSUER.rstrip("/")},
        {"iss": None},
        {"aud": "others"},
        {"aud": ["others"]},
        {"aud": None},
        {"aud": {"notes": 1}},
        {"exp": None},
        {"exp": 1},
        {"exp": "soon"},
        {"exp": [1]},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": True},
        {"nbf": 2**40},
        {"nbf": "later"},
        {"iat": 2**40},
        {"sub": ""},
        {"sub": 1.5},
        {"sub": True},
        {"sub": ["ada"]},
        {"sub": {"id": "ada"}},
        {"sub": "ada\0"},
        {"sub": "\ud800"},
        {"sub": "x" * 256},
        {"sub": 2**63},
        {"roles": 7},
        {"roles": {"editor": True}},
        {"roles": [7]},
        {"roles": [["admin"]]},
        {"roles": ["\0"]},
    ],
    ids=str,
)
def test_a_token_that_says_something_else_is_refused(changed: dict[str, Any]) -> None:
    said = {name: value for name, value in (claims() | changed).items() if value is not None}
    text = f"{part({'alg': 'HS256'})}.{part(said)}"
    signature = base64.urlsafe_b64encode(hmac.digest(SECRET.encode(), text.encode(), "sha256")).decode().rstrip("=")
    assert read(with_secret(), f"{text}.{signature}") is None


def test_an_audience_of_several_and_anybodys_are_as_the_settings_say() -> None:
    assert read(with_secret(audience=("others", AUDIENCE)), signed()) == ADA
    assert read(with_secret(), signed(aud=["others", AUDIENCE])) == ADA
    assert read(with_secret(audience=None, issuer=None), signed(aud="x", iss="y")) == ADA
    assert read(with_secret(audience=None, issuer=None), signed(aud=None, iss=None)) == ADA
    assert read(with_secret(audience=None, issuer=None), signed(exp=1)) is None


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "", "HS256", "HS384", "RS512", "ES256"])
def test_an_algorithm_is_that_of_the_key_and_of_the_settings(algorithm: str) -> None:
    header, payload = part({"alg": algorithm, "typ": "JWT"}), part(claims())
    tokens = with_public_key()
    for material in (b"", PUBLIC.encode(), PUBLIC.strip().encode(), SECRET.encode()):
        signature = hmac.digest(material, f"{header}.{payload}".encode(), "sha256")
        text = f"{header}.{payload}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
        assert read(tokens, text) is None
    assert read(tokens, f"{header}.{payload}.") is None


def test_an_algorithm_that_was_not_named_is_refused_though_the_key_could_verify_it() -> None:
    assert read(with_public_key("RS256"), token(None, "RS512")) is None
    assert read(with_public_key("RS512"), token(None, "RS512")) == ADA
    assert read(with_secret(), signed(algorithm="HS512")) is None


@pytest.mark.parametrize(
    "headers",
    [{"crit": ["exp"]}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"b64": False}, {"kid": 7}, {"kid": ["one"]}],
    ids=str,
)
def test_a_header_that_asks_for_more_is_refused(headers: dict[str, Any]) -> None:
    text = f"{part({'alg': 'HS256', **headers})}.{part(claims())}"
    signature = base64.urlsafe_b64encode(hmac.digest(SECRET.encode(), text.encode(), "sha256")).decode().rstrip("=")
    assert read(with_secret(), f"{text}.{signature}") is None


def test_what_a_token_says_of_its_own_key_is_not_looked_at() -> None:
    jwk = jwk_of("one", number=1)
    for headers in ({"jwk": jwk}, {"jku": "http://127.0.0.1:1/"}, {"x5u": "http://127.0.0.1:1/"}, {"x5c": ["AAAA"]}):
        assert read(with_public_key(), token(None, number=1, headers=headers)) is None
        assert read(with_public_key(), token(None, headers=headers)) == ADA


def test_what_is_no_token_or_too_long_is_refused() -> None:
    nested = base64.urlsafe_b64encode(b"[" * 9_000).decode().rstrip("=")
    for text in (
        "",
        ".",
        "..",
        "a.b.c",
        "é.é.é",
        "\ud800",
        "\0",
        f"{nested}.e30.x",
        f"e30.{nested}.x",
        "." * 1_000_000,
    ):
        assert read(with_secret(), text) is None
    assert read(with_secret(), signed(x="x" * 10_000)) == ADA
    assert read(with_secret(), signed(x="x" * 13_000)) is None


@tried(100)
@given(st.text(max_size=60), st.integers(0, 400))
def test_no_change_of_a_token_is_believed_or_breaks_anything(noise: str, at: int) -> None:
    good = signed()
    changed = good[: at % len(good)] + noise + good[at % len(good) :]
    assert (read(with_secret(), changed) is None) == (noise != "")


def test_a_token_ends_though_it_was_read_before(clock: Clock) -> None:
    tokens, text = with_secret(), signed(exp=int(time.time()) + 60)
    assert read(tokens, text) == ADA
    clock.move(60 + LEEWAY_S - 1)
    assert read(tokens, text) == ADA
    clock.move(2)
    assert read(tokens, text) is None


def test_what_is_remembered_is_bounded_and_holds_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_REMEMBERED", 10)
    tokens = with_secret()
    texts = [signed(jti=str(number)) for number in range(30)]
    assert [read(tokens, text) for text in texts] == [ADA] * 30
    assert [read(tokens, f"nonsense {number}") for number in range(30)] == [None] * 30
    assert len(tokens._remembered) == 10  # noqa: SLF001 - its size is what the claim is about
    assert all(len(digest) == 32 for digest in tokens._remembered._found)  # noqa: SLF001 - as above


# Settings


def made(**settings: Any) -> Any:
    return identification(Settings.model_validate({"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, **settings}))


def test_without_settings_nobody_is_asked() -> None:
    assert identification(Settings()) is None
    assert identification(Settings(jwt_audience=(AUDIENCE,), jwt_issuer="none")) is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"jwt_secret": "x" * 31}, "TRELLIS_JWT_SECRET has fewer than the 32 bytes that HS256 needs"),
        ({"jwt_secret": "x" * 63, "jwt_algorithms": "HS256,HS512"}, "fewer than the 64 bytes that HS512 needs"),
        ({"jwt_secret": SECRET, "jwt_algorithms": "RS256"}, "has 'RS256', which TRELLIS_JWT_SECRET cannot verify"),
        ({"jwt_public_key": PUBLIC, "jwt_algorithms": "HS256"}, "which TRELLIS_JWT_PUBLIC_KEY cannot verify"),
        ({"jwt_public_key": PUBLIC, "jwt_algorithms": "RS256, none"}, "has 'none', which"),
        ({"jwt_jwks_url": "https://x.example/", "jwt_algorithms": "HS256"}, "which TRELLIS_JWT_JWKS_URL cannot"),
        ({"jwt_public_key": private_pem_of(private_key("RS256"))}, "TRELLIS_JWT_PUBLIC_KEY is a private key"),
        ({"jwt_public_key": "ssh-rsa AAAA"}, "TRELLIS_JWT_PUBLIC_KEY is no PEM"),
        ({"jwt_public_key": PUBLIC.replace("A", "B")}, "has a PUBLIC KEY that cannot be read"),
        ({"jwt_public_key": pem_of(private_key("RS256", bits=1024))}, "a key that tokens are not signed with"),
        ({"jwt_secret": SECRET, "jwt_public_key": PUBLIC}, "are two ways to know keys"),
        ({"jwt_issuer": "us"}, "TRELLIS_JWT_ISSUER is no address, at which the provider could say where its keys are"),
        ({"jwt_audience": ""}, "TRELLIS_JWT_AUDIENCE has to say whose tokens are believed"),
        ({"jwt_discovery": "https://x.example/", "jwt_issuer": ""}, "TRELLIS_JWT_ISSUER has to say whose"),
        ({"jwt_discovery": "https://x.example/", "jwt_algorithms": "HS256"}, "which TRELLIS_JWT_DISCOVERY cannot"),
        ({"jwt_secret": SECRET, "jwt_issuer": ""}, "TRELLIS_JWT_ISSUER has to say whose tokens are believed"),
        ({"jwt_secret": SECRET, "jwt_audience": ""}, "TRELLIS_JWT_AUDIENCE has to say whose tokens are believed"),
    ],
    ids=range(17),
)
def test_wrong_settings_are_refused_in_one_sentence_without_the_secret(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(CannotStart) as refused:
        made(**settings)
    assert said in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_setting_of_the_wrong_form_is_refused() -> None:
    for wrong in ({"jwt_jwks_url": "login.example.org"}, {"jwt_jwks_url": "ftp://x/"}, {"jwt_cookie": "a b"}):
        with pytest.raises(ValueError, match="is no "):
            made(**wrong)


@pytest.mark.parametrize("name", ["jwt_jwks_url", "jwt_discovery", "jwt_issuer", "auth_webhook_url"])
def test_a_line_that_anybody_can_read_is_told_at_the_start(name: str, caplog: pytest.LogCaptureFixture) -> None:
    others = {"jwt_issuer": ""} if name == "auth_webhook_url" else {}
    for url in ("https://login.example.org/", "http://localhost:3000/", "http://127.0.0.1/", "http://[::1]:3000/"):
        made(**{name: url, **others})
    assert caplog.messages == []
    made(**{name: "HTTP://login.internal/", **others})
    variable = f"TRELLIS_{name.upper()}"
    assert caplog.messages == [
        f"{variable} goes over HTTP: whoever is in between can say who asks. Use https, if you can."
    ]


def test_a_secret_is_in_no_repr() -> None:
    assert SECRET not in repr(Settings(jwt_secret=SecretStr(SECRET)))
