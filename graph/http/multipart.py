"""Requests with files: `multipart/form-data` in the form that clients have agreed on.

A request enters; the JSON of its operations leaves, with an `Upload` in each place that `map` names. Files wait on the
disk until all of the request has come, so that no connection to a database is held for a slow client. What is wrong is
an `HTTPException` or `IllFormed` with the cure.
Source: https://github.com/jaydenseric/graphql-multipart-request-spec
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import orjson
from starlette.datastructures import Headers, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from db.session.operation import OPERATION
from graph.errors import IllFormed
from graph.files import Upload

MULTIPART = "multipart/form-data"
OPERATIONS, MAP = "operations", "map"
PREFLIGHTS = ("X-Trellis-Preflight", "Apollo-Require-Preflight")
"""A page of another site can send a form, and none of these headers, before the browser has asked us."""
MAX_FILES = 20
IN_MEMORY_BYTES = 64 * 1024
"""As much of each file; the rest waits on the disk."""


class UploadRules(NamedTuple):
    """What may be sent."""

    max_bytes: int
    """Of all files of one request and what is around them."""
    types: Sequence[str]
    """Media types, such as `image/*`; none: all."""
    timeout_s: float
    """Seconds that such a request may take, instead of those of others."""


class _Parser(MultiPartParser):
    spool_max_size = IN_MEMORY_BYTES


async def read_operations(
    request: Request, rules: UploadRules, max_json_bytes: int, parse: Callable[[bytes], Any]
) -> Any:
    """The JSON of the operations, which `parse` reads, with files in their places.

    Raises `HTTPException` and `IllFormed`.
    """
    if not any(name in request.headers for name in PREFLIGHTS):
        raise HTTPException(
            403, f"A form may have been sent by another site's page; send the header {PREFLIGHTS[0]} along, too."
        )
    operation = OPERATION.get()
    if operation is not None:
        operation.prolong(rules.timeout_s)
    parser = _Parser(
        Headers(scope=request.scope),
        _body(request, rules.max_bytes),
        max_files=MAX_FILES,
        max_fields=2,
        max_part_size=max_json_bytes,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise HTTPException(400, f"The form cannot be read: {error.message}") from None
    files = {name: value for name, value in form.multi_items() if isinstance(value, UploadFile)}
    if operation is not None:
        operation.at_end(lambda: _close(value for _, value in form.multi_items() if isinstance(value, UploadFile)))
    try:
        operations, places = (_json(name, form.get(name), parse) for name in (OPERATIONS, MAP))
        _fill(operations, places, {name: _upload(file, rules) for name, file in files.items()})
    except BaseException:
        if operation is None:
            _close(files.values())
        raise
    return operations


async def _body(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    """The body, as far as it is allowed."""
    received = 0
    announced = request.headers.get("content-length", "0")
    more = True
    while more:
        if received > most or not announced.isdecimal() or int(announced) > most:
            raise HTTPException(
                413, f"A request with files may have {most} bytes; send smaller ones, or fewer at once."
            )
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise HTTPException(400, "The body ended early.")
        part = message.get("body", b"")
        received += len(part)
        more = message.get("more_body", False)
        yield part


def _json(name: str, text: object, parse: Callable[[bytes], Any]) -> Any:
    if not isinstance(text, str):
        raise IllFormed(f"The part `{name}` is missing: it is JSON, in front of all files.")
    try:
        return parse(text.encode())
    except orjson.JSONDecodeError as error:
        raise IllFormed(f"The part `{name}` is not JSON: {error}.") from None


def _upload(file: UploadFile, rules: UploadRules) -> Upload:
    type_ = (file.content_type or "").partition(";")[0].strip().lower()
    if rules.types and not any(fnmatchcase(type_, allowed) for allowed in rules.types):
        raise HTTPException(
            415, f"Files of the type {type_ or 'unknown'!r} are not taken; {', '.join(rules.types)} are."
        )
    return Upload(file.filename or "", file.content_type or "", file.size or 0, file.read)


def _fill(operations: Any, places: Any, files: Mapping[str, Upload]) -> None:
    """Put each file into the places that `map` names."""
    if not isinstance(places, dict) or not all(isinstance(paths, list) for paths in places.values()):
        raise IllFormed('`map` says where each file belongs: {"0": ["variables.file"]}.')
    if places.keys() != files.keys():
        raise IllFormed("`map` and the files do not fit together: each file has a name there, and each name a file.")
    for name, paths in places.items():
        for path in paths:
            _put(operations, path, files[name])


def _put(operations: Any, path: object, file: Upload) -> None:
    """Put a file into one place, where null stands for it."""
    *way, last = path.split(".") if isinstance(path, str) else [""]
    inner = operations
    for key in way:
        inner = _inside(inner, key)
    if isinstance(inner, list | dict) and _has(inner, last) and inner[_key(inner, last)] is None:
        inner[_key(inner, last)] = file
        return
    raise IllFormed(f"`map` names {path!r}, where no null stands for a file in `operations`.")


def _inside(value: Any, key: str) -> Any:
    return value[_key(value, key)] if isinstance(value, list | dict) and _has(value, key) else None


def _has(value: Any, key: str) -> bool:
    if isinstance(value, list):
        return key.isascii() and key.isdecimal() and int(key[:9]) < len(value) and len(key) < 10
    return key in value


def _key(value: Any, key: str) -> Any:
    return int(key) if isinstance(value, list) else key


def _close(files: Iterable[UploadFile]) -> None:
    for file in files:
        file.file.close()
