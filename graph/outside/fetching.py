"""What a provider says, over HTTP: a request enters; a whole answer leaves within bounds of time and size.

No redirect is followed, for it could lead credentials elsewhere; no cookie is kept, for it would be somebody else's;
and nothing is unpacked, for it could be large.
"""

import asyncio
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import NamedTuple

import httpx

from graph.outside.errors import Unfetched

OK = 200
MAX_CONNECTIONS = 100
NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])


class Fetched(NamedTuple):
    """An answer."""

    status: int
    headers: httpx.Headers
    body: bytes


class Provider:
    """Asks at one address. One for each process; the connections are made when they are first needed."""

    def __init__(self, url: str, timeout_s: float, max_bytes: int) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._client: httpx.AsyncClient | None = None

    async def ask(
        self, method: str = "GET", headers: Mapping[bytes, bytes] | None = None, body: bytes | None = None
    ) -> Fetched:
        """The answer. Raises `Unfetched` when there is none in time, or one that is too large."""
        sent = {**(headers or {}), b"accept": b"application/json", b"accept-encoding": b"identity"}
        client = self._connected()
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                client.stream(method, self._url, headers=sent, content=body) as response,
            ):
                return Fetched(response.status_code, response.headers, await self._read(response))
        except TimeoutError:
            raise Unfetched(f"{self.place} did not answer within {self._timeout_s:g} s.") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise Unfetched(f"{self.place} cannot be asked: {type(error).__name__}.") from None

    @property
    def place(self) -> str:
        """Where is asked, for the log: without a password, and without a query, which may hold a key."""
        url = httpx.URL(self._url)
        return f"{url.scheme}://{url.netloc.decode('ascii')}{url.path}"

    async def close(self) -> None:
        """Let the connections go."""
        if self._client is not None:
            await self._client.aclose()

    def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                cookies=CookieJar(NO_COOKIES),
                timeout=None,  # one deadline for all of it: `ask`
                limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
            )
        return self._client

    async def _read(self, response: httpx.Response) -> bytes:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise Unfetched(f"{self.place} answered with packed bytes, which nobody asked for.")
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > self._max_bytes:
                raise Unfetched(f"{self.place} answered with more than {self._max_bytes} bytes.")
        return bytes(body)
