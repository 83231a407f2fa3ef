"""The explorer's files over HTTP.

A name enters, a response leaves. The files are compared with the manifest at the start, and read again and compressed
when a client first asks for them; names that are not ours never touch the disk, so that no path can lead out of the
folder.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import MappingProxyType
from typing import Self

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from graph.explorer.manifest import FILES, OWN_FILES, Manifest, integrity, recorded, verified
from graph.http.compression import CODINGS, coding_for
from graph.http.negotiation import MAX_HEADER_BYTES

PATH = "/graphql/explorer"

MEDIA_TYPES = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""A file is for our page alone; opened by itself it loads nothing."""

CACHE_FOR_GOOD = "public, max-age=31536000, immutable"
ASK_EACH_TIME = "no-cache"


@dataclass(frozen=True)
class Asset:
    """One file, as it was at the start."""

    name: str
    media_type: str
    integrity: str
    version: str
    """The start of the digest; it is part of the address, so that a changed file has a new one."""
    _compressed: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, content: bytes) -> Self:
        """Prepare a file: its digest and its type."""
        return cls(
            name,
            MEDIA_TYPES[name.rpartition(".")[2]],
            integrity(content),
            hashlib.sha384(content).hexdigest()[:16],
        )

    @cached_property
    def content(self) -> bytes:
        """What is in it, read at the first use: all files are 1.7 MiB, and most servers are asked for none.

        Raises `ManifestError` if the file is another one by now: the page tells browsers its digest.
        """
        return recorded(self.name, self.integrity)

    def coded(self, coding: str | None) -> bytes:
        """The content in one of our codings, made at the first use: all together would take 0.05 s."""
        if coding is None:
            return self.content
        if coding not in self._compressed:
            self._compressed[coding] = CODINGS[coding].thorough(self.content)
        return self._compressed[coding]

    @property
    def address(self) -> str:
        """Where the page finds it; relative, so that the page also works behind a proxy's path prefix."""
        return f"{PATH.removeprefix('/')}/{self.name}?v={self.version}"


@cache
def assets() -> Mapping[str, Asset]:
    """Every file by name, compared once.

    Raises `ManifestError` if a vendored file is missing or damaged: better at start-up than as a blank page.
    """
    vendored = {file.name: verified(file) for file in Manifest.read().files()}
    own = {name: (FILES / name).read_bytes() for name in OWN_FILES}
    return MappingProxyType({name: Asset.of(name, content) for name, content in (vendored | own).items()})


def explorer_files() -> Mount:
    """The routes of the files, `/graphql/explorer/<name>`."""
    assets()
    return Mount(PATH, routes=[Route("/{name:path}", send_file, methods=["GET"], name="explorer-file")])


async def send_file(request: Request) -> Response:
    """Send a file, compressed for those who take that; 304 if the client has it, 404 for a name that is not ours."""
    asset = assets().get(request.path_params["name"])
    if asset is None:
        return PlainTextResponse("There is no such file.", 404, headers=SECURITY_HEADERS)
    headers = {**SECURITY_HEADERS, "Cache-Control": cache_control(asset, request), "Vary": "Accept-Encoding"}
    etag = asset.version
    coding = coding_for(request.headers.get("accept-encoding", "")[:MAX_HEADER_BYTES])
    if coding is not None:
        headers["Content-Encoding"] = coding
        etag += f"-{coding}"
    headers["ETag"] = f'"{etag}"'
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    content = await asyncio.to_thread(asset.coded, coding)  # other requests go on meanwhile
    return Response(content, headers=headers, media_type=asset.media_type)


def cache_control(asset: Asset, request: Request) -> str:
    """For good if the address names this very content, else to be asked for each time."""
    return CACHE_FOR_GOOD if request.query_params.get("v") == asset.version else ASK_EACH_TIME
