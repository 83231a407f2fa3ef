"""Where a provider publishes its keys: an address of the settings, or one that the provider's own document names.

The document is read when keys are first needed, and again after a while, as keys are. It counts for the issuer that the
settings name, to the letter. While it cannot be had, the address that it named last is good.
Source: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
"""

import time
from typing import Protocol
from urllib.parse import urlsplit

from graph.outside.claims import json_object
from graph.outside.errors import Log, Misfit, Unfetched
from graph.outside.fetching import OK, Provider

PATH = "/.well-known/openid-configuration"
SCHEMES = ("https", "http")
MAX_BYTES = 512 * 1024


def document_of(issuer: str) -> str:
    """The address of an issuer's document."""
    return issuer.removesuffix("/") + PATH


class Place(Protocol):
    """Where keys are published."""

    async def found(self) -> Provider:
        """Whom to ask for keys. Raises `Unfetched`."""

    async def close(self) -> None:
        """Let connections go."""


class NamedPlace:
    """An address of the settings."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def found(self) -> Provider:
        """Always the same."""
        return self._provider

    async def close(self) -> None:
        """Let the connections go."""
        await self._provider.close()


class DiscoveredPlace:
    """An address that a document names. One for each process."""

    def __init__(self, url: str, issuer: str | None, refresh_s: float, timeout_s: float) -> None:
        """`issuer` is what the document has to say of itself; None: anything."""
        self._document = Provider(url, timeout_s, MAX_BYTES)
        self._issuer = issuer
        self._is_secret = urlsplit(url).scheme.lower() == "https"
        self._refresh_s = refresh_s
        self._timeout_s = timeout_s
        self._log = Log()
        self._url = ""
        self._keys: Provider | None = None
        self._read_at = float("-inf")

    async def found(self) -> Provider:
        """Whom to ask for keys. Raises `Unfetched` where the document never said."""
        if self._keys is None or time.monotonic() - self._read_at >= self._refresh_s:
            try:
                await self._read()
            except Unfetched as error:
                if self._keys is None:
                    raise
                self._log.tell(error)
        assert self._keys is not None
        return self._keys

    async def close(self) -> None:
        """Let the connections go."""
        await self._document.close()
        if self._keys is not None:
            await self._keys.close()

    async def _read(self) -> None:
        answer = await self._document.ask()
        if answer.status != OK:
            raise Unfetched(f"{self._document.place} answered {answer.status} instead of where keys are.")
        url = self._address_in(answer.body)
        if url != self._url:
            gone, self._keys, self._url = self._keys, Provider(url, self._timeout_s, MAX_BYTES), url
            if gone is not None:
                await gone.close()
        self._read_at = time.monotonic()

    def _address_in(self, body: bytes) -> str:
        """The address of keys in a document. Raises `Unfetched` for a document that is somebody else's, or has none."""
        try:
            found = json_object(body)
        except Misfit as error:
            raise Unfetched(f"{self._document.place} answered without saying where keys are: {error}") from None
        if self._issuer is not None and found.get("issuer") != self._issuer:
            raise Unfetched(
                f"{self._document.place} is of the issuer {found.get('issuer')!r:.300}, and TRELLIS_JWT_ISSUER names"
                " another one; they have to be the same to the letter."
            )
        url = found.get("jwks_uri")
        schemes = SCHEMES[:1] if self._is_secret else SCHEMES
        if not isinstance(url, str) or urlsplit(url).scheme.lower() not in schemes or not urlsplit(url).hostname:
            raise Unfetched(f"{self._document.place} has no `jwks_uri` that begins with {' or '.join(schemes)}.")
        return url
