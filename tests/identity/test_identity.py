"""The way in: the right address with the right password, and no hint at what was wrong."""

from collections.abc import AsyncIterator

import pytest
from argon2 import PasswordHasher

from db.session.engines import Engines
from graph.auth import passwords
from graph.auth.passwords import HASHER, NOBODYS
from graph.auth.tokens import Tokens
from graph.errors import TooManyAttempts
from graph.identity.service import Identity, Known
from graph.schema import DOMAIN
from graph.settings import Settings
from tests.auth.test_passwords import Counting
from tests.databases import StatementRecorder
from tests.identity.people import PASSWORD, make_user
from tests.own_tables import named

HASHED = HASHER.hash(PASSWORD)


@pytest.fixture
async def identity(engines: Engines, settings: Settings) -> AsyncIterator[Identity]:
    identity = Identity(engines, settings)
    yield identity
    identity.close()


async def known(identity: Identity, email: str, password: str = PASSWORD) -> Known | None:
    return await identity.known(email, password, "192.0.2.1")


@pytest.mark.parametrize("email", ["ada@example.org", "Ada@Example.ORG"])
async def test_a_user_comes_in(engines: Engines, identity: Identity, email: str) -> None:
    user = await make_user(engines, hashed_password=HASHED)
    assert await known(identity, email) == (user.id, None)


async def test_whatever_is_wrong_costs_the_same_and_is_told_the_same(
    engines: Engines, identity: Identity, statements: StatementRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_user(engines, hashed_password=HASHED)
    await make_user(engines, "none@example.org")
    await make_user(engines, "left@example.org", hashed_password=HASHED, is_active=False)
    counting = Counting()
    monkeypatch.setattr(passwords, "HASHER", counting)
    await identity.limits.attempt("first@example.org", None)  # which clears what is past, once a minute
    for email, password, hashed in (
        ("ada@example.org", "wrong password", HASHED),
        ("ada@example.org", "", HASHED),
        ("nobody@example.org", PASSWORD, NOBODYS),
        ("none@example.org", PASSWORD, NOBODYS),
        ("left@example.org", PASSWORD, NOBODYS),
        ("ada@example.org\0", PASSWORD, NOBODYS),
        ("\ud800", PASSWORD, NOBODYS),
        ("x" * 10_000, PASSWORD, NOBODYS),
    ):
        counting.asked.clear()
        with statements() as seen:
            assert await known(identity, email, password) is None
        assert (len(seen), counting.asked) == (3, [hashed]), email  # two that count, one that looks


async def test_the_password_that_nobody_has_lets_nobody_in(engines: Engines, identity: Identity) -> None:
    assert await known(identity, "nobody@example.org", "") is None


async def test_attempts_are_limited_before_any_work(
    engines: Engines, settings: Settings, statements: StatementRecorder
) -> None:
    await make_user(engines, hashed_password=HASHED)
    identity = Identity(engines, settings.model_copy(update={"sign_in_limit": "2/minute"}))
    for email in ("ada@example.org", "nobody@example.org"):
        for _ in range(2):
            assert await known(identity, email, "wrong password") is None
        with statements() as seen, pytest.raises(TooManyAttempts):
            await known(identity, email)
        assert [sql.split()[:3] for sql in seen] == [["INSERT", "INTO", named("counters", engines.dialect)]]
    identity.close()


async def test_the_right_password_counts_for_nothing(engines: Engines, settings: Settings) -> None:
    await make_user(engines, hashed_password=HASHED)
    identity = Identity(engines, settings.model_copy(update={"sign_in_limit": "2/minute"}))
    for _ in range(4):
        assert await known(identity, "ada@example.org") is not None
    identity.close()


async def test_no_connection_is_held_while_a_password_is_hashed(
    engines: Engines, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_user(engines, hashed_password=HASHED)
    held: list[int] = []

    class Looking(Counting):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # as there
            held.append(engines.pools()["primary"].checked_out)
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "HASHER", Looking())
    assert await known(identity, "ada@example.org")
    assert held == [0]


async def test_an_old_hash_is_made_anew(engines: Engines, identity: Identity) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    user = await make_user(engines, hashed_password=old)
    found = await known(identity, "ada@example.org")
    assert found is not None
    user_id, new_hash = found
    assert user_id == user.id
    assert new_hash is not None
    assert HASHER.verify(new_hash, PASSWORD)
    assert not HASHER.check_needs_rehash(new_hash)


async def test_a_server_sees_to_the_key_of_tokens_when_it_starts(
    engines: Engines, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[Tokens] = []
    monkeypatch.setattr(Tokens, "check", lambda tokens: checked.append(tokens))
    started = DOMAIN.start(engines, settings)
    started.check()
    started.close()
    (identity,) = started.services
    assert isinstance(identity, Identity)
    assert checked == [identity.tokens]
