"""A device cookie says one thing: somebody has signed in here with this login."""

import uuid

import jwt
import pytest
from pydantic import SecretStr

from graph.auth import devices as room
from graph.auth.devices import ALGORITHM, Devices
from graph.auth.signing import SigningKeys
from graph.auth.tokens import Tokens
from graph.settings import Settings
from tests.auth.conftest import Clock

KEY = "a key of a test, of more than 32 characters"
OTHER = "another key, of more than 32 characters, too"
ADA = "ada@example.org"


def make_devices(*keys: str) -> Devices:
    return Devices(SigningKeys(Settings(token_keys=tuple(map(SecretStr, keys or (KEY,))))))


def test_a_browser_is_the_same_the_next_time() -> None:
    devices = make_devices()
    text = devices.issue(ADA)
    device = devices.read(" ADA@example.org", text)
    assert device
    assert devices.read(ADA, devices.issue(ADA, device)) == device
    assert devices.read(ADA, devices.issue(ADA)) != device


def test_it_serves_one_account_and_is_believed_of_ourselves_alone() -> None:
    devices, text = make_devices(), make_devices().issue(ADA)
    assert devices.cookie(ADA) != devices.cookie("grace@example.org")
    assert devices.read("grace@example.org", text) is None
    assert make_devices(OTHER).read(ADA, text) is None
    assert make_devices(OTHER, KEY).read(ADA, text)


def test_neither_a_token_nor_a_device_is_taken_for_the_other() -> None:
    devices = make_devices()
    tokens = Tokens(Settings(token_keys=(SecretStr(KEY),)))
    assert tokens.read(devices.issue(ADA)) is None
    assert devices.read(ADA, tokens.issue(1, uuid.uuid4()).text) is None


def test_it_ends_after_a_year(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(room, "LIFE_S", -1)
    assert make_devices().read(ADA, make_devices().issue(ADA)) is None


@pytest.mark.parametrize(
    "text", [None, "", "x", "a.b.c", "x" * 5000, "\ud800.é.☃", jwt.encode({"sub": "x"}, KEY, ALGORITHM)]
)
def test_whatever_else_comes_is_no_device(text: str | None) -> None:
    assert make_devices().read(ADA, text) is None
