"""A client of the API, over real HTTP, that takes nothing but valid JSON for an answer."""

import gzip
import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import httpx
from zstandard import ZstdDecompressor

from graph.http.requests import GRAPHQL_RESPONSE, JSON
from graph.testing import Answer, HTTPClient
from graph.testing.clients import named

__all__ = ["Answer", "Client"]

DECOMPRESS: Mapping[str | None, Callable[[bytes], bytes]] = {
    "zstd": lambda body: ZstdDecompressor().decompress(body),
    "gzip": gzip.decompress,
    None: lambda body: body,
}
"""What undoes each content coding."""


class Client(HTTPClient):
    """Asks one server, in whatever form."""

    def __init__(self, origin: str) -> None:
        # Plain HTTP on this machine: without `verify`, no certificates are loaded, which takes longer than a request.
        super().__init__(httpx.AsyncClient(base_url=origin, timeout=60, verify=False))
        self.origin = origin

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None, **more: Any) -> Answer:
        """Send an operation in the specification's own media type."""
        return await self.post(json.dumps({"query": query, "variables": variables, **more}).encode())

    async def post(self, body: Any, **headers: str) -> Answer:
        """Send a body, whatever it is."""
        sent = {"Content-Type": JSON, "Accept": GRAPHQL_RESPONSE} | named(headers)
        return Answer.of_response(await self.http.post("/graphql", content=body, headers=sent))

    async def get(self, parameters: Mapping[str, str], **headers: str) -> Answer:
        """Send an operation in the address."""
        sent = {"Accept": GRAPHQL_RESPONSE} | named(headers)
        return Answer.of_response(await self.http.get("/graphql", params=parameters, headers=sent))

    async def pool(self) -> dict[str, int]:
        """The state of the primary's pool, by what `/metrics` says."""
        lines = (await self.http.get("/metrics")).text.splitlines()
        prefix = 'trellis_pool_connections{pool="primary",state="'
        pairs = (line.removeprefix(prefix).split('"} ') for line in lines if line.startswith(prefix))
        return {state: int(float(value)) for state, value in pairs}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()
