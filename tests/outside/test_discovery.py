"""An issuer is enough: its OpenID configuration says where its keys are, and is read as keys are."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from graph.outside.discovery import DiscoveredPlace, document_of
from graph.outside.errors import ProviderUnavailable, Unfetched
from graph.outside.jwks import PublishedKeys
from graph.outside.keys import OF_PUBLIC_KEYS
from graph.outside.tokens import Rules, Tokens
from graph.viewer import NOBODY
from tests.outside.provider import AUDIENCE, ProviderOfKeys, jwk_of, token
from tests.outside.test_bearer import ADA, Application, application, bearer, dialect, filled, no_database, serve
from tests.outside.test_jwks import GAP_S, PLACES

__all__ = ["application", "dialect", "filled", "no_database", "serve"]


def test_the_document_stands_below_the_issuer() -> None:
    path = "/.well-known/openid-configuration"
    assert document_of("https://login.example.org") == f"https://login.example.org{path}"
    assert document_of("https://login.example.org/") == f"https://login.example.org{path}"
    assert document_of("https://login.example.org/realms/a/") == f"https://login.example.org/realms/a{path}"


async def test_an_issuer_alone_finds_its_keys(application: Application, provider: ProviderOfKeys) -> None:
    asked = await application(jwt_issuer=provider.issuer, jwt_audience=AUDIENCE)
    assert await asked.who() is NOBODY
    assert provider.asked_for_document == 0
    sent = [bearer(token(iss=provider.issuer, jti=str(it))) for it in range(4)]
    assert await asyncio.gather(*(asked.who(**it) for it in sent)) == [ADA] * 4
    assert (provider.asked_for_document, provider.asked) == (1, 1)
    assert await asked.refused(**bearer(token(iss="https://other.example/"))) == (401, "UNAUTHENTICATED")


async def test_the_document_may_stand_elsewhere(application: Application, provider: ProviderOfKeys) -> None:
    issuer = "https://login.example.org/"
    provider.document = {"issuer": issuer}
    there = document_of(provider.issuer)
    asked = await application(jwt_issuer=issuer, jwt_discovery=there, jwt_audience=AUDIENCE)
    assert await asked.who(**bearer(token(iss=issuer))) == ADA


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"issuer": "https://other.example/"}, "is of the issuer 'https://other.example/', and TRELLIS_JWT_ISSUER"),
        ({"issuer": None}, "is of the issuer None"),
        ({"jwks_uri": None}, "has no `jwks_uri` that begins with https or http"),
        ({"jwks_uri": "file:///etc/passwd"}, "has no `jwks_uri`"),
        ({"jwks_uri": "http:///keys"}, "has no `jwks_uri`"),
        ("[]", "answered without saying where keys are: an object of JSON is missing"),
        ("<html>", "answered without saying where keys are"),
    ],
    ids=range(7),
)
async def test_a_document_that_is_none_is_an_outage_and_never_nobody(
    application: Application, provider: ProviderOfKeys, document: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    provider.document = document
    asked = await application(jwt_issuer=provider.issuer, jwt_audience=AUDIENCE)
    with caplog.at_level(logging.ERROR, "trellis"):
        assert await asked.refused(**bearer(token(iss=provider.issuer))) == (503, "UNAVAILABLE")
    assert said in caplog.text
    assert provider.asked == 0


async def test_a_document_that_was_read_safely_names_no_address_that_is_not() -> None:
    place = DiscoveredPlace("https://login.example.org/x", None, 300, 1)
    assert place._address_in(b'{"jwks_uri": "https://k.example/"}') == "https://k.example/"  # noqa: SLF001 - no TLS here
    with pytest.raises(Unfetched, match="begins with https"):
        place._address_in(b'{"jwks_uri": "http://k.example/"}')  # noqa: SLF001 - as above
    await place.close()


@asynccontextmanager
async def reading(provider: ProviderOfKeys, refresh_s: float) -> AsyncIterator[Tokens]:
    place = DiscoveredPlace(document_of(provider.issuer), provider.issuer, refresh_s, 10)
    rules = Rules(OF_PUBLIC_KEYS, provider.issuer, (AUDIENCE,), 10)
    tokens = Tokens(rules, PLACES, PublishedKeys(place, refresh_s, GAP_S, 10))
    try:
        yield tokens
    finally:
        await tokens.close()


async def test_the_document_is_read_again_after_a_while_and_what_it_said_last_is_good_meanwhile(
    provider: ProviderOfKeys,
) -> None:
    async with reading(provider, refresh_s=0) as tokens:
        provider.status = 500
        with pytest.raises(ProviderUnavailable):
            await tokens.read(token(iss=provider.issuer))
        provider.status = 200
        await asyncio.sleep(2 * GAP_S)
        assert (await tokens.read(token(iss=provider.issuer))).id == "ada"
        provider.document, provider.keys = "down", [jwk_of("two", number=1)]
        new = token("two", number=1, iss=provider.issuer)
        assert (await tokens.read(new)).id == "ada"  # keys were read where the document had them
        asked = provider.asked_for_document
        provider.document = {"jwks_uri": f"{provider.url}?moved"}
        await asyncio.sleep(2 * GAP_S)
        assert (await tokens.read(token("two", number=1, iss=provider.issuer, jti="again"))).id == "ada"
        while provider.asked_for_document == asked:  # noqa: ASYNC110 - what is read behind us has no event here
            await asyncio.sleep(0.01)


async def test_the_document_is_not_read_for_each_new_key(provider: ProviderOfKeys) -> None:
    async with reading(provider, refresh_s=300) as tokens:
        for number in range(3):
            provider.keys = [jwk_of(f"key-{number}", number=number % 2)]
            assert (await tokens.read(token(f"key-{number}", number=number % 2, iss=provider.issuer))).id == "ada"
        assert (provider.asked_for_document, provider.asked) == (1, 3)
