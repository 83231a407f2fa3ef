"""Opaque secrets: enough chance, and only a digest that stays."""

import uuid

import pytest

from graph.auth import opaque

SIGN_IN = uuid.UUID(int=7)


def test_secrets_are_long_and_never_come_twice() -> None:
    made = {opaque.make_secret() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(secret) for secret in made} == {43}  # 256 bits, six to a character


def test_a_key_is_known_by_how_it_begins() -> None:
    key = opaque.make_api_key()
    assert key.startswith("trellis_")
    assert len(key[: opaque.SHOWN_CHARACTERS]) - len("trellis_") == 4  # 24 bits of 256


def test_what_is_joined_comes_apart() -> None:
    secret = opaque.make_secret()
    assert opaque.parts(opaque.joined(SIGN_IN, secret)) == (SIGN_IN, opaque.digest(secret))


@pytest.mark.parametrize("text", ["", ".", "x.y", "7.secret", f"{SIGN_IN}" + "." + "x" * 3000, "\0.\0", "\ud800.x"])
def test_what_cannot_be_one_is_none(text: str) -> None:
    assert opaque.parts(text) is None


def test_a_digest_does_not_tell_its_secret() -> None:
    secret = opaque.make_secret()
    assert secret not in repr(opaque.parts(opaque.joined(SIGN_IN, secret)))
    assert opaque.is_same(opaque.digest(secret), opaque.digest(secret))
    assert not opaque.is_same(opaque.digest(secret), opaque.digest(secret + "x"))
