"""Sign-in is limited for a login and a place together, for a place, and, by delays, for a login."""

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from graph.auth.limiting import HEARD_OF_ONE_NETWORK, SignInLimits
from graph.errors import TooManyAttempts
from graph.rates.counters import MemoryCounters, Work
from graph.settings import DAY_S, Settings
from tests.auth.conftest import Clock
from tests.entity.laws import tried

ADA = "ada@example.org"
ADDRESS = "192.0.2.1"
ELSEWHERE = "192.0.2.99"
BROWSER = "the browser of Ada"

T = TypeVar("T")


def make_limits(
    limit: str = "3/minute", per_address: str = "1000/minute", free: int = 0, counters: MemoryCounters | None = None
) -> SignInLimits:
    settings = Settings(sign_in_limit=limit, sign_in_limit_per_address=per_address, sign_in_free_attempts=free)
    return SignInLimits(settings, counters or MemoryCounters())


async def allowed(
    limits: SignInLimits,
    email: str = ADA,
    address: str | None = ADDRESS,
    most: int = 20,
    proven: str | None = None,
) -> int:
    """How many attempts are allowed in a row."""
    for number in range(most):
        try:
            await limits.attempt(email, address, proven)
        except TooManyAttempts:
            return number
    return most


async def wait_s(limits: SignInLimits, email: str = ADA, address: str = ADDRESS, proven: str | None = None) -> int:
    """How long the next attempt, which is refused, has to wait."""
    with pytest.raises(TooManyAttempts) as refused:
        await limits.attempt(email, address, proven)
    return refused.value.retry_after_s


async def test_an_account_may_be_tried_so_often_from_a_place_and_the_wait_is_told() -> None:
    limits = make_limits()
    assert await allowed(limits) == 3
    with pytest.raises(TooManyAttempts, match=r"Too many attempts; try again in (59|60) seconds\.") as refused:
        await limits.attempt(ADA, ADDRESS)
    assert refused.value.extensions == {"code": "RATE_LIMITED", "retryAfter": refused.value.retry_after_s}
    assert limits.refused == 2


async def test_another_account_and_another_place_have_attempts_of_their_own() -> None:
    limits = make_limits()
    assert await allowed(limits) == 3
    assert await allowed(limits, "grace@example.org") == 3
    assert await allowed(limits, address=ELSEWHERE) == 3


@pytest.mark.parametrize("email", ["ADA@example.org", " ada@example.org ", "Ada@Example.Org"])
async def test_an_account_is_one_however_it_is_written(email: str) -> None:
    limits = make_limits()
    assert await allowed(limits) == 3
    assert await allowed(limits, email) == 0


async def test_whoever_has_the_password_begins_anew() -> None:
    limits = make_limits("3/minute;4/day")
    for _ in range(3):
        assert await allowed(limits, most=1) == 1
        await limits.succeeded(await limits.attempt("Ada@example.org", ADDRESS))
    assert await allowed(limits) == 3


async def test_of_several_limits_each_holds(clock: Clock) -> None:
    limits = make_limits("2/second;3/day")
    assert await allowed(limits) == 2
    clock.move(1.1)
    assert await allowed(limits) == 1
    assert 84_000 < await wait_s(limits) <= DAY_S


async def test_the_window_moves_on(clock: Clock) -> None:
    limits = make_limits("1/second")
    assert await allowed(limits) == 1
    with pytest.raises(TooManyAttempts, match=r"in 1 second\."):
        await limits.attempt(ADA, ADDRESS)
    clock.move(1.1)
    assert await allowed(limits) == 1


async def test_a_network_address_may_try_so_many_accounts() -> None:
    limits = make_limits(per_address="5/minute")
    assert [await allowed(limits, f"{number}@example.org", most=1) for number in range(7)] == [1] * 5 + [0] * 2
    assert await allowed(limits, "8@example.org") == 0
    assert await allowed(limits, "8@example.org", ELSEWHERE) == 3
    assert await allowed(limits, "9@example.org", None) == 3


async def test_a_password_of_ones_own_buys_no_more_guesses_of_others() -> None:
    limits = make_limits(per_address="5/minute")
    for _ in range(5):
        await limits.succeeded(await limits.attempt("1@example.org", ADDRESS))
    assert await allowed(limits) == 0


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
async def test_a_network_of_ipv6_is_one_client(one: str, other: str, are_one: bool) -> None:
    limits = make_limits("100/minute", per_address="1/minute")
    assert await allowed(limits, address=one) == 1
    assert await allowed(limits, address=other) == (0 if are_one else 1)


@pytest.mark.usefixtures("clock")
async def test_a_refused_attempt_counts_for_nothing() -> None:
    limits = make_limits("1/second", per_address="2/minute")
    assert await allowed(limits, most=1) == 1
    assert [await allowed(limits, most=1) for _ in range(5)] == [0] * 5
    assert await allowed(limits, "grace@example.org", most=1) == 1


async def test_ten_wrong_passwords_of_a_stranger_keep_the_owner_out_nowhere(clock: Clock) -> None:
    limits = make_limits("10/minute;100/day", "100/minute", free=5)
    await limits.succeeded(await limits.attempt(ADA, ADDRESS, BROWSER))  # and so the network is known, too
    assert await allowed(limits, address=ELSEWHERE, most=10) == 5  # the others of the ten are not even counted
    assert await allowed(limits, address="198.51.100.7", proven=BROWSER, most=1) == 1  # the browser, wherever it is
    assert await allowed(limits, most=1) == 1  # the network, without any cookie
    assert await wait_s(limits, address="203.0.113.1") == 2  # where the owner has never been: ceil(5² / 20)
    assert await wait_s(limits, address=ELSEWHERE) == 2  # even beside the stranger
    clock.move(2)
    assert await allowed(limits, address="203.0.113.1", most=1) == 1


async def test_one_stranger_alone_makes_others_wait_for_seconds_whatever_he_does(clock: Clock) -> None:
    limits = make_limits("10/minute;100/day", "100/minute", free=5)
    guesses = 0
    for _ in range(DAY_S // 10):
        guesses += await allowed(limits, address=ELSEWHERE, most=1)
        clock.move(10)
    assert 90 < guesses <= 101  # 100 in each day, and the next day begins with the first of them
    await allowed(limits, address=ELSEWHERE, most=1)
    assert HEARD_OF_ONE_NETWORK**2 / 20 == 5
    clock.move(5)
    assert await allowed(limits, address="203.0.113.1", most=1) == 1


async def test_many_addresses_together_guess_no_faster_than_a_few(clock: Clock) -> None:
    limits = make_limits("10/minute;100/day", "100/minute", free=5)
    guesses = 0
    for number in range(DAY_S // 10):  # a new address every ten seconds
        guesses += await allowed(limits, address=f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", most=1)
        clock.move(10)
    assert 150 < guesses < 186  # the sum of n²/20 s for n to 134 is 11 hours; then 13 hours of 15 minutes each: 51 more
    assert await allowed(limits, "grace@example.org", address=ELSEWHERE, most=5) == 5


async def test_a_browser_that_proves_itself_has_limits_of_its_own(clock: Clock) -> None:
    limits = make_limits("10/minute;100/day", "100/minute", free=5)
    assert await allowed(limits, proven=BROWSER) == 5
    assert await wait_s(limits, proven=BROWSER) == 2
    clock.move(1.3)
    assert await allowed(limits, proven=BROWSER, most=2) == 1
    assert await allowed(limits, proven="another browser") == 5


async def test_guesses_of_who_has_signed_in_count_for_the_network_as_well() -> None:
    limits = make_limits("3/minute")
    assert await allowed(limits, proven=BROWSER) == 3
    assert await allowed(limits) == 0  # to leave the cookie out buys no more


async def test_the_right_password_from_ever_new_addresses_counts_for_nothing(clock: Clock) -> None:
    limits = make_limits("10/minute;100/day", "100/minute", free=5)
    for number in range(50):
        await limits.succeeded(await limits.attempt(ADA, f"10.0.0.{number}"))
        clock.move(0.1)
    assert await allowed(limits, address=ELSEWHERE) == 5


async def test_a_network_is_known_for_months_and_then_forgotten(clock: Clock) -> None:
    limits = make_limits("10/minute;100/day", "100/minute", free=5)
    await limits.succeeded(await limits.attempt(ADA, ADDRESS))
    for days in (89, 2):
        clock.move(days * DAY_S)
        assert await allowed(limits, address=ELSEWHERE) == 5
        assert await allowed(limits, most=1) == (1 if days == 89 else 0)


@pytest.mark.parametrize("text", ["", "many", "10", "10/fortnight", "-1/minute"])
def test_a_limit_that_cannot_be_read_is_refused(text: str) -> None:
    settings: dict[str, Any] = {"sign_in_limit": text}
    with pytest.raises(ValidationError, match="is not a limit such as 10/minute"):
        Settings(**settings)


async def test_no_e_mail_address_and_no_network_address_is_kept() -> None:
    counters = MemoryCounters()
    await make_limits(counters=counters).attempt(ADA, ADDRESS)
    assert len(counters.records) == 3
    assert not any("ada" in name or ADDRESS in name for name in counters.records)


async def test_a_crowd_that_is_refused_asks_the_counters_once_a_second(clock: Clock) -> None:
    class Counting(MemoryCounters):
        asked = 0

        async def change(self, names: Sequence[str], work: Work[T]) -> T:
            self.asked += 1
            return await super().change(names, work)

    counters = Counting()
    limits = make_limits("1/minute", counters=counters)
    first = await limits.attempt(ADA, ADDRESS)
    for _ in range(2):
        assert [await allowed(limits) for _ in range(50)] == [0] * 50
        clock.move(1)
    assert counters.asked == 3
    await wait_s(limits)
    await limits.succeeded(first)
    assert await allowed(limits, most=1) == 1  # at once


OWNERS = [("203.0.113.1", BROWSER), (ADDRESS, None)]
"""Where Ada has signed in: a browser, which may be anywhere, and a network."""


@tried(60)
@given(
    guesses=st.lists(
        st.tuples(st.sampled_from([0.0, 0.4, 3, 50, 700, 4000]), st.integers(0, 5), st.booleans()), max_size=80
    ),
    owner=st.sampled_from(OWNERS),
)
def test_whatever_strangers_do_the_owner_comes_in_where_ada_has_been(
    guesses: list[tuple[float, int, bool]], owner: tuple[str, str | None]
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        asyncio.run(_strangers_and_the_owner(Clock.at(patched), guesses, *owner))


async def _strangers_and_the_owner(
    clock: Clock, guesses: list[tuple[float, int, bool]], address: str, browser: str | None
) -> None:
    limits = make_limits("10/minute;100/day", "100/minute", free=5)
    await limits.succeeded(await limits.attempt(ADA, address, browser))
    passed: list[float] = []
    for pause_s, stranger, ada in guesses:
        clock.move(pause_s)
        if await allowed(limits, ADA if ada else "grace@example.org", f"198.51.100.{stranger}", most=1) and ada:
            passed.append(clock.now_s)
        await limits.succeeded(await limits.attempt(ADA, address, browser))
        clock.move(1)  # the owner's place may be asked so often
    for first in passed:
        within = [at for at in passed if first <= at < first + 60]
        assert len(within) <= 5 + 10  # the free ones, and those that delays of 1.25 s and more let through in a minute
