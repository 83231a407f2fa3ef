"""A webhook that knows who asks: asked over real HTTP, for as little as it allows, and never taken for nobody."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from graph.errors import CrossSite, Unauthenticated
from graph.outside import webhook as module
from graph.outside.errors import ProviderUnavailable
from graph.outside.identification import identification
from graph.outside.webhook import ByWebhook, max_age_of
from graph.settings import Settings
from graph.viewer import NOBODY, Claims, Viewer
from tests.explorer.serving import serving

ADA = Viewer("ada", frozenset({"editor"}))
SENT = {"authorization": "Bearer of-ada"}
KEPT = {"Cache-Control": "private, max-age=60"}


class Hook:
    """What the webhook answers, and what it was sent."""

    def __init__(self) -> None:
        self.body: Any = {"user_id": "ada", "roles": ["editor"]}
        self.status = 200
        self.headers: Mapping[str, str] = {}
        self.delay_s = 0.0
        self.seen: list[Request] = []
        self.bodies: list[bytes] = []
        self.url = ""

    async def answer(self, request: Request) -> Response:
        self.seen.append(request)
        self.bodies.append(await request.body())
        await asyncio.sleep(self.delay_s)
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return Response(body, self.status, self.headers, "application/json")


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    async with serving(Starlette(routes=[Route("/who", made.answer, methods=["GET", "POST"])])) as origin:
        made.url = f"{origin}/who"
        yield made


@asynccontextmanager
async def asking(hook: Hook, **settings: Any) -> AsyncIterator[ByWebhook]:
    made = identification(Settings.model_validate({"auth_webhook_url": hook.url, **settings}))
    assert isinstance(made, ByWebhook)
    try:
        yield made
    finally:
        await made.close()


def request(*more: tuple[str, str], **headers: str) -> HTTPConnection:
    named = [(name.replace("_", "-"), value) for name, value in headers.items()] + list(more)
    raw = [(name.encode(), value.encode("latin-1")) for name, value in [("host", "here"), *named]]
    return HTTPConnection({"type": "http", "method": "POST", "scheme": "http", "client": None, "headers": raw})


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_webhook_is_sent_the_credentials_and_nothing_else(hook: Hook, method: str) -> None:
    sent = {"authorization": "Bearer of-ada", "x_api_key": "k\xe9y"}
    async with asking(hook, auth_webhook_method=method, auth_webhook_headers="Authorization, X-Api-Key") as by:
        assert await by(request(**sent, cookie="secret=1", x_other="secret")) == ADA
    (seen,) = hook.seen
    assert seen.method == method
    if method == "GET":
        assert (seen.headers["authorization"], seen.headers["x-api-key"]) == ("Bearer of-ada", "k\xe9y")
    else:
        assert json.loads(hook.bodies[0]) == {"headers": {"authorization": "Bearer of-ada", "x-api-key": "k\xe9y"}}
    assert "secret" not in str(seen.headers) + str(hook.bodies)


async def test_without_credentials_nobody_is_asked(hook: Hook) -> None:
    async with asking(hook) as by:
        assert await by(request(x_other="1")) is NOBODY
        assert [by.has_credentials(request(**sent)) for sent in ({}, {"cookie": "a=1"}, SENT)] == [False, True, True]
    assert hook.seen == []


@pytest.mark.parametrize(
    ("body", "viewer"),
    [
        ({"user_id": 7, "roles": "a b"}, Viewer(7, frozenset({"a", "b"}))),
        ({"user_id": "ada", "org": {"id": 1}}, Viewer("ada", claims=Claims({"org": '{"id":1}'}))),
        ({"roles": ["robot"]}, Viewer(roles=frozenset({"robot"}))),
        ({"user_id": None}, NOBODY),
        ({}, NOBODY),
        (
            {"X-Hasura-User-Id": "7", "X-Hasura-Role": "user", "x-hasura-org": "12", "roles": ["admin"]},
            Viewer("7", frozenset({"user"}), claims=Claims({"x-hasura-user-id": "7", "x-hasura-org": "12"})),
        ),
        ({"x-hasura-role": "anonymous"}, Viewer(roles=frozenset({"anonymous"}))),
    ],
    ids=range(7),
)
async def test_both_forms_of_answers_are_understood(hook: Hook, body: Any, viewer: Viewer) -> None:
    hook.body = body
    async with asking(hook) as by:
        assert await by(request(**SENT)) == viewer


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, {}),
        (204, b""),
        (302, {}),
        (500, {}),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"[" * 50_000),
        (200, {"user_id": ["ada"]}),
        (200, {"user_id": ""}),
        (200, {"user_id": "ada", "roles": 7}),
        (200, {"user_id": "ada", "org": "\0"}),
        (200, {"X-Hasura-User-Id": "7"}),
        (200, {"user_id": "x" * 100_000}),
    ],
    ids=range(13),
)
async def test_whatever_else_it_answers_is_an_outage(hook: Hook, status: int, body: Any) -> None:
    hook.status, hook.body, hook.headers = status, body, {"Location": hook.url}
    async with asking(hook) as by:
        with pytest.raises(ProviderUnavailable):
            await by(request(**SENT))
    assert len(hook.seen) == 1  # a redirect is not followed: it could lead credentials elsewhere


async def test_a_webhook_that_is_late_or_down_is_an_outage_and_is_told_once(
    hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    hook.delay_s = 0.5
    async with asking(hook, auth_webhook_timeout_s=0.05) as by:
        for _ in range(3):
            with pytest.raises(ProviderUnavailable):
                await by(request(**SENT))
    assert caplog.messages == [f"{hook.url} did not answer within 0.05 s."]
    hook.url = "http://user:s3cret@127.0.0.1:1/who?key=s3cret"
    async with asking(hook) as by:
        with pytest.raises(ProviderUnavailable):
            await by(request(**SENT))
    assert caplog.messages[1:] == ["http://127.0.0.1:1/who cannot be asked: ConnectError."]


async def test_whom_it_does_not_know_is_refused_and_asked_for_again(hook: Hook) -> None:
    hook.status, hook.headers = 401, KEPT
    async with asking(hook) as by:
        for _ in range(2):
            with pytest.raises(Unauthenticated):
                await by(request(**SENT))
        hook.status = 200
        assert await by(request(**SENT)) == ADA
    assert len(hook.seen) == 3


@pytest.mark.parametrize(
    ("headers", "settings", "asked"),
    [
        (KEPT, {}, 1),
        ({"Expires": formatdate(time.time() + 86_400, usegmt=True)}, {}, 1),
        ({}, {}, 3),
        (KEPT, {"auth_webhook_max_age_s": 0}, 3),
        ({"Cache-Control": "no-store, max-age=60"}, {}, 3),
        ({"Cache-Control": "max-age=0"}, {}, 3),
        ({"Expires": "0"}, {}, 3),
    ],
    ids=range(7),
)
async def test_answers_are_kept_as_they_say_within_the_setting(
    hook: Hook, headers: Mapping[str, str], settings: dict[str, Any], asked: int
) -> None:
    hook.headers = headers
    async with asking(hook, **settings) as by:
        assert [await by(request(**SENT)) for _ in range(3)] == [ADA] * 3
        assert len(hook.seen) == asked
        assert by.caches()["webhook_answers"].entries == (asked == 1)
        hook.body = {"user_id": "bob"}
        assert await by(request(authorization="Bearer of-bob")) == Viewer("bob")
        assert await by(request(**SENT, cookie="a=1")) == Viewer("bob")  # other credentials altogether


@pytest.mark.parametrize(
    ("said", "age_s"),
    [
        ({"cache-control": "max-age=60"}, 60),
        ({"cache-control": 'public, MAX-AGE="60" , x'}, 60),
        ({"cache-control": "s-maxage=60"}, 0),
        ({"cache-control": "max-age=-1"}, 0),
        ({"cache-control": "max-age=" + "9" * 5_000}, 0),
        ({"cache-control": "no-cache=x, max-age=60"}, 0),
        ({"cache-control": "private", "expires": formatdate(2**32)}, 0),
        ({"expires": "soon"}, 0),
        ({}, 0),
    ],
    ids=range(9),
)
def test_an_age_is_what_the_headers_say(said: dict[str, str], age_s: float) -> None:
    assert max_age_of(httpx.Headers(said)) == age_s


async def test_who_sends_the_same_at_once_shares_one_question(hook: Hook) -> None:
    hook.delay_s = 0.05
    async with asking(hook) as by:
        leaving = asyncio.create_task(by(request(**SENT)))
        await asyncio.sleep(0)
        staying = [by(request(**SENT)) for _ in range(20)]
        leaving.cancel()
        assert await asyncio.gather(*staying) == [ADA] * 20
    assert len(hook.seen) == 1


async def test_a_cookie_alone_is_believed_from_our_own_pages_alone(hook: Hook) -> None:
    async with asking(hook) as by:
        assert await by(request(cookie="a=1", sec_fetch_site="same-origin")) == ADA
        assert await by(request(cookie="a=1", sec_fetch_site="cross-site", **SENT)) == ADA
        for other in ({"sec_fetch_site": "cross-site"}, {"origin": "https://elsewhere.example"}, {}):
            with pytest.raises(CrossSite):
                await by(request(cookie="a=1", **other))
    assert len(hook.seen) == 2


async def test_no_cookie_of_the_webhook_is_sent_for_anybody_else(hook: Hook) -> None:
    hook.headers = {"Set-Cookie": "session=of-ada; Path=/"}
    async with asking(hook) as by:
        await by(request(**SENT))
        await by(request(authorization="Bearer of-bob"))
    assert [seen.headers.get("cookie") for seen in hook.seen] == [None, None]


async def test_headers_that_are_double_or_too_long_are_refused_unsent(hook: Hook) -> None:
    async with asking(hook) as by:
        for sent in (request(("authorization", "Bearer b"), **SENT), request(authorization="x" * 20_000)):
            with pytest.raises(Unauthenticated):
                await by(sent)
    assert hook.seen == []


async def test_what_is_kept_is_bounded(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEPT", 5)
    hook.headers = KEPT
    async with asking(hook) as by:
        for number in range(12):
            await by(request(authorization=f"Bearer {number}"))
        assert len(by._kept) == 5  # noqa: SLF001 - its size is what the claim is about


def no_url() -> None:
    Settings(auth_webhook_url="hook")


def no_headers() -> None:
    Settings(auth_webhook_headers=())


@pytest.mark.parametrize("wrong", [no_url, no_headers])
def test_a_setting_of_the_wrong_form_is_refused(wrong: Callable[[], None]) -> None:
    with pytest.raises(ValueError, match=r"is no address|has to name headers"):
        wrong()
