"""Passwords: Argon2id, away from the event loop, and nothing for an eavesdropper with a watch."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from graph.auth import passwords
from graph.auth.passwords import MAX_CHARACTERS, MAX_WAITING, MIN_CHARACTERS, NOBODYS, Passwords
from graph.errors import InvalidPassword, TooManyAttempts

HASHES = 20
TEXT = "correct horse"


@pytest.fixture
def hashing() -> Iterator[Passwords]:
    hashing = Passwords()
    yield hashing
    hashing.close()


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less memory and time: for what is not about them."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def test_hashes_are_argon2id_with_the_parameters_of_owasp(hashing: Passwords) -> None:
    found = extract_parameters(await hashing.hash(TEXT))
    assert (found.type, found.memory_cost, found.time_cost, found.parallelism) == (Type.ID, 19_456, 2, 1)


async def test_a_hash_is_of_its_text_and_of_no_other(hashing: Passwords) -> None:
    hashed = await hashing.hash(TEXT)
    assert TEXT not in hashed
    assert await hashing.verify(TEXT, hashed)
    assert not await hashing.verify(TEXT + "!", hashed)
    assert not await hashing.verify("", hashed)


async def test_equal_texts_have_different_hashes(hashing: Passwords) -> None:
    assert await hashing.hash(TEXT) != await hashing.hash(TEXT)


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("broken", ["", "x", "$argon2id$v=19$m=8,t=1,p=1$x$y", "$2b$12$abcdefghijklmnopqrstuv"])
async def test_what_is_no_hash_of_ours_matches_nothing(hashing: Passwords, broken: str) -> None:
    assert not await hashing.verify(TEXT, broken)


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("characters", [0, MIN_CHARACTERS - 1, MAX_CHARACTERS + 1, 100_000])
async def test_a_text_of_the_wrong_length_does_not_become_a_password(hashing: Passwords, characters: int) -> None:
    with pytest.raises(InvalidPassword, match=f"8 to 128 characters; this one has {characters}"):
        await hashing.hash("é" * characters)


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("characters", [MIN_CHARACTERS, MAX_CHARACTERS])
async def test_every_text_of_the_right_length_does(hashing: Passwords, characters: int) -> None:
    for letter in ("a", "é", "🌱", "\0", "\ud800"):
        assert await hashing.verify(letter * characters, await hashing.hash(letter * characters))


@pytest.mark.usefixtures("cheap")
async def test_one_keyboards_letters_are_anothers(hashing: Passwords) -> None:
    assert await hashing.verify("cafe\u0301 du nord", await hashing.hash("caf\u00e9 du nord"))


class Counting(PasswordHasher):
    """Remembers which hashes it was asked to compare with."""

    def __init__(self) -> None:
        super().__init__(time_cost=2, memory_cost=19_456, parallelism=1)
        self.asked: list[str | bytes] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
        self.asked.append(hash)
        return super().verify(hash, password)


async def test_without_a_hash_the_work_is_the_same_and_the_answer_is_no(
    hashing: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting()
    monkeypatch.setattr(passwords, "HASHER", counting)
    hashed = await hashing.hash(TEXT)
    assert await hashing.verify(TEXT, hashed)
    assert not await hashing.verify(TEXT, None)
    assert counting.asked == [hashed, NOBODYS]
    assert extract_parameters(NOBODYS) == extract_parameters(hashed)


async def test_a_text_that_is_too_long_is_refused_without_work_whosever_it_is(
    hashing: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting()
    monkeypatch.setattr(passwords, "HASHER", counting)
    for hashed in (NOBODYS, None):
        assert not await hashing.verify("x" * (MAX_CHARACTERS + 1), hashed)
    assert counting.asked == []


async def test_hashes_of_other_parameters_are_made_anew(hashing: Passwords) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(TEXT)
    assert await hashing.verify(TEXT, old)
    assert hashing.needs_rehash(old)
    new = await hashing.rehashed(TEXT, old)
    assert new is not None
    assert not hashing.needs_rehash(new)
    assert await hashing.verify(TEXT, new)
    assert await hashing.rehashed(TEXT, new) is None


async def test_the_event_loop_goes_on_while_passwords_are_hashed(hashing: Passwords) -> None:
    ticks = 0
    hashes = asyncio.gather(*(hashing.hash(TEXT) for _ in range(HASHES)))
    while not hashes.done():
        ticks += 1
        await asyncio.sleep(0)
    assert len(set(await hashes)) == HASHES
    # On the loop itself, each hash would leave it room for two turns or three.
    assert ticks > 10 * HASHES


async def test_threads_leave_a_processor_to_others(hashing: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    await asyncio.gather(*(hashing.hash(TEXT) for _ in range(HASHES)))
    ours = [thread for thread in threading.enumerate() if thread.name.startswith("trellis-passwords")]
    assert 1 <= len(ours) <= max(1, passwords._processors() - 1)  # noqa: SLF001 - the number is what the claim is about


@pytest.mark.usefixtures("cheap")
async def test_no_more_wait_than_can_be_served_soon(hashing: Passwords) -> None:
    waiting = [asyncio.ensure_future(hashing.hash(TEXT)) for _ in range(MAX_WAITING + 1)]
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in done].count(TooManyAttempts) == 1
    assert await hashing.hash(TEXT)  # and afterwards there is room again


@pytest.mark.usefixtures("cheap")
async def test_who_leaves_waits_no_more(hashing: Passwords) -> None:
    for _ in range(3):
        waiting = [asyncio.ensure_future(hashing.hash(TEXT)) for _ in range(MAX_WAITING)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert await hashing.hash(TEXT)
