"""Several ways to know who asks, in one application: each credential is of one of them, and opens no other's door."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection

from db.relations import EVERYTHING, Visibility
from db.session.engines import Engines
from graph.auth.credentials import credentials_of
from graph.domain import Domain, Identification, Started
from graph.errors import CannotStart, Unauthenticated
from graph.outside.identification import beside, identification
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer
from tests.entity.laws import tried
from tests.http.conftest import DOMAIN, Serve, serve
from tests.outside.provider import AUDIENCE, ISSUER, ProviderOfKeys, pem_of, private_key, token
from tests.outside.test_bearer import Asked, bearer, no_database

__all__ = ["no_database", "serve"]

PREFIX, OURS = "garden_", "https://garden.example/"
SECRET = "s" * 32
GARDENER = Viewer(7, frozenset({"gardener"}))
ADA = Viewer("ada", frozenset({"editor"}))
BOB = Viewer("bob")
WEBHOOK = Viewer("eve", frozenset({"guest"}))
PROXY = {"trusted_proxies": "127.0.0.1", "proxy_user_header": "X-User"}


def own_token(key: str = SECRET, **claims: Any) -> str:
    """A token of the application itself."""
    return jwt.encode({"iss": OURS, "exp": time.time() + 86_400, **claims}, key, "HS256")


async def identify(request: HTTPConnection) -> Viewer:
    """Who has a key, a token or the cookie of the application. It believes nothing else."""
    given = credentials_of(request, "garden")
    text = given.bearer()
    if text is None:
        if given.cookie not in (None, "good"):
            raise Unauthenticated
        return GARDENER if given.cookie else NOBODY
    if text != f"{PREFIX}good":
        try:
            jwt.decode(text, SECRET, algorithms=["HS256"], issuer=OURS)
        except jwt.InvalidTokenError:
            raise Unauthenticated from None
    return GARDENER


def recognizes(request: HTTPConnection) -> bool:
    """Whether a request brings one of them, good or not."""
    given = credentials_of(request, "garden")
    if given.authorization is None:
        return bool(given.cookie)
    return given.begins_with(PREFIX) or given.issuer() == OURS


def has_credentials(request: HTTPConnection) -> bool:
    """Whether a request brings anything."""
    return credentials_of(request, "garden").are_given


def start(_engines: Engines, _settings: Settings) -> Started:
    return Started(identify, has_credentials=has_credentials, recognizes=recognizes)


GARDEN = Domain(DOMAIN.schema, DOMAIN.visibility, start)
Application: TypeAlias = Callable[..., Awaitable[Asked]]


@pytest.fixture
async def application(serve: Serve, no_database: str, provider: ProviderOfKeys) -> Application:
    """The garden, which believes a provider of tokens, too."""

    async def made(**settings: Any) -> Asked:
        seen: list[Viewer] = []

        def visibility(viewer: Viewer) -> Visibility:
            seen.append(viewer)
            return EVERYTHING

        domain = replace(GARDEN, visibility=visibility)
        known = {"jwt_jwks_url": provider.url, "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, "jwt_cookie": "session"}
        return Asked(await serve(no_database, domain=domain, start_checks=False, **(known | settings)), seen)

    return made


GOOD: Sequence[tuple[dict[str, str], Viewer]] = [
    ({}, NOBODY),
    (bearer(f"{PREFIX}good"), GARDENER),
    (bearer(own_token()), GARDENER),
    (bearer(token()), ADA),
    ({"cookie": "garden=good"}, GARDENER),
    ({"cookie": f"session={token()}", "sec_fetch_site": "same-origin"}, ADA),
    # What a browser sends along counts for nothing beside a header.
    ({"cookie": "garden=good", **bearer(token())}, ADA),
    ({"cookie": f"session={token()}", **bearer(own_token())}, GARDENER),
    # Of two cookies, the application's own is looked at.
    ({"cookie": f"garden=good; session={token()}"}, GARDENER),
]

WRONG: Sequence[dict[str, str]] = [
    bearer(f"{PREFIX}bad"),  # a key of the application that is none
    bearer(own_token("x" * 32)),  # a token that says it is the application's, signed by somebody else
    bearer(own_token(iss=ISSUER, aud=AUDIENCE)),  # one of the application's key, that says it is the provider's
    bearer(token(iss=OURS)),  # one of the provider's key, that says it is the application's
    bearer(token(iss="https://other.example/")),  # nobody's
    bearer(token(iss=None)),
    bearer(token(number=1)),  # a key that the provider has not
    bearer("whatever"),
    {"authorization": "Basic YTpi"},
    {"authorization": ""},
    {"cookie": "garden=bad"},
    {"cookie": f"garden=bad; session={token()}", "sec_fetch_site": "same-origin"},
    {"cookie": "garden=good", **bearer("whatever")},  # what is good beside it does not help
    {"cookie": "garden=good", **bearer(token(exp=1))},
]


async def test_each_way_knows_its_own_and_no_way_opens_the_door_of_another(application: Application) -> None:
    asked = await application()
    for sent, viewer in GOOD:
        assert await asked.who(**sent) == viewer, sent
    for sent in WRONG:
        assert await asked.refused(**sent) == (401, "UNAUTHENTICATED"), sent
    cross = {"cookie": f"session={token()}", "sec_fetch_site": "cross-site"}
    assert await asked.refused(**cross) == (403, "CSRF")


async def test_a_provider_that_is_down_is_an_outage_for_its_own_tokens_alone(
    application: Application, provider: ProviderOfKeys
) -> None:
    provider.status = 503
    asked = await application()
    assert await asked.refused(**bearer(token())) == (503, "UNAVAILABLE")
    assert await asked.who(**bearer(own_token())) == GARDENER
    assert await asked.refused(**bearer("whatever")) == (401, "UNAUTHENTICATED")


async def test_a_proxy_goes_first_and_its_headers_are_refused_from_strangers(application: Application) -> None:
    asked = await application(**PROXY)
    assert await asked.who(x_user="bob") == BOB
    assert await asked.who(x_user="bob", **bearer(own_token())) == BOB
    assert await asked.who(x_user="", **bearer(own_token())) == GARDENER
    assert await asked.who(**bearer(token())) == ADA
    stranger = await application(**PROXY | {"trusted_proxies": "10.0.0.1"})
    assert await stranger.refused(x_user="bob", **bearer(own_token())) == (401, "UNAUTHENTICATED")


async def test_a_webhook_is_asked_for_what_belongs_to_nobody_else(
    application: Application, provider: ProviderOfKeys
) -> None:
    async with ProviderOfKeys().running() as hook:
        hook.body = b'{"user_id": "eve", "roles": ["guest"]}'
        asked = await application(auth_webhook_url=hook.url, auth_webhook_headers="Authorization")
        for sent in (*GOOD, *(({**it}, None) for it in WRONG[:4])):
            if sent[1] is None:
                assert await asked.refused(**sent[0]) == (401, "UNAUTHENTICATED")
            else:
                assert await asked.who(**sent[0]) == sent[1]
        assert hook.asked == 0
        assert await asked.who(**bearer("whatever")) == WEBHOOK
        assert await asked.who(authorization="Basic YTpi") == WEBHOOK
        assert await asked.who(**bearer(token(iss="https://other.example/"))) == WEBHOOK
        assert (hook.asked, provider.asked) == (3, 1)


def test_a_webhook_has_the_cookies_where_nobody_else_reads_any() -> None:
    webhook = {"auth_webhook_url": "https://x.example/"}
    tokens = {"jwt_public_key": PEM, "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}
    assert identification(Settings.model_validate({**webhook, **tokens, **PROXY})) is not None
    with pytest.raises(CannotStart, match="there is somebody else whom cookies tell who asks"):
        identification(Settings.model_validate({**webhook, **tokens, "jwt_cookie": "session"}))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"auth_webhook_url": "https://x.example/"}, "TRELLIS_AUTH_WEBHOOK_HEADERS has Cookie"),
        ({"jwt_secret": SECRET, "jwt_issuer": "trellis", "jwt_audience": "a"}, "issuer of this server's own tokens"),
    ],
)
def test_what_could_belong_to_two_is_refused_before_anything_is_served(settings: dict[str, str], said: str) -> None:
    with pytest.raises(CannotStart, match=said):
        beside(Started(identify, recognizes=recognizes), Settings.model_validate(settings))


def test_an_application_that_is_alone_is_asked_as_before() -> None:
    for started in (Started(identify, recognizes=recognizes), Started(identify), Started()):
        assert beside(started, Settings()) is None


# A law: whatever somebody sends, one way at most is asked, and nobody becomes somebody by the wrong word.

PEM = pem_of(private_key("RS256"))
CLAIMED = st.sampled_from([OURS, ISSUER, "trellis", ""])
HEADERS = st.sampled_from(["Bearer ", "bearer  ", "Basic ", "", "Token "])
TEXTS = st.one_of(
    st.builds(lambda iss, key: own_token(key, iss=iss, aud=AUDIENCE), CLAIMED, st.sampled_from([SECRET, "x" * 32])),
    st.builds(lambda iss, number: token(number=number, iss=iss), CLAIMED, st.integers(0, 1)),
    st.sampled_from([f"{PREFIX}good", f"{PREFIX}bad", "a.b.c", "..", "a.b", "\x80.\xff.x"]),
)


async def _viewer(way: Identification, request: HTTPConnection) -> Viewer | None:
    try:
        return await way(request)
    except Unauthenticated:
        return None


SETTINGS = Settings.model_validate({"jwt_public_key": PEM, "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE})
THEIRS = identification(SETTINGS)
BOTH = beside(Started(identify, has_credentials=has_credentials, recognizes=recognizes), SETTINGS)


@tried(100)
@given(HEADERS, TEXTS, st.booleans())
async def test_one_way_at_most_is_meant_by_a_credential(scheme: str, text: str, has_cookie: bool) -> None:
    assert BOTH is not None
    assert THEIRS is not None
    headers = [(b"authorization", f"{scheme}{text}".encode("latin-1"))]
    request = HTTPConnection({"type": "http", "headers": [*headers, *([(b"cookie", b"garden=good")] * has_cookie)]})
    assert not (recognizes(request) and THEIRS.recognizes(request))
    found = [await _viewer(it, request) for it in (BOTH, identify, THEIRS)]
    by_both, *alone = found
    assert by_both in alone or by_both is None
    if by_both is not None:
        assert alone.count(None) == 1  # who is somebody by one word is nobody by the other
