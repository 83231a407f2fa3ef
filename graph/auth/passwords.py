"""Passwords: a text enters, an Argon2id hash leaves, and later whether a text is the one that was hashed.

To hash takes tens of milliseconds on purpose. It happens in threads that do nothing else, so that the event loop and
the threads of others go on meanwhile.
Source: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id
"""

import asyncio
import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from graph.errors import InvalidPassword, TooManyAttempts

MIN_CHARACTERS = 8
MAX_CHARACTERS = 128
"""More would let anybody keep us busy with a text of megabytes."""

HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$10dcQ0aQBIkHnpW5eh7/ew$n8VKWaE2mwDc0H0y1nj7hbalm+aE23yBdU3DAxaE57s"
"""The hash of an unknown text: a password is compared with it where there is no user, so that both take as long."""

MAX_WAITING = 100
"""How many may wait for a thread; with one thread the last of them waits for two to three seconds."""

T = TypeVar("T")


def check_password(text: str) -> None:
    """Raise `InvalidPassword` for a text that is too short or too long to become a password."""
    if not MIN_CHARACTERS <= len(text) <= MAX_CHARACTERS:
        raise InvalidPassword(len(text), MIN_CHARACTERS, MAX_CHARACTERS)


class Passwords:
    """Hashes and compares, a few at a time. One for each process."""

    def __init__(self) -> None:
        threads = max(1, _processors() - 1)
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="trellis-passwords")
        self._waiting = 0

    async def hash(self, text: str) -> str:
        """The text's hash, with parameters and salt in it.

        Raises `InvalidPassword` for a text of the wrong length, `TooManyAttempts` when too many wait already.
        """
        check_password(text)
        return await self._in_thread(lambda: HASHER.hash(prepared(text)))

    async def verify(self, text: str, hashed: str | None) -> bool:
        """Whether the text is what was hashed. Without a hash it is not, and to say so takes as long.

        Raises `TooManyAttempts` when too many wait already.
        """
        if len(text) > MAX_CHARACTERS:  # no hash can be of it, whosever it is
            return False
        found = await self._in_thread(lambda: _is_same(text, hashed or NOBODYS))
        return found and hashed is not None

    def needs_rehash(self, hashed: str) -> bool:
        """Whether it was made with other parameters than ours; to be hashed anew when its text is at hand."""
        return HASHER.check_needs_rehash(hashed)

    async def rehashed(self, text: str, hashed: str) -> str | None:
        """A new hash of a text that was verified, if the old one was made with other parameters than ours."""
        return await self._in_thread(lambda: HASHER.hash(prepared(text))) if self.needs_rehash(hashed) else None

    def close(self) -> None:
        """Let the threads go. What waits for them is not done any more."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise TooManyAttempts(1)
        self._waiting += 1
        future = self._executor.submit(work)
        try:
            return await asyncio.wrap_future(future)
        finally:
            self._waiting -= 1


def _is_same(text: str, hashed: str) -> bool:
    try:
        return HASHER.verify(hashed, prepared(text))
    except (VerificationError, InvalidHashError):
        return False


def prepared(text: str) -> bytes:
    """What is hashed: one form for what keyboards write in several.

    Source: https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver
    """
    return unicodedata.normalize("NFKC", text).encode("utf-8", "surrogatepass")


def _processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
