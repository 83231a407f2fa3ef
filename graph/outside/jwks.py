"""The keys that a provider publishes: an address enters; the keys that a token may be signed with leave.

They are read when they are first needed, again after a while, and at once for a token with a key that is not known, so
that no request fails because the provider has changed keys. One request at a time goes to the provider, and no two
within `GAP_S`, whatever tokens strangers send. While the provider is down, the keys that were read last are good.
Source: https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys
"""

import asyncio
import time
from collections.abc import Sequence

from graph.outside.claims import json_object
from graph.outside.discovery import NamedPlace, Place
from graph.outside.errors import Log, Misfit, ProviderUnavailable, Unfetched
from graph.outside.fetching import OK, Provider
from graph.outside.keys import Key, fitting, keys_of_set

GAP_S = 5.0
"""Seconds between two requests to the provider."""
TIMEOUT_S = 5.0
MAX_BYTES = 512 * 1024
MAX_ABSENT = 1_000
"""How many names are remembered that no key has."""


class PublishedKeys:
    """The keys of one provider. One for each process."""

    def __init__(
        self, where: str | Place, refresh_s: float, gap_s: float = GAP_S, timeout_s: float = TIMEOUT_S
    ) -> None:
        """`where` keys are: an address, or what finds it."""
        self._place = NamedPlace(Provider(where, timeout_s, MAX_BYTES)) if isinstance(where, str) else where
        self._refresh_s = refresh_s
        self._gap_s = gap_s
        self._log = Log()
        self._keys: Sequence[Key] = ()
        self._read_at = self._tried_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self._absent: set[str] = set()
        self.generation = 0
        """Grows with each change of the keys: what was verified with others is not, any more."""

    async def of(self, name: str | None, algorithm: str) -> list[Key]:
        """The keys that a token with this `kid` and this algorithm may be signed with; none for a strange one.

        Raises `ProviderUnavailable` when the provider does not say.
        """
        if not self._keys:
            await self._first()
        elif self._is_due(self._refresh_s):
            self._read_soon()
        found = fitting(self._keys, name, algorithm)
        if found or name is None or (name in self._absent and not self._is_due(0)):
            return found
        return await self._new(name, algorithm)

    async def changed(self) -> bool:
        """Whether there are other keys now, asked for a token without a `kid` that none of them has signed."""
        before = self.generation
        if self._is_due(0):
            await self._next()
        return self.generation != before

    async def close(self) -> None:
        """End what is under way."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._place.close()

    async def _first(self) -> None:
        if self._reading is not None or self._is_due(0):
            await self._next()
        if not self._keys:
            raise ProviderUnavailable

    async def _new(self, name: str, algorithm: str) -> list[Key]:
        asked_at = time.monotonic()
        await self._next()
        found = fitting(self._keys, name, algorithm)
        if not found and self._read_at < asked_at:
            raise ProviderUnavailable
        if not found and len(self._absent) < MAX_ABSENT:
            self._absent.add(name)
        return found

    def _is_due(self, after_s: float) -> bool:
        now = time.monotonic()
        return now - self._read_at > after_s and now - self._tried_at > self._gap_s

    async def _next(self) -> None:
        """Wait until the keys were read anew; others who wait share it, and one who leaves stops it for nobody."""
        await asyncio.shield(self._read_soon())

    def _read_soon(self) -> asyncio.Task[None]:
        if self._reading is None:
            self._reading = asyncio.create_task(self._read(), name="keys of tokens")
        return self._reading

    async def _read(self) -> None:
        try:
            await asyncio.sleep(self._tried_at + self._gap_s - time.monotonic())
            keys = await self._published()
            if keys != self._keys:
                self._keys = keys
                self.generation += 1
            self._absent.clear()
            self._read_at = time.monotonic()
        except Unfetched as error:
            self._log.tell(error)
        finally:
            self._tried_at = time.monotonic()
            self._reading = None

    async def _published(self) -> list[Key]:
        provider = await self._place.found()
        answer = await provider.ask()
        if answer.status != OK:
            raise Unfetched(f"{provider.place} answered {answer.status} instead of keys.")
        try:
            return keys_of_set(json_object(answer.body))
        except Misfit as error:
            raise Unfetched(f"{provider.place} answered without keys: {error}") from None
