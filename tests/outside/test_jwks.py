"""Keys that a provider publishes: read once, read anew when they change, and good while the provider is down."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from graph.errors import Unauthenticated
from graph.outside import jwks as module
from graph.outside.claims import Known, Places
from graph.outside.errors import ProviderUnavailable
from graph.outside.jwks import PublishedKeys
from graph.outside.keys import OF_PUBLIC_KEYS
from graph.outside.tokens import Rules, Tokens
from tests.outside.provider import AUDIENCE, ISSUER, ProviderOfKeys, jwk_of, token

RULES = Rules(OF_PUBLIC_KEYS, ISSUER, (AUDIENCE,), leeway_s=10)
PLACES = Places("sub", "roles")
ADA = Known("ada", frozenset({"editor"}))
GAP_S = 0.1


@asynccontextmanager
async def reading(
    provider: ProviderOfKeys, refresh_s: float = 300, gap_s: float = GAP_S, timeout_s: float = 10
) -> AsyncIterator[Tokens]:
    tokens = Tokens(RULES, PLACES, PublishedKeys(provider.url, refresh_s, gap_s, timeout_s))
    try:
        yield tokens
    finally:
        await tokens.close()


async def is_refused(tokens: Tokens, text: str) -> bool:
    try:
        await tokens.read(text)
    except Unauthenticated:
        return True
    return False


async def test_keys_are_read_once_for_all_who_ask_at_once(provider: ProviderOfKeys) -> None:
    provider.delay_s = 0.05
    async with reading(provider) as tokens:
        assert await asyncio.gather(*(tokens.read(token(jti=str(it))) for it in range(20))) == [ADA] * 20
        assert (provider.asked, provider.most_at_once) == (1, 1)
        assert [await tokens.read(token(jti=str(it))) for it in range(5)] == [ADA] * 5
    assert provider.asked == 1


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_each_kind_of_key_verifies_its_own_algorithm(provider: ProviderOfKeys, algorithm: str) -> None:
    provider.keys = [jwk_of("one", "RS256"), jwk_of("two", "ES256"), jwk_of("three", "EdDSA")]
    names = {"RS256": "one", "ES256": "two", "EdDSA": "three"}
    async with reading(provider) as tokens:
        assert await tokens.read(token(names[algorithm], algorithm)) == ADA
        assert await tokens.read(token(None, algorithm)) == ADA  # a token need not say which key it is of
        for other in set(names) - {algorithm}:
            assert await is_refused(tokens, token(names[algorithm], other))


async def test_no_request_fails_while_the_provider_changes_its_keys(provider: ProviderOfKeys) -> None:
    async with reading(provider) as tokens:
        for number in range(4):  # at once, so that each new key is asked for within the gap after the last one
            kid = f"key-{number}"
            provider.keys = [jwk_of(kid, number=number % 2), *provider.keys[:1]]
            read = (tokens.read(token(kid, number=number % 2, jti=str(it))) for it in range(5))
            assert await asyncio.gather(*read) == [ADA] * 5
    # Once for each key; the very first time is the first key's.
    assert (provider.asked, provider.most_at_once) == (4, 1)


async def test_a_key_that_was_taken_away_is_believed_no_more_by_what_was_verified_either(
    provider: ProviderOfKeys,
) -> None:
    async with reading(provider, refresh_s=0) as tokens:
        old = token()
        assert await tokens.read(old) == ADA
        provider.keys = [jwk_of("two", number=1)]
        assert await tokens.read(token("two", number=1)) == ADA
        assert await is_refused(tokens, old)


async def test_strangers_cannot_make_us_ask_the_provider(provider: ProviderOfKeys) -> None:
    async with reading(provider, gap_s=60) as tokens:
        assert await tokens.read(token()) == ADA
        expired = [token(f"stranger-{it}", number=1, exp=1) for it in range(50)]
        assert all([await is_refused(tokens, text) for text in expired])
        for foreign in ({"iss": "https://elsewhere.example/"}, {"aud": "others"}, {"exp": None}):
            assert await is_refused(tokens, token("stranger", number=1, **foreign))
    assert provider.asked == 1


async def test_tokens_of_unknown_keys_share_one_question_and_wait_for_its_answer(provider: ProviderOfKeys) -> None:
    gap_s = 0.5  # longer than a busy machine needs for a hundred tokens
    async with reading(provider, gap_s=gap_s) as tokens:
        assert await tokens.read(token()) == ADA
        strangers = [token(f"stranger-{it}/../../etc/passwd", number=1) for it in range(50)]
        assert all(await asyncio.gather(*(is_refused(tokens, text) for text in strangers)))
        assert provider.asked == 2
        assert all(await asyncio.gather(*(is_refused(tokens, text) for text in strangers)))  # known to be of nobody
        assert provider.asked == 2
        await asyncio.sleep(gap_s)
        provider.keys = [jwk_of("one"), jwk_of("stranger-7/../../etc/passwd", number=1)]
        assert await tokens.read(strangers[7]) == ADA  # it was published late
    assert provider.asked == 3


async def test_the_last_keys_are_good_while_the_provider_is_down(provider: ProviderOfKeys) -> None:
    async with reading(provider, refresh_s=0) as tokens:
        assert await tokens.read(token()) == ADA
        provider.status = 500
        for number in range(3):
            await asyncio.sleep(1.5 * GAP_S)
            assert await tokens.read(token(jti=str(number))) == ADA
        with pytest.raises(ProviderUnavailable):  # whether there is such a key, nobody can say
            await tokens.read(token("two", number=1))
        provider.status, provider.keys = 200, [jwk_of("two", number=1)]
        assert await tokens.read(token("two", number=1)) == ADA


def no_json(provider: ProviderOfKeys) -> None:
    provider.body = b"<html>"


def no_object(provider: ProviderOfKeys) -> None:
    provider.body = b"[" * 100_000


def no_keys(provider: ProviderOfKeys) -> None:
    provider.keys = []


def no_list(provider: ProviderOfKeys) -> None:
    provider.body = b'{"keys": {"one": 1}}'


def ten_megabytes(provider: ProviderOfKeys) -> None:
    provider.body = json.dumps({"keys": [jwk_of("one")], "x": "x" * 10_000_000}).encode()


def elsewhere(provider: ProviderOfKeys) -> None:
    provider.status, provider.headers = 302, {"Location": provider.url}


def packed(provider: ProviderOfKeys) -> None:
    provider.headers = {"Content-Encoding": "gzip"}


def late(provider: ProviderOfKeys) -> None:
    provider.delay_s = 0.5


def down(provider: ProviderOfKeys) -> None:
    provider.url = "http://127.0.0.1:1/keys"


BROKEN = [no_json, no_object, no_keys, no_list, ten_megabytes, elsewhere, packed, late, down]


@pytest.mark.parametrize("breaks", BROKEN)
async def test_a_provider_that_gives_no_keys_is_an_outage_and_is_told_once(
    provider: ProviderOfKeys, breaks: Callable[[ProviderOfKeys], None], caplog: pytest.LogCaptureFixture
) -> None:
    breaks(provider)
    async with reading(provider, gap_s=60, timeout_s=0.2 if breaks is late else 10) as tokens:
        for number in range(5):
            with pytest.raises(ProviderUnavailable):
                await tokens.read(token(jti=str(number)))
    assert provider.asked == (0 if breaks is down else 1)
    (told,) = caplog.messages
    assert provider.url in told


@pytest.mark.parametrize(
    "member",
    [
        jwk_of("one", use="enc"),
        jwk_of("one", key_ops=["encrypt"]),
        jwk_of("one", alg="RS512"),
        jwk_of("one", alg="RSA-OAEP"),
        jwk_of("one", alg=7),
        {**jwk_of("one"), "kid": 7},
        jwk_of("one", n="A" * 100_000),
        jwk_of("one", e="A" * 100),
        jwk_of("one", n="?"),
        jwk_of("one", kty="oct", k="c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"),
        {"kid": "one", "kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"},
        {"kid": "one", "kty": ["RSA"]},
        {"kid": "one"},
        7,
        None,
    ],
    ids=range(15),
)
async def test_what_is_no_key_for_signatures_verifies_nothing_and_harms_no_other(
    provider: ProviderOfKeys, member: Any
) -> None:
    provider.keys = [member, jwk_of("two", number=1)]
    async with reading(provider) as tokens:
        assert await is_refused(tokens, token("one"))
        assert await tokens.read(token("two", number=1)) == ADA


async def test_keys_with_one_name_are_all_tried(provider: ProviderOfKeys) -> None:
    provider.keys = [jwk_of("one", number=1), jwk_of("one"), jwk_of("one", "ES256")]
    async with reading(provider) as tokens:
        assert await tokens.read(token("one")) == ADA
        assert await tokens.read(token("one", "ES256")) == ADA
        assert await is_refused(tokens, token("one", number=2))


async def test_a_new_key_without_a_name_is_found(provider: ProviderOfKeys) -> None:
    provider.keys = [jwk_of(None)]
    async with reading(provider) as tokens:
        assert await tokens.read(token(None)) == ADA
        provider.keys = [jwk_of(None, number=1)]
        await asyncio.sleep(1.5 * GAP_S)
        assert await tokens.read(token(None, number=1)) == ADA


async def test_one_who_leaves_stops_the_question_for_nobody(provider: ProviderOfKeys) -> None:
    provider.delay_s = 0.1
    async with reading(provider) as tokens:
        leaving = asyncio.create_task(tokens.read(token(jti="leaves")))
        staying = asyncio.create_task(tokens.read(token()))
        await asyncio.sleep(0.05)
        leaving.cancel()
        assert await staying == ADA
    assert provider.asked == 1


async def test_names_that_no_key_has_are_remembered_within_bounds(
    provider: ProviderOfKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ABSENT", 10)
    keys = PublishedKeys(provider.url, 300, GAP_S)
    await asyncio.gather(*(keys.of(f"stranger-{it}", "RS256") for it in range(30)))
    assert len(keys._absent) == 10  # noqa: SLF001 - its size is what the claim is about
    await keys.close()
