"""Sign-ins: they go on while they are used, end when they are told to, and a copied token ends them for everybody."""

import asyncio
import logging
from datetime import timedelta

import pytest
from sqlalchemy import update

from db.base import utcnow
from db.models import User
from db.session.engines import Engines
from graph.auth import opaque
from graph.identity import sign_ins
from graph.identity.sign_ins import Opened, Rejected
from graph.settings import Settings
from tests.databases import StatementRecorder
from tests.identity.people import LIFE_S, found, make_sign_in, make_user, writing


async def refreshed(engines: Engines, text: str, *, after_s: float = 0) -> Opened | Rejected:
    async with writing(engines) as session:
        return await sign_ins.refresh(session, text, life_s=LIFE_S, now=utcnow() + timedelta(seconds=after_s))


async def test_a_sign_in_keeps_a_digest_and_gives_the_secret(engines: Engines) -> None:
    opened = await make_sign_in(engines, await make_user(engines))
    id_, _, secret = opened.text.partition(".")
    row = await found(engines, opened)
    assert str(row.id) == id_
    assert row.secret_hash == opaque.digest(secret)
    assert row.revoked_at is None
    assert row.expires_at - row.created_at == timedelta(seconds=LIFE_S)


async def test_a_refresh_token_is_good_for_one_refresh_and_the_next_one_for_the_next(engines: Engines) -> None:
    opened = await make_sign_in(engines, await make_user(engines))
    text = opened.text
    for number in range(1, 4):
        again = await refreshed(engines, text, after_s=100 * number)
        assert isinstance(again, Opened)
        assert again.text != text
        assert again.sign_in.id == opened.sign_in.id
        text = again.text
    lived_on = (await found(engines, opened)).expires_at - opened.sign_in.expires_at
    assert timedelta(seconds=299) < lived_on < timedelta(seconds=320)


async def test_an_old_token_ends_the_sign_in_for_whoever_has_the_new_one(engines: Engines) -> None:
    opened = await make_sign_in(engines, await make_user(engines))
    again = await refreshed(engines, opened.text)
    assert isinstance(again, Opened)
    assert await refreshed(engines, opened.text) is Rejected.REUSED
    assert (await found(engines, opened)).revoked_at is not None
    assert await refreshed(engines, again.text) is Rejected.UNKNOWN


async def test_of_refreshes_at_once_one_wins_and_the_sign_in_ends(engines: Engines) -> None:
    opened = await make_sign_in(engines, await make_user(engines))
    outcomes = await asyncio.gather(*(refreshed(engines, opened.text) for _ in range(5)))
    # The second finds another secret and ends the sign-in; those after it find that it has ended.
    assert sum(isinstance(outcome, Opened) for outcome in outcomes) == 1
    assert outcomes.count(Rejected.REUSED) == 1
    assert outcomes.count(Rejected.UNKNOWN) == 3
    assert (await found(engines, opened)).revoked_at is not None


async def test_a_token_ends_when_nobody_uses_it(engines: Engines) -> None:
    opened = await make_sign_in(engines, await make_user(engines))
    assert await refreshed(engines, opened.text, after_s=LIFE_S + 1) is Rejected.EXPIRED
    assert isinstance(await refreshed(engines, opened.text, after_s=LIFE_S - 60), Opened)


@pytest.mark.parametrize("text", ["", "nonsense", "00000000-0000-7000-8000-000000000000.x", "." * 5000])
async def test_what_is_no_token_of_ours_is_unknown(engines: Engines, text: str) -> None:
    assert await refreshed(engines, text) is Rejected.UNKNOWN


async def test_a_user_who_may_not_sign_in_cannot_go_on_either(engines: Engines) -> None:
    user = await make_user(engines)
    opened = await make_sign_in(engines, user)
    async with writing(engines) as session:
        await session.execute(update(User).values(is_active=False))
    assert await refreshed(engines, opened.text) is Rejected.UNKNOWN


async def test_a_cookie_lives_on_and_stays_as_it_is(engines: Engines) -> None:
    opened = await make_sign_in(engines, await make_user(engines), in_cookie=True)
    for number in range(1, 4):
        again = await refreshed(engines, opened.text, after_s=100 * number)
        assert isinstance(again, Opened)
        assert again.text == opened.text
        assert again.sign_in.expires_at > opened.sign_in.expires_at


async def test_nobody_ends_a_browsers_sign_in_by_guessing(engines: Engines) -> None:
    opened = await make_sign_in(engines, await make_user(engines), in_cookie=True)
    assert await refreshed(engines, opaque.joined(opened.sign_in.id, "guess")) is Rejected.UNKNOWN
    assert isinstance(await refreshed(engines, opened.text), Opened)


async def test_a_sign_in_that_was_ended_does_not_go_on(engines: Engines) -> None:
    opened = await make_sign_in(engines, await make_user(engines))
    async with writing(engines) as session:
        await sign_ins.revoke(session, opened.sign_in.id)
    ended_at = (await found(engines, opened)).revoked_at
    assert ended_at is not None
    assert await refreshed(engines, opened.text) is Rejected.UNKNOWN
    async with writing(engines) as session:
        await sign_ins.revoke(session, opened.sign_in.id)
    assert (await found(engines, opened)).revoked_at == ended_at  # it ended when it ended


async def test_all_sign_ins_of_a_user_can_be_ended_but_one(engines: Engines) -> None:
    ada, grace = await make_user(engines), await make_user(engines, "grace@example.org")
    first, second, third = [await make_sign_in(engines, ada) for _ in range(3)]
    others = await make_sign_in(engines, grace)
    async with writing(engines) as session:
        await sign_ins.revoke(session, third.sign_in.id)
    async with writing(engines) as session:
        assert await sign_ins.revoke_all(session, ada.id, except_=second.sign_in.id) == 1
    assert (await found(engines, first)).revoked_at is not None
    assert (await found(engines, second)).revoked_at is None
    async with writing(engines) as session:
        assert await sign_ins.revoke_all(session, ada.id) == 1
    assert (await found(engines, second)).revoked_at is not None
    assert (await found(engines, others)).revoked_at is None


async def test_statements_are_few(engines: Engines, statements: StatementRecorder) -> None:
    user = await make_user(engines)
    with statements() as seen:
        opened = await make_sign_in(engines, user)
    assert len(seen) == 1  # one comes; expired ones go elsewhere
    with statements() as seen:
        await refreshed(engines, opened.text)
    assert len(seen) == 2  # the row with its user, and its change
    assert seen[0].endswith("FOR UPDATE OF sign_ins") == (engines.dialect == "postgresql")


async def test_no_secret_is_in_a_repr_or_in_the_log(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    engines = Engines(settings.model_copy(update={"log_sql": True}))
    opened = await make_sign_in(engines, await make_user(engines))
    again = await refreshed(engines, opened.text)
    await engines.dispose()
    assert isinstance(again, Opened)
    assert "INSERT INTO sign_ins" in caplog.text
    shown = caplog.text + repr(opened) + repr(again) + repr(again.sign_in)
    for text in (opened.text, again.text):
        assert text.partition(".")[2] not in shown
        assert opaque.digest(text.partition(".")[2]) not in shown
