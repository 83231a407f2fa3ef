"""A client of the API, over real HTTP, that takes nothing but valid JSON for an answer."""

import gzip
import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, NoReturn, Self

import httpx
from zstandard import ZstdDecompressor

from graph.http.requests import GRAPHQL_RESPONSE, JSON

DECOMPRESS: Mapping[str | None, Callable[[bytes], bytes]] = {
    "zstd": lambda body: ZstdDecompressor().decompress(body),
    "gzip": gzip.decompress,
    None: lambda body: body,
}
"""What undoes each content coding."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: dict[str, Any]
    headers: httpx.Headers

    @property
    def data(self) -> Any:
        """The answer's data. It must have no errors."""
        assert "errors" not in self.body, self.body
        return self.body["data"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        return list(self.body.get("errors", ()))

    @property
    def messages(self) -> list[str]:
        return [error["message"] for error in self.errors]

    @property
    def codes(self) -> list[str]:
        """The code of each error. Every error has one."""
        return [error["extensions"]["code"] for error in self.errors]

    @property
    def code(self) -> str:
        """The one code that all errors share."""
        (code,) = set(self.codes)
        return code


class Client:
    """Asks one server."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        # Plain HTTP on this machine: without `verify`, no certificates are loaded, which takes longer than a request.
        self.http = httpx.AsyncClient(base_url=origin, timeout=60, verify=False)

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None, **more: Any) -> Answer:
        """Send an operation in the specification's own media type."""
        return await self.post(json.dumps({"query": query, "variables": variables, **more}).encode())

    async def post(self, body: Any, **headers: str) -> Answer:
        """Send a body, whatever it is."""
        sent = {"Content-Type": JSON, "Accept": GRAPHQL_RESPONSE} | named(headers)
        return read(await self.http.post("/graphql", content=body, headers=sent))

    async def get(self, parameters: Mapping[str, str], **headers: str) -> Answer:
        """Send an operation in the address."""
        sent = {"Accept": GRAPHQL_RESPONSE} | named(headers)
        return read(await self.http.get("/graphql", params=parameters, headers=sent))

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


def named(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers by their real names: `content_type` is `content-type`."""
    return {name.replace("_", "-").title(): value for name, value in headers.items()}


def read(response: httpx.Response) -> Answer:
    """The answer in a response, which must be JSON as RFC 8259 has it."""
    assert response.headers["content-type"] in (f"{JSON}; charset=utf-8", f"{GRAPHQL_RESPONSE}; charset=utf-8")
    body = json.loads(response.content.decode(), parse_constant=_no_json)
    assert set(body) <= {"data", "errors", "extensions"}
    return Answer(response.status_code, body, response.headers)


def _no_json(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON.")
