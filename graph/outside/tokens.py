"""Tokens that a provider has signed: a text enters; what is known of its owner leaves, or `Unauthenticated`.

A token is believed for its signature, its times, its issuer and its audience, as the settings have them. What a token
says of keys is not: `jku`, `x5u` and `jwk` are never read. Verified tokens are remembered by their digests for as long
as they are good, for to verify one takes longer than to find it. Source: https://www.rfc-editor.org/rfc/rfc8725
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import jwt

from db.kept import MIB, Figures, Kept
from graph.errors import Unauthenticated
from graph.outside.claims import Known, Places
from graph.outside.errors import Log, Misfit
from graph.outside.keys import Key, fitting

MAX_CHARACTERS = 16_384
"""Providers write hundreds of groups into a token. What is longer is refused unread."""
MAX_TRIED = 16
"""Keys that a token is tried with which does not say which one it is of."""
MAX_REMEMBERED, MAX_REMEMBERED_BYTES = 20_000, 16 * MIB
KNOWN_BYTES, CLAIM_BYTES = 600, 70
"""About what is remembered of a token, and of each of its roles and claims beside."""


class Keys(Protocol):
    """Where keys come from."""

    generation: int
    """Grows with each change of the keys."""

    async def of(self, name: str | None, algorithm: str) -> Sequence[Key]:
        """The keys that a token with this `kid` and this algorithm may be signed with."""

    async def changed(self) -> bool:
        """Whether there are other keys now, where none of those that `of` gave has signed a token."""

    async def close(self) -> None:
        """End what is under way."""


class GivenKeys:
    """Keys of the settings."""

    generation = 0

    def __init__(self, keys: Sequence[Key]) -> None:
        self._keys = keys

    async def of(self, name: str | None, algorithm: str) -> Sequence[Key]:
        """The keys of this algorithm: they have no names."""
        return fitting(self._keys, name, algorithm)

    async def changed(self) -> bool:
        """They never do."""
        return False

    async def close(self) -> None:
        """Nothing is under way."""


class Rules(NamedTuple):
    """What a token has to say; None: anything."""

    algorithms: frozenset[str]
    issuer: str | None
    audience: Sequence[str] | None
    leeway_s: float

    def claims_of(self, text: str, key: Key | None, algorithm: str) -> dict[str, Any]:
        """The claims of a good token; without a key, its signature is not looked at.

        Raises `jwt.InvalidTokenError`, and whatever else a library says of what strangers send.
        """
        return jwt.decode(
            text,
            b"" if key is None else key.material,
            algorithms=[algorithm],
            issuer=self.issuer,
            audience=self.audience,
            leeway=self.leeway_s,
            options={
                "require": ["exp"],
                "verify_signature": key is not None,
                "verify_exp": True,
                "verify_nbf": True,
                "verify_iat": True,
                "verify_iss": self.issuer is not None,
                "verify_aud": self.audience is not None,
                "verify_sub": False,  # some providers have numbers there; `Places` reads what is wanted
                "verify_jti": False,
            },
        )


class _Remembered(NamedTuple):
    known: Known
    ends: float


class Tokens:
    """Reads tokens. One for each process."""

    def __init__(self, rules: Rules, places: Places, keys: Keys) -> None:
        self._rules = rules
        self._places = places
        self._keys = keys
        self._log = Log()
        self._generation = keys.generation
        self._remembered = _nothing_remembered()

    async def read(self, text: str) -> Known:
        """What is known of a token's owner. Raises `Unauthenticated`; `ProviderUnavailable` where keys are missing."""
        if len(text) > MAX_CHARACTERS:
            raise Unauthenticated
        if self._generation != self._keys.generation:
            self._remembered, self._generation = _nothing_remembered(), self._keys.generation
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        found = self._remembered.get(digest)
        if found is None:
            found = await self._verified(text)
            self._remembered[digest] = found
        if time.time() >= found.ends:
            raise Unauthenticated
        return found.known

    @property
    def figures(self) -> Figures:
        """How full the cache of what was read is."""
        return self._remembered.figures

    async def close(self) -> None:
        """End what is under way."""
        await self._keys.close()

    async def _verified(self, text: str) -> _Remembered:
        try:
            header = jwt.get_unverified_header(text)
            name, algorithm = header.get("kid"), header.get("alg")
            if algorithm not in self._rules.algorithms or "crit" in header or not isinstance(name, str | None):
                raise Unauthenticated
            self._rules.claims_of(text, None, algorithm)  # no stranger's old token makes us ask the provider
        except Exception:  # whatever a library says of what strangers send
            raise Unauthenticated from None
        claims = await self._signed(text, name, algorithm)
        try:
            return _Remembered(self._places.read(claims), float(claims["exp"]) + self._rules.leeway_s)
        except Misfit as error:
            self._log.tell(Misfit(f"A token of the provider is refused: {error}"))
            raise Unauthenticated from None

    async def _signed(self, text: str, name: str | None, algorithm: str) -> Mapping[str, Any]:
        claims = self._first(text, await self._keys.of(name, algorithm), algorithm)
        if claims is None and name is None and await self._keys.changed():
            claims = self._first(text, await self._keys.of(name, algorithm), algorithm)
        if claims is None:
            raise Unauthenticated
        return claims

    def _first(self, text: str, keys: Sequence[Key], algorithm: str) -> Mapping[str, Any] | None:
        """The claims, by the first of the keys that has signed them; None if none has."""
        for key in keys[:MAX_TRIED]:
            try:
                return self._rules.claims_of(text, key, algorithm)
            except Exception:  # as above
                continue
        return None


def _nothing_remembered() -> Kept[bytes, _Remembered]:
    return Kept(MAX_REMEMBERED, MAX_REMEMBERED_BYTES, _bytes_of)


def _bytes_of(_digest: bytes, found: _Remembered) -> int:
    known = found.known
    texts = sum(len(it) for it in (*known.roles, *known.claims, *map(str, known.claims.values())))
    return KNOWN_BYTES + CLAIM_BYTES * (len(known.roles) + len(known.claims)) + texts
