"""Sign-in is rate limited: for each e-mail address, and for each network address."""

import threading
import time
from typing import Any

import pytest
from pydantic import ValidationError

from graph.auth import limiting
from graph.auth.limiting import SignInLimits
from graph.errors import TooManyAttempts
from graph.settings import Settings
from tests.auth.conftest import Clock

ADDRESS = "192.0.2.1"


def make_limits(limit: str = "3/minute", per_address: str = "1000/minute") -> SignInLimits:
    return SignInLimits(Settings(sign_in_limit=limit, sign_in_limit_per_address=per_address))


def allowed(limits: SignInLimits, email: str = "ada@example.org", address: str | None = ADDRESS, most: int = 20) -> int:
    """How many attempts are allowed in a row."""
    for number in range(most):
        try:
            limits.attempt(email, address)
        except TooManyAttempts:
            return number
    return most


def test_an_address_may_be_tried_so_often_and_the_wait_is_told() -> None:
    limits = make_limits()
    assert allowed(limits) == 3
    with pytest.raises(TooManyAttempts, match=r"Too many attempts; try again in (59|60) seconds\.") as refused:
        limits.attempt("ada@example.org", None)
    assert refused.value.extensions == {"code": "RATE_LIMITED", "retryAfter": refused.value.retry_after_s}


def test_another_address_has_attempts_of_its_own() -> None:
    limits = make_limits()
    assert allowed(limits) == 3
    assert allowed(limits, "grace@example.org") == 3


@pytest.mark.parametrize("email", ["ADA@example.org", " ada@example.org ", "Ada@Example.Org"])
def test_an_address_is_one_however_it_is_written(email: str) -> None:
    limits = make_limits()
    assert allowed(limits) == 3
    assert allowed(limits, email) == 0


def test_whoever_has_the_password_begins_anew() -> None:
    limits = make_limits("3/minute;4/day")
    for _ in range(3):
        assert allowed(limits, most=2) == 2
        limits.succeeded("Ada@example.org")
    assert allowed(limits) == 3


def test_of_several_limits_each_holds(clock: Clock) -> None:
    limits = make_limits("2/second;3/day")
    assert allowed(limits) == 2
    clock.move(1.1)
    assert allowed(limits) == 1
    with pytest.raises(TooManyAttempts) as refused:
        limits.attempt("ada@example.org", None)
    assert 86_000 < refused.value.retry_after_s <= 86_400


def test_the_window_moves_on(clock: Clock) -> None:
    limits = make_limits("1/second")
    assert allowed(limits) == 1
    with pytest.raises(TooManyAttempts, match=r"in 1 second\."):
        limits.attempt("ada@example.org", None)
    clock.move(1.1)
    assert allowed(limits) == 1


def test_a_network_address_may_try_so_many_e_mail_addresses() -> None:
    limits = make_limits(per_address="5/minute")
    assert [allowed(limits, f"{number}@example.org", most=1) for number in range(7)] == [1] * 5 + [0] * 2
    limits.succeeded("1@example.org")  # a password of one's own buys no more
    assert allowed(limits, "8@example.org") == 0
    assert allowed(limits, "8@example.org", "192.0.2.2") == 3
    assert allowed(limits, "9@example.org", None) == 3


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("testclient", "testclient", True),
    ],
)
def test_a_network_of_ipv6_is_one_client(one: str, other: str, are_one: bool) -> None:
    limits = make_limits("100/minute", per_address="1/minute")
    assert allowed(limits, address=one) == 1
    assert allowed(limits, address=other) == (0 if are_one else 1)


@pytest.mark.usefixtures("clock")
def test_a_refused_attempt_counts_for_nothing() -> None:
    limits = make_limits("1/second", per_address="2/minute")
    assert allowed(limits, most=1) == 1
    assert [allowed(limits, most=1) for _ in range(5)] == [0] * 5
    assert allowed(limits, "grace@example.org", most=1) == 1


def test_memory_is_bounded_whatever_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiting, "MAX_NAMES", 100)
    limits = make_limits(per_address="100000/minute")
    for number in range(1000):
        limits.attempt(f"{number}@example.org", ADDRESS)
        assert len(limits._storage.events) <= 100  # noqa: SLF001 - its size is what the claim is about


def test_of_one_name_no_more_is_kept_than_is_asked_for() -> None:
    storage = limiting._Storage()  # noqa: SLF001 - as above
    for _ in range(50):
        assert storage.acquire_entry("ada", 5, -1)  # each is past at once, and so the next is allowed
    assert len(storage.events["ada"]) == 5


def test_who_came_last_is_remembered_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiting, "MAX_NAMES", 100)
    limits = make_limits(per_address="100000/minute")
    for number in range(1000):
        assert allowed(limits, f"{number}@example.org") == 3
        assert allowed(limits, f"{number}@example.org") == 0


def test_no_thread_is_left_to_look_after_attempts() -> None:
    limits = make_limits(per_address="100000/minute")
    time.sleep(0.1)  # the library starts one when it is made
    before = threading.active_count()
    for number in range(100):
        limits.attempt(f"{number}@example.org", ADDRESS)
    assert threading.active_count() <= before


@pytest.mark.parametrize("text", ["", "many", "10", "10/fortnight", "-1/minute"])
def test_a_limit_that_cannot_be_read_is_refused(text: str) -> None:
    settings: dict[str, Any] = {"sign_in_limit": text}
    with pytest.raises(ValidationError, match="is not a limit such as 10/minute"):
        Settings(**settings)


def test_no_e_mail_address_is_kept() -> None:
    limits = make_limits()
    limits.attempt("ada@example.org", ADDRESS)
    assert not any("ada" in key for key in limits._storage.events)  # noqa: SLF001 - as above
