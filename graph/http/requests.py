"""Reading a GraphQL request from HTTP.

A request enters; an `OperationRequest` leaves, or a batch of them. What HTTP refuses is an `HTTPException` with the
status and the cure, what is no request of GraphQL a `ClientError`. Nothing is executed here.
Source: https://http-spec.graphql.org/September2026/#sec-Request
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NoReturn, TypeAlias

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.requests import Request as HTTPRequest

from db.exact_json import loads_floats
from graph.documents.ids import PERSISTED_QUERY
from graph.errors import ClientError, IllFormed
from graph.http.multipart import MULTIPART, UploadRules, read_operations
from graph.http.negotiation import KEPT_HEADERS, MAX_HEADER_BYTES, liking, split, weights
from graph.prepare.documents import InvalidDocument, OperationRequest
from graph.prepare.error_behavior import error_behavior

MAY_BE_ROUNDED = re.compile(rb"[0-9](?:[.eE]|[0-9]{15})")
"""What a number looks like that a double may not hold; texts may look so, too."""

METHODS = ("GET", "HEAD", "POST")

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
HTML = "text/html"

TOLD_IN_LISTS = frozenset((b"accept", b"accept-encoding"))
"""Source: https://www.rfc-editor.org/rfc/rfc9110#section-5.3"""

TOLD_ONCE = frozenset((b"authorization", b"content-length", b"content-type", b"host", b"transfer-encoding"))
"""Of two, a proxy may believe the first and an application the last.
Source: https://www.rfc-editor.org/rfc/rfc9112#section-3.2"""

DATA = frozenset(("query", "documentId", "extensions"))
"""The parameters of an address that ask for data, not for a page."""

TEXTS, TEXT_OR_NOTHING = ("documentId", "operationName"), (str, type(None))
OBJECTS, OBJECT_OR_NOTHING = ("variables", "extensions"), (dict, type(None))
NOTHING_ASKED = dict.fromkeys(("query", "onError", *TEXTS, *OBJECTS))
"""The parameters of a request. Source: https://http-spec.graphql.org/September2026/#sec-Request-Parameters"""

UTF_8 = ("utf-8", "utf8")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


Headers = Mapping[bytes, bytes]
"""As ASGI gives them: https://asgi.readthedocs.io/en/latest/specs/www.html#http-connection-scope"""

Batch: TypeAlias = list[OperationRequest | ClientError | InvalidDocument]
"""Several requests in one, in order; an error stands for what is none."""


@lru_cache(KEPT_HEADERS)
def response_type(accept: bytes) -> str:
    """The media type of the answer: what the client likes best. Raises 406 when it accepts neither of ours.

    Of types that it likes equally, one that it names, and the first. Without an `Accept` header, and for `*/*`, it is
    `application/json`, for clients of before the specification.
    """
    if not accept:
        return JSON
    liked = weights(accept.decode("latin-1"))
    ours = sorted((JSON, GRAPHQL_RESPONSE), key=[*liked, JSON, GRAPHQL_RESPONSE].index)
    found = {name: liking(liked, name, "application/*", "*/*") for name in ours}
    best = max(found, key=lambda name: found[name])
    if not found[best]:
        raise HTTPException(406, f"Accept {GRAPHQL_RESPONSE} or {JSON}.")
    return best


@lru_cache(KEPT_HEADERS)
def _content_type(header: bytes) -> tuple[str, dict[str, str]]:
    return split(header.decode("latin-1"))


def wants_page(request: HTTPRequest) -> bool:
    """Whether a browser asks for a page, not a program for data."""
    asked_for_data = request.scope["method"] not in ("GET", "HEAD") or not DATA.isdisjoint(request.query_params)
    return not asked_for_data and HTML in weights(request.headers.get("accept", "")[:MAX_HEADER_BYTES])


def headers_of(request: HTTPConnection) -> Headers:
    """The headers by their names in lower case; to ask Starlette's takes a walk each time.

    Of lines with one name, the first; what a client takes may be told in several lines, which are one list. Raises
    `HTTPException` for two lines of which others may believe the other one.
    """
    lines = request.scope["headers"]
    headers = dict(reversed(list(lines)))
    if len(headers) < len(lines):
        for name in TOLD_ONCE & headers.keys():
            if sum(other == name for other, _ in lines) > 1:
                raise HTTPException(400, f"Send the header `{name.decode()}` once.")
        for name in TOLD_IN_LISTS & headers.keys():
            headers[name] = b", ".join(value for other, value in lines if other == name)
    return headers


async def read_request(
    request: HTTPRequest, headers: Headers, max_body_bytes: int, max_batch: int, uploads: UploadRules | None = None
) -> OperationRequest | Batch:
    """Read what a client asks for, from the query string of a GET or the body of a POST.

    `uploads`: which files may come along; None: none. Raises `HTTPException` and `IllFormed`.
    """
    if request.scope["method"] != "POST":
        return _from_parameters(request)
    media_type, parameters = _content_type(headers.get(b"content-type", b"")[:MAX_HEADER_BYTES])
    if media_type == MULTIPART and uploads is not None:
        found = await read_operations(request, uploads, max_body_bytes, parsed)
        return _batched(found, max_batch) if isinstance(found, list) else validated(found)
    if media_type != JSON:
        raise HTTPException(415, f"Send the request as {JSON}{f' or {MULTIPART}' if uploads is not None else ''}.")
    if parameters.get("charset", "utf-8") not in UTF_8:
        raise HTTPException(415, "Send the request in UTF-8.")
    encoding = headers.get(b"content-encoding")
    if encoding is not None and encoding.lower() != b"identity":
        raise HTTPException(415, "Send the request without compression.")
    body = await _body(request, headers.get(b"content-length", b"0"), max_body_bytes)
    try:
        found = parsed(body.removeprefix(BYTE_ORDER_MARK))
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, f"The body is not JSON in UTF-8: {error}.") from None
    return _batched(found, max_batch) if type(found) is list else validated(found)


async def _body(request: HTTPRequest, announced: bytes, max_body_bytes: int) -> bytes:
    """The body, as far as it is allowed: a larger one is refused before it is kept."""
    if not announced.isdigit() or int(announced) > max_body_bytes:
        _refuse_body(max_body_bytes)
    received = bytearray()
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise HTTPException(400, "The body ended early.")
        received += message.get("body", b"")
        more = message.get("more_body", False)
        if len(received) > max_body_bytes:
            _refuse_body(max_body_bytes)
    return bytes(received)


def _refuse_body(max_body_bytes: int) -> NoReturn:
    raise HTTPException(413, f"The body may have {max_body_bytes} bytes; send a shorter document.")


def _from_parameters(request: HTTPRequest) -> OperationRequest:
    given: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if given.get(name):
            given[name] = _parsed_parameter(name, given[name])
        else:
            given.pop(name, None)
    return validated(given)


def _parsed_parameter(name: str, text: str) -> Any:
    try:
        return parsed(text.encode())
    except orjson.JSONDecodeError as error:
        raise IllFormed(f"`{name}` is not JSON in UTF-8: {error}.") from None


def parsed(text: bytes) -> Any:
    """What JSON says, with numbers as they are written. Raises `orjson.JSONDecodeError`."""
    found = orjson.loads(text)
    # orjson rounds a number with many digits to a double. Few requests have a fraction, or a number beyond 64 bits.
    try:
        return loads_floats(text.decode()) if MAY_BE_ROUNDED.search(text) and _has_float(found) else found
    except RecursionError:  # nothing takes JSON that deep, however exact
        return found


def _has_float(found: Any) -> bool:
    """Whether a number that may be rounded is somewhere in JSON."""
    left = [found]
    while left:
        value = left.pop()
        if isinstance(value, float):
            return True
        if isinstance(value, dict | list):
            left += value.values() if isinstance(value, dict) else value
    return False


def _batched(found: list[Any], max_batch: int) -> Batch:
    if not max_batch:
        raise IllFormed("Send one operation for each request; lists of operations are not taken.")
    if not 0 < len(found) <= max_batch:
        raise IllFormed(f"A list may have 1 to {max_batch} operations; this one has {len(found)}.")
    if not all(isinstance(given, dict) for given in found):
        raise IllFormed('Send a list of objects: [{"query": "…"}].')
    return [_validated_or_not(given) for given in found]


def _validated_or_not(given: Any) -> OperationRequest | ClientError:
    try:
        return validated(given)
    except ClientError as error:
        return error


def validated(given: Any) -> OperationRequest:
    """The request of an object of JSON, whose values have no other types than JSON's own. Raises `IllFormed`."""
    if type(given) is not dict:
        raise IllFormed('Send an object: {"query": "…"}.')
    asked = {**NOTHING_ASKED, **given}
    query = asked["query"]
    if query in (None, "") and _names_document(given):
        query = ""
    elif type(query) is not str or not query:
        raise IllFormed("`query` is missing; it is the text of the document.")
    for text in TEXTS:
        if type(asked[text]) not in TEXT_OR_NOTHING:
            raise IllFormed(f"`{text}` must be text.")
    for mapping in OBJECTS:
        if type(asked[mapping]) not in OBJECT_OR_NOTHING:
            raise IllFormed(f"`{mapping}` must be an object.")
    name, on_error = asked["operationName"] or None, error_behavior(asked["onError"])
    return OperationRequest(
        query, asked["variables"], name, asked["extensions"], asked["documentId"], on_error=on_error
    )


def _names_document(given: Mapping[str, Any]) -> bool:
    """Whether the request says which document is meant, so that its text may be left out."""
    extensions = given.get("extensions")
    by_extension = isinstance(extensions, dict) and extensions.get(PERSISTED_QUERY) is not None
    return by_extension or given.get("documentId") is not None
