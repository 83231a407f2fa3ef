"""Files at their addresses: `/files/<id>/<key>`, for whoever sees the object of the id and its file.

A request enters; the bytes of a file leave, as an attachment that no browser runs. Whether the viewer may have it, an
operation of the API says: an address that the API would not tell is not there.
Sources: https://www.rfc-editor.org/rfc/rfc9110#section-14 (ranges), https://www.rfc-editor.org/rfc/rfc6266
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from graph.client import client_of
from graph.context import ContextFactory
from graph.disconnect import RequestWatch
from graph.endpoint import READING, GraphQLEndpoint, counted, unanswered
from graph.entity.ids import decode_id
from graph.errors import InvalidId
from graph.files import FileStore
from graph.files.store import NoSuchFile
from graph.files.stored import FILES
from graph.http.requests import GRAPHQL_RESPONSE, headers_of
from graph.http.responses import answer
from graph.prepare.documents import OperationRequest
from graph.prepare.fields import Weight
from graph.prepare.weight import Claim
from graph.rates.operations import Meter
from graph.settings import Settings
from graph.telemetry.record import RequestRecord

PATH = f"{FILES}/{{id}}/{{key}}"
METHODS = ("GET", "HEAD")
LOOK_UP = Claim(needs_database=True, reads=True, weight=Weight.LOOK_UP, price=1)
SELECTED = "{ url name contentType size }"
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
"""One part. Of several, all of the file is an answer, too."""

NOT_THERE = HTTPException(404, "There is no such file, or it is not for you; ask the API for its address again.")

HEADERS = {
    "accept-ranges": "bytes",
    "cache-control": "private, no-cache",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
}
"""A browser keeps a file for whoever has it, asks each time whether that is still so, and never takes it for a page."""


class DownloadEndpoint:
    """Answers at `/files/<id>/<key>`."""

    def __init__(
        self, api: GraphQLEndpoint, store: FileStore, fields: Mapping[str, list[str]], settings: Settings
    ) -> None:
        """`fields` are those that show files, by the types that have them."""
        self._api = api
        self._store = store
        self._settings = settings
        self._documents = {
            name: f"query ($id: ID!) {{ node(id: $id) {{ ... on {name} {{ {_selected(fields[name])} }} }} }}"
            for name in fields
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it, and tell of it."""
        with self._api.listeners.told() as record:
            response = await self._answered(Request(scope, receive), record)
            await response(scope, receive, send)
            record.end(response.status_code)

    async def _answered(self, request: Request, record: RequestRecord) -> Response:
        meter = self._api.meter(request)
        try:
            watch = RequestWatch(request, self._settings.operation_timeout_s)
            found = await watch.over(counted(self._find(request, watch, meter, record), meter))
            response = await self._response(request, found)
        except (asyncio.CancelledError, Exception) as error:  # whatever it is, the client is told
            response = unanswered(error, request, GRAPHQL_RESPONSE, self._settings.http_edition, record)
        response.headers.update({} if meter is None else meter.headers)
        return response

    async def _find(
        self, request: Request, watch: RequestWatch, meter: Meter | None, record: RequestRecord
    ) -> Mapping[str, Any] | Response:
        """What the API tells of the file; or its answer, where it could not tell. Raises 404 where there is none."""
        if request.scope["method"] not in METHODS:
            raise HTTPException(405, "Use a method of `Allow`.", {"Allow": ", ".join(METHODS)})
        id_, key = request.path_params["id"], request.path_params["key"]
        document = self._document(id_)
        record.headers = headers_of(request)
        record.client = client_of(record.headers)
        watch.body_read()
        asked = OperationRequest(document, {"id": id_})
        async with self._api.admitted(ContextFactory, request, record, LOOK_UP, meter) as contexts:
            noted = record.operation(asked)
            try:
                result = noted.came_to(await self._api.operations.answer(asked, contexts, READING, noted))
            finally:
                noted.end()
        if result.errors:
            return answer(result, GRAPHQL_RESPONSE, self._settings.http_edition)
        files: Mapping[str, Mapping[str, Any] | None] = (result.data or {}).get("node") or {}
        for file in files.values():
            if file is not None and file["url"] == f"{FILES}/{id_}/{key}":
                return file
        raise NOT_THERE

    def _document(self, id_: str) -> str:
        try:
            return self._documents[decode_id(id_).type_name]
        except (InvalidId, KeyError):
            raise NOT_THERE from None

    async def _response(self, request: Request, found: Mapping[str, Any] | Response) -> Response:
        if isinstance(found, Response):
            return found
        key, size = request.path_params["key"], int(found["size"])
        headers = {
            **HEADERS,
            "content-type": found["contentType"],
            "content-disposition": disposition(found["name"]),
            "etag": f'"{key}"',
        }
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        start, end = asked_range(request.headers, size, headers["etag"])
        if (start, end) != (0, size):
            headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
        headers["content-length"] = str(end - start)
        status = 206 if "content-range" in headers else 200
        if request.scope["method"] == "HEAD":
            return Response(status_code=status, headers=headers)
        chunks = self._store.read(key, start, end)
        try:
            first = await anext(chunks, b"")
        except NoSuchFile:
            raise NOT_THERE from None
        return StreamingResponse(_behind(first, chunks), status, headers)


async def _behind(first: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in chunks:
        yield chunk


def _selected(fields: list[str]) -> str:
    return " ".join(f"f{number}: {name} {SELECTED}" for number, name in enumerate(fields))


def asked_range(headers: Mapping[str, str], size: int, etag: str) -> tuple[int, int]:
    """The part of a file that is asked for: its first byte, and the one behind its last. Raises 416 for no part."""
    found = RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
    if found is None or headers.get("if-range", etag) != etag or found[0] == "bytes=-":
        return 0, size
    first, last = found.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= size or start >= end:
        raise HTTPException(
            416, f"The file has {size} bytes; ask for some of them.", {"Content-Range": f"bytes */{size}"}
        )
    return start, end


def disposition(name: str) -> str:
    """`Content-Disposition` for a name in any script, as RFC 8187 has it."""
    plain = re.sub(r"[^ !#-\[\]-~]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
