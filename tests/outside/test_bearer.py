"""Whoever a provider knows is somebody here: over real HTTP, in an application that knows nobody itself."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeAlias

import pytest

from db.relations import EVERYTHING, Visibility
from db.session.engines import Engines
from graph.app import create_app
from graph.domain import Domain, Started
from graph.errors import CannotStart
from graph.settings import Settings
from graph.viewer import NOBODY, Claims, Viewer
from tests.entity.conftest import Filled, dialect, filled
from tests.entity.market import MARKET
from tests.http.client import Client
from tests.http.conftest import DOMAIN, Serve, serve
from tests.http.test_caches import figures
from tests.outside.provider import AUDIENCE, ISSUER, ProviderOfKeys, token

__all__ = ["dialect", "filled", "serve"]

QUERY = "{ __typename }"
HASURA = "https://hasura.io/jwt/claims"
JWT = {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}
ADA = Viewer("ada", frozenset({"editor"}))


class Asked:
    """An application and who has asked it."""

    def __init__(self, client: Client, seen: list[Viewer]) -> None:
        self.client = client
        self._seen = seen

    async def who(self, **headers: str) -> Viewer:
        """The viewer of a request with these headers, which must be answered."""
        answer = await self.client.post(f'{{"query": "{QUERY}"}}', **headers)
        assert answer.data == {"__typename": "Query"}
        return self._seen[-1]

    async def refused(self, **headers: str) -> tuple[int, str]:
        """The status and the code of a refusal."""
        answer = await self.client.post(f'{{"query": "{QUERY}"}}', **headers)
        return answer.status, answer.code


Application: TypeAlias = Callable[..., Awaitable[Asked]]


@pytest.fixture
async def application(serve: Serve, no_database: str) -> Application:
    async def made(**settings: Any) -> Asked:
        seen: list[Viewer] = []

        def visibility(viewer: Viewer) -> Visibility:
            seen.append(viewer)
            return EVERYTHING

        domain = replace(DOMAIN, visibility=visibility)
        return Asked(await serve(no_database, domain=domain, start_checks=False, **settings), seen)

    return made


@pytest.fixture
def no_database(tmp_path: Any) -> str:
    return f"sqlite:///{tmp_path / 'nowhere' / 'trellis.db'}"


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


async def test_a_token_of_the_provider_says_who_asks(application: Application, provider: ProviderOfKeys) -> None:
    asked = await application(jwt_jwks_url=provider.url, jwt_claims="org", **JWT)
    assert await asked.who() is NOBODY
    assert provider.asked == 0
    assert await asked.who(**bearer(token())) == ADA
    assert await asked.who(**bearer(token(sub=7, org=12))) == Viewer(7, ADA.roles, claims=Claims({"org": 12}))
    assert await asked.who(authorization=f"bearer  {token()}") == ADA
    assert provider.asked == 1


async def test_the_metrics_tell_of_the_tokens_that_are_remembered(
    application: Application, provider: ProviderOfKeys
) -> None:
    asked = await application(jwt_jwks_url=provider.url, **JWT)
    for sub in ("ada", "bob", "ada"):
        await asked.who(**bearer(token(sub=sub, exp=2**32)))
    found = await figures(asked.client)
    assert found["entries", "tokens"] == 2
    assert 0 < found["bytes", "tokens"] <= found["max_bytes", "tokens"]


@pytest.mark.parametrize(
    "sent",
    ["", "Bearer", "Bearer x", "Basic YTpi", f"Bearer {token(exp=1)}", f"Token {token()}"],
    ids=range(6),
)
async def test_wrong_credentials_are_never_taken_for_none(
    application: Application, provider: ProviderOfKeys, sent: str
) -> None:
    asked = await application(jwt_jwks_url=provider.url, **JWT)
    assert await asked.refused(authorization=sent) == (401, "UNAUTHENTICATED")


async def test_two_headers_are_refused(application: Application, provider: ProviderOfKeys) -> None:
    asked = await application(jwt_jwks_url=provider.url, **JWT)
    sent = [("Authorization", f"Bearer {token()}")] * 2
    answer = await asked.client.http.post("/graphql", json={"query": QUERY}, headers=sent)
    assert answer.status_code == 400  # a header that is told once: graph/http/requests.py


async def test_a_provider_that_is_down_is_an_outage_and_not_nobody(
    application: Application, provider: ProviderOfKeys
) -> None:
    provider.status = 503
    asked = await application(jwt_jwks_url=provider.url, **JWT)
    assert await asked.refused(**bearer(token())) == (503, "UNAVAILABLE")
    assert await asked.who() is NOBODY


async def test_a_cookie_with_a_token_is_believed_from_our_own_pages_alone(
    application: Application, provider: ProviderOfKeys
) -> None:
    asked = await application(jwt_jwks_url=provider.url, jwt_cookie="session", **JWT)
    cookie = {"cookie": f"other=1; session={token()}"}
    assert await asked.who(**cookie, sec_fetch_site="same-origin") == ADA
    assert await asked.who(**cookie, x_trellis_preflight="1") == ADA
    assert await asked.refused(**cookie) == (403, "CSRF")
    assert await asked.refused(**cookie, sec_fetch_site="cross-site") == (403, "CSRF")
    assert await asked.refused(cookie="session=x", sec_fetch_site="same-origin") == (401, "UNAUTHENTICATED")
    assert await asked.who(cookie=f"sessions={token()}") is NOBODY
    assert await asked.who(**cookie, **bearer(token(sub="bob"))) == Viewer("bob", ADA.roles)


async def test_who_has_several_roles_in_hasuras_form_chooses_one(
    application: Application, provider: ProviderOfKeys
) -> None:
    asked = await application(jwt_jwks_url=provider.url, jwt_hasura_claims=HASURA, **JWT)
    roles = {"x-hasura-allowed-roles": ["editor", "user"], "x-hasura-default-role": "user", "x-hasura-user-id": "7"}
    sent = bearer(token(more={HASURA: roles}))
    assert (await asked.who(**sent)).roles == {"user"}
    assert (await asked.who(**sent, x_hasura_role="editor")).roles == {"editor"}
    assert (await asked.refused(**sent, x_hasura_role="admin"))[1] == "FORBIDDEN"
    assert await asked.who(x_hasura_role="admin") is NOBODY  # whoever brings no token chooses nothing


async def test_who_is_known_by_a_token_finds_rows(
    serve: Serve, dialect: str, filled: Filled, provider: ProviderOfKeys
) -> None:
    client = await serve((await filled(MARKET, dialect)).url, jwt_jwks_url=provider.url, **JWT)
    answer = await client.post('{"query": "{ tracks { totalCount } }"}', **bearer(token()))
    assert answer.data["tracks"]["totalCount"] > 0


async def test_who_waits_for_the_provider_takes_no_place_from_others(
    serve: Serve, dialect: str, filled: Filled, provider: ProviderOfKeys
) -> None:
    provider.may_answer.clear()
    settings = {"max_in_flight": 1, "max_queued": 0, "jwt_jwks_url": provider.url, **JWT}
    client = await serve((await filled(MARKET, dialect)).url, **settings)
    asked = '{"query": "{ tracks { totalCount } }"}'
    waiting = [asyncio.create_task(client.post(asked, **bearer(token(jti=str(it))))) for it in range(3)]
    while not provider.asked:  # noqa: ASYNC110 - what happens in the server has no event here
        await asyncio.sleep(0.01)
    answer = await client.post(asked)
    assert (answer.status, any(it.done() for it in waiting)) == (200, False)
    provider.may_answer.set()
    assert 200 in [it.status for it in await asyncio.gather(*waiting)]  # now they are three for one place


async def test_a_proxy_and_a_webhook_say_who_asks_as_well(application: Application, provider: ProviderOfKeys) -> None:
    by_proxy = await application(trusted_proxies="127.0.0.1", proxy_user_header="X-User", proxy_roles_header="X-Roles")
    assert await by_proxy.who(x_user="ada", x_roles="editor") == ADA
    assert await by_proxy.who() is NOBODY
    provider.body = b'{"user_id": "ada", "roles": ["editor"]}'
    by_webhook = await application(auth_webhook_url=provider.url)
    assert await by_webhook.who(authorization="whatever") == ADA
    provider.status = 500
    assert await by_webhook.refused(authorization="whatever") == (503, "UNAVAILABLE")
    assert await by_webhook.who() is NOBODY


def test_an_application_that_knows_its_viewers_takes_no_other_word(no_database: str) -> None:
    async def own(_request: object) -> Viewer:
        return NOBODY

    def start(_engines: Engines, _settings: Settings) -> Started:
        return Started(own)

    settings = Settings.model_validate({"database_url": no_database, "jwt_secret": "x" * 32, **JWT})
    with pytest.raises(
        CannotStart,
        match=r"It has to tell which credentials are its own \(Started\.recognizes\); else unset TRELLIS_JWT_",
    ):
        create_app(settings, domain=Domain(DOMAIN.schema, DOMAIN.visibility, start))
