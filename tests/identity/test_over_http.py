"""Signing up, in and out over real HTTP, with tokens and with cookies."""

import asyncio
import re

import jwt

from tests.databases import Database
from tests.http.client import Client
from tests.http.conftest import Serve
from tests.identity.signing import PASSWORD, SIGN_IN, ask_as, sign_in, sign_up
from tests.outside.provider import AUDIENCE, ISSUER, pem_of, private_key, token

VIEWER = "{ viewer { name email } }"
GRACE = {"name": "Grace", "email": "grace@example.com"}


async def test_who_signs_up_is_signed_in_and_sees_themselves(database: Database, serve: Serve) -> None:
    client = await serve(database.url)
    made = await sign_up(client, "Grace@Example.com")
    assert made["errors"] == []
    assert made["viewer"] == GRACE
    assert (await ask_as(client, made["accessToken"], VIEWER)).data == {"viewer": GRACE}
    assert (await client.ask(VIEWER)).data == {"viewer": None}
    again = await sign_up(client, "grace@example.COM")
    assert [(error["__typename"], error["path"]) for error in again["errors"]] == [
        ("AlreadyExists", ["input", "email"])
    ]


async def test_a_wrong_password_and_an_unknown_address_look_alike(database: Database, serve: Serve) -> None:
    client = await serve(database.url)
    await sign_up(client, "grace@example.com")
    wrong = await sign_in(client, "grace@example.com", "not this one")
    unknown = await sign_in(client, "nobody@example.com", "not this one")
    assert wrong == unknown
    assert [error["__typename"] for error in wrong["errors"]] == ["SignInFailed"]
    assert (await sign_in(client, "grace@example.com"))["viewer"] == GRACE


async def test_a_refresh_token_serves_once_and_a_copy_ends_the_sign_in(database: Database, serve: Serve) -> None:
    client = await serve(database.url)
    refresh = SIGN_IN.replace("SignInInput", "RefreshSessionInput").replace("signIn", "refreshSession")
    first = await sign_up(client, "grace@example.com")

    async def refreshed(token: str) -> dict[str, object]:
        answer = await client.ask(refresh, {"input": {"refreshToken": token}})
        return dict(answer.data["refreshSession"])

    second = await refreshed(first["refreshToken"])
    assert second["viewer"] == GRACE
    assert second["refreshToken"] != first["refreshToken"]
    copied = await refreshed(first["refreshToken"])
    assert copied["accessToken"] is None
    assert copied["errors"]
    assert (await refreshed(str(second["refreshToken"])))["errors"]
    assert (await ask_as(client, str(second["accessToken"]), VIEWER)).status == 401


async def test_a_browser_gets_a_cookie_and_no_tokens(database: Database, serve: Serve) -> None:
    client = await serve(database.url)
    await sign_up(client, "grace@example.com")
    answer = await client.ask(SIGN_IN, {"input": {"email": "grace@example.com", "password": PASSWORD, "cookie": True}})
    payload = answer.data["signIn"]
    assert payload["accessToken"] is None
    assert payload["refreshToken"] is None
    assert payload["viewer"] == GRACE
    cookie, device = answer.headers["set-cookie"].split(", ")
    assert re.fullmatch(r"trellis_session=\S+; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax", cookie)
    assert re.fullmatch(r"trellis_device_\w{8}=\S+; HttpOnly; Max-Age=31536000; Path=/; SameSite=lax", device)
    ours = {"sec_fetch_site": "same-origin"}
    asked = b'{"query": "{ viewer { name email } }"}'
    assert (await client.post(asked, **ours)).data == {"viewer": GRACE}
    assert (await client.post(asked, sec_fetch_site="cross-site")).status == 403
    out = await client.post(
        b'{"query": "mutation { signOut { done errors { ... on UserError { message } } } }"}', **ours
    )
    assert out.data == {"signOut": {"done": True, "errors": []}}
    assert 'trellis_session=""' in out.headers["set-cookie"]
    client.http.cookies.clear()
    stolen = cookie.split(";")[0]
    assert (await client.post(asked, cookie=stolen, **ours)).status == 401


async def test_signing_out_ends_the_access_token_at_once(database: Database, serve: Serve) -> None:
    client = await serve(database.url)
    token = (await sign_up(client, "grace@example.com"))["accessToken"]
    other = (await sign_in(client, "grace@example.com"))["accessToken"]
    query = "mutation($input: SignOutInput) { signOut(input: $input) { done } viewer: signOut { done } }"
    assert (await ask_as(client, token, query)).data == {"signOut": {"done": True}, "viewer": {"done": False}}
    assert (await ask_as(client, token, VIEWER)).status == 401
    assert (await ask_as(client, other, VIEWER)).data == {"viewer": GRACE}


async def test_a_new_password_ends_the_other_sign_ins(database: Database, serve: Serve) -> None:
    client = await serve(database.url)
    token = (await sign_up(client, "grace@example.com"))["accessToken"]
    other = (await sign_in(client, "grace@example.com"))["accessToken"]
    change = """mutation($input: ChangePasswordInput!) {
      changePassword(input: $input) { viewer { name } errors { ... on UserError { __typename path } } } }"""

    async def changed(current: str, new: str) -> object:
        answer = await ask_as(client, token, change, input={"currentPassword": current, "newPassword": new})
        return answer.data["changePassword"]

    wrong = {"viewer": None, "errors": [{"__typename": "SignInFailed", "path": ["input", "currentPassword"]}]}
    assert await changed("wrong password", "another good one") == wrong
    short = {"viewer": None, "errors": [{"__typename": "InvalidInput", "path": ["input", "newPassword"]}]}
    assert await changed(PASSWORD, "short") == short
    assert await changed(PASSWORD, "another good one") == {"viewer": {"name": "Grace"}, "errors": []}
    assert (await ask_as(client, other, VIEWER)).status == 401
    assert (await ask_as(client, token, VIEWER)).status == 200
    assert (await sign_in(client, "grace@example.com"))["errors"]
    assert (await sign_in(client, "grace@example.com", "another good one"))["errors"] == []


async def test_too_many_attempts_have_to_wait(database: Database, serve: Serve) -> None:
    client = await serve(database.url, sign_in_limit="2/minute")
    errors = [(await sign_in(client, "a@example.com", "wrong wrong"))["errors"][0]["code"] for _ in range(3)]
    assert errors == ["SIGN_IN_FAILED", "SIGN_IN_FAILED", "RATE_LIMITED"]


async def test_who_has_signed_in_goes_on_as_themselves_in_one_operation(database: Database, serve: Serve) -> None:
    client: Client = await serve(database.url)
    await sign_up(client, "grace@example.com")
    answer = await client.ask(
        """mutation($in: SignInInput!, $post: CreatePostInput!) {
          signIn(input: $in) { errors { ... on UserError { message } } }
          createPost(input: $post) { post { author { name email } status }
            errors { ... on UserError { message } } } }""",
        {
            "in": {"email": "grace@example.com", "password": PASSWORD},
            "post": {"title": "On roses", "content": "They climb."},
        },
    )
    assert answer.data["createPost"] == {"post": {"author": GRACE, "status": "DRAFT"}, "errors": []}


async def test_the_mutations_of_a_batch_come_in_their_order_and_sign_nobody_in_before_the_next_request(
    database: Database, serve: Serve
) -> None:
    client = await serve(database.url, max_batch=5, compress_from_bytes=1)
    sign_up = "mutation ($input: SignUpInput!) { signUp(input: $input) { viewer { name } errors { __typename } } }"

    def as_name(name: str) -> dict[str, object]:
        given = {"name": name, "email": "grace@example.com", "password": PASSWORD, "cookie": True}
        return {"query": sign_up, "variables": {"input": given}}

    asked = [as_name("Grace"), {"query": VIEWER}, as_name("Somebody else")]
    response = await client.http.post("/graphql", json=asked)
    first, between, second = response.json()
    assert first["data"]["signUp"] == {"viewer": {"name": "Grace"}, "errors": []}
    assert between["data"] == {"viewer": None}  # who sent the batch is asked once, before it
    assert second["data"]["signUp"] == {"viewer": None, "errors": [{"__typename": "AlreadyExists"}]}
    assert response.headers["set-cookie"].startswith("trellis_session=")
    assert "content-encoding" not in response.headers  # there may be tokens in it
    last = await client.http.post("/graphql", json=[{"query": VIEWER}], headers={"Sec-Fetch-Site": "same-origin"})
    assert last.json() == [{"data": {"viewer": GRACE}}]
    assert last.headers["content-encoding"] in ("gzip", "zstd")


async def test_servers_with_one_database_count_together(database: Database, serve: Serve) -> None:
    servers = [await serve(database.url, sign_in_limit="4/minute") for _ in range(2)]
    tried = [sign_in(servers[number % 2], "grace@example.com", "not this one") for number in range(10)]
    codes = [errors[0]["code"] for errors in [payload["errors"] for payload in await asyncio.gather(*tried)]]
    assert sorted(codes) == ["RATE_LIMITED"] * 6 + ["SIGN_IN_FAILED"] * 4


async def test_a_known_browser_passes_while_a_stranger_guesses_beside_it(database: Database, serve: Serve) -> None:
    browser, stranger = await serve(database.url), await serve(database.url)  # both from this machine's address
    await sign_up(browser, "grace@example.com", cookie=True)
    ((name, device),) = [item for item in browser.http.cookies.items() if item[0].startswith("trellis_device_")]
    guesses = [await sign_in(stranger, "grace@example.com", f"guess {number}") for number in range(10)]
    assert [guess["errors"][0]["code"] for guess in guesses] == ["SIGN_IN_FAILED"] * 5 + ["RATE_LIMITED"] * 5
    browser.http.cookies.clear()
    assert "Too many attempts; try again in" in (await sign_in(browser, "grace@example.com"))["errors"][0]["message"]
    browser.http.cookies.set(name, device)
    assert (await sign_in(browser, "grace@example.com", cookie=True))["viewer"] == GRACE


async def test_who_has_signed_in_proves_themselves_while_a_stranger_guesses(database: Database, serve: Serve) -> None:
    client = await serve(database.url)
    token = (await sign_up(client, "grace@example.com"))["accessToken"]
    for number in range(10):
        await sign_in(client, "grace@example.com", f"guess {number}")
    change = """mutation($input: ChangePasswordInput!) {
      changePassword(input: $input) { viewer { name } errors { ... on UserError { code } } } }"""
    given = {"currentPassword": PASSWORD, "newPassword": "another horse battery"}
    answer = await ask_as(client, token, change, input=given)
    assert answer.data["changePassword"] == {"viewer": {"name": "Grace"}, "errors": []}


async def test_a_provider_is_believed_beside_our_own_sign_in_and_neither_for_the_other(
    database: Database, serve: Serve
) -> None:
    public = pem_of(private_key("RS256"))
    client = await serve(database.url, jwt_public_key=public, jwt_issuer=ISSUER, jwt_audience=AUDIENCE)
    own = (await sign_up(client, "grace@example.com"))["accessToken"]
    assert (await ask_as(client, own, VIEWER)).data == {"viewer": GRACE}
    assert (await ask_as(client, token(sub="1"), VIEWER)).data == {"viewer": GRACE}
    assert (await ask_as(client, token(sub="somebody"), VIEWER)).data == {"viewer": None}
    entries = "{ auditEntries { totalCount } }"
    for roles, seen in ((["admin"], 1), (["editor"], 0)):
        assert (await ask_as(client, token(roles=roles), entries)).data["auditEntries"]["totalCount"] == seen
    claims = jwt.decode(own, options={"verify_signature": False})
    borrowed = jwt.encode(claims, private_key("RS256"), "RS256")
    for wrong in (token(iss="trellis"), borrowed, token(exp=1), own[:-4], "trellis_nothing", "whatever"):
        assert (await ask_as(client, wrong, VIEWER)).status == 401, wrong
    answer = await client.ask(SIGN_IN, {"input": {"email": "grace@example.com", "password": PASSWORD, "cookie": True}})
    assert answer.data["signIn"]["viewer"] == GRACE  # from now on the client sends the cookie along
    asked = b'{"query": "{ viewer { name email } }"}'
    ours = {"sec_fetch_site": "same-origin"}
    assert (await client.post(asked, **ours)).data == {"viewer": GRACE}
    foreign = token(sub="somebody")
    assert (await client.post(asked, authorization=f"Bearer {foreign}", **ours)).data == {"viewer": None}


async def test_metrics_tell_of_those_who_could_not_sign_in(database: Database, serve: Serve) -> None:
    client = await serve(database.url)

    async def failures() -> dict[str, float]:
        text = (await client.http.get("/metrics")).text
        found = re.findall(r'^trellis_sign_in_failures_total\{code="(\w+)"\} (\S+)$', text, re.MULTILINE)
        return {code: float(number) for code, number in found}

    await sign_up(client, "grace@example.com")
    await sign_in(client, "grace@example.com")
    assert await failures() == {"UNAUTHENTICATED": 0, "SIGN_IN_FAILED": 0}
    await sign_in(client, "grace@example.com", "not this one")
    await sign_in(client, "nobody@example.com", "not this one")
    await ask_as(client, "no token", VIEWER)
    assert await failures() == {"UNAUTHENTICATED": 1, "SIGN_IN_FAILED": 2}
    told = (await client.http.get("/metrics")).text.splitlines()
    assert 'trellis_user_errors_total{code="SIGN_IN_FAILED"} 2.0' in told
    assert 'trellis_refusals_total{code="UNAUTHENTICATED",status="401"} 1.0' in told


async def test_a_sign_in_that_is_told_as_a_stream_sets_its_cookies(database: Database, serve: Serve) -> None:
    client = await serve(database.url)
    await sign_up(client, "grace@example.com")
    given = {"email": "grace@example.com", "password": PASSWORD, "cookie": True}
    asked = {"query": SIGN_IN, "variables": {"input": given}}
    answer = await client.http.post("/graphql", json=asked, headers={"Accept": "text/event-stream"})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    session, device = answer.headers.get_list("set-cookie")
    assert session.startswith("trellis_session=")
    assert device.startswith("trellis_device_")
