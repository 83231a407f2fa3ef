"""Reading a GraphQL request from HTTP.

A request enters, a `OperationRequest` leaves or an `HTTPException` with the status and the cure. Nothing is executed
here. Source: https://graphql.github.io/graphql-over-http/draft/
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NoReturn

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request as HTTPRequest

from db.exact_json import loads_floats
from graph.prepare.documents import OperationRequest

MAY_BE_ROUNDED = re.compile(rb"[0-9](?:[.eE]|[0-9]{15})")
"""What a number looks like that a double may not hold; texts may look so, too."""

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
HTML = "text/html"

NAMING = {"query", "documentId", "extensions"}
"""The parameters that may say which document is meant."""

OFFERED = {GRAPHQL_RESPONSE: GRAPHQL_RESPONSE, JSON: JSON, "application/*": JSON, "*/*": JSON}
"""What we answer to each media range."""

KEPT_HEADERS = 256
"""How many values of a header are kept with what they mean; clients send the same few."""

UTF_8 = ("utf-8", "utf8")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


Headers = Mapping[bytes, bytes]
"""As ASGI gives them: https://asgi.readthedocs.io/en/latest/specs/www.html#http-connection-scope"""


@lru_cache(KEPT_HEADERS)
def response_type(accept: str | None) -> str:
    """The media type of the answer: what the client likes best. Raises 406 when it accepts neither of ours.

    Without an `Accept` header, and for `*/*`, it is `application/json`, for clients of before the specification.
    """
    if not accept:
        return JSON
    liked = {name: quality for name, quality in _accepted(accept).items() if name in OFFERED and quality > 0}
    if not liked:
        raise HTTPException(406, f"Accept {GRAPHQL_RESPONSE} or {JSON}.")
    return OFFERED[max(liked, key=lambda name: (liked[name], "*" not in name))]  # of equals, the first


def wants_page(request: HTTPRequest) -> bool:
    """Whether a browser asks for a page, not a program for data."""
    asked_for_data = request.method == "POST" or not NAMING.isdisjoint(request.query_params)
    return not asked_for_data and HTML in _accepted(request.headers.get("accept", ""))


def _accepted(accept: str) -> dict[str, float]:
    """How much the client likes each media type. Source: https://www.rfc-editor.org/rfc/rfc9110#name-accept."""
    return {name: _quality(parameters.get("q", "")) for name, parameters in map(_split, accept.split(","))}


def _quality(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.\d{0,3})?", text) else 1.0


@lru_cache(KEPT_HEADERS)
def _split(value: str) -> tuple[str, dict[str, str]]:
    """A media type and its parameters: `application/json; charset=utf-8`."""
    name, *parameters = value.lower().split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    return name.strip(), {key.strip(): text.strip(' "') for key, _, text in pairs}


def headers_of(request: HTTPRequest) -> Headers:
    """The headers by their names in lower case, the first of each name; to ask Starlette's takes a walk each time."""
    return dict(reversed(list(request.scope["headers"])))


async def read_request(request: HTTPRequest, headers: Headers, max_body_bytes: int) -> OperationRequest:
    """Read what a client asks for, from the query string of a GET or the body of a POST."""
    if request.method != "POST":
        return _from_parameters(request)
    media_type, parameters = _split(headers.get(b"content-type", b"").decode("latin-1"))
    if media_type != JSON:
        raise HTTPException(415, f"Send the request as {JSON}.")
    if parameters.get("charset", "utf-8") not in UTF_8:
        raise HTTPException(415, "Send the request in UTF-8.")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise HTTPException(415, "Send the request without compression.")
    body = await _body(request, headers.get(b"content-length", b"0").decode("latin-1"), max_body_bytes)
    return _validated(_parsed(body.removeprefix(BYTE_ORDER_MARK), "The body"))


async def _body(request: HTTPRequest, announced: str, max_body_bytes: int) -> bytes:
    """The body, as far as it is allowed: a larger one is refused before it is kept."""
    if not announced.isdecimal() or int(announced) > max_body_bytes:
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
            given[name] = _parsed(given[name].encode(), f"`{name}`")
        else:
            given.pop(name, None)
    return _validated(given)


def _parsed(text: bytes, what: str) -> Any:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, f"{what} is not JSON in UTF-8: {error}.") from None
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


def _validated(given: Any) -> OperationRequest:
    if isinstance(given, list):
        raise HTTPException(400, "Send one operation for each request; lists of operations are not taken.")
    if not isinstance(given, dict):
        raise HTTPException(400, 'Send an object: {"query": "…"}.')
    query, document_id = given.get("query"), given.get("documentId")
    if not isinstance(document_id, str | None):
        raise HTTPException(400, "`documentId` must be text.")
    if document_id is not None or _names_document(given):
        query = "" if query is None else query
    elif query == "":
        query = None
    if not isinstance(query, str):
        raise HTTPException(400, "`query` is missing; it is the text of the document.")
    name = given.get("operationName")
    if not isinstance(name, str | None):
        raise HTTPException(400, "`operationName` must be text.")
    maps = {key: given.get(key) for key in ("variables", "extensions")}
    for key, value in maps.items():
        if not isinstance(value, dict | None):
            raise HTTPException(400, f"`{key}` must be an object.")
    return OperationRequest(query, maps["variables"], name or None, maps["extensions"], document_id)


def _names_document(given: Mapping[str, Any]) -> bool:
    """Whether Apollo's extension says which document is meant, so that its text may be left out."""
    extensions = given.get("extensions")
    return isinstance(extensions, dict) and "persistedQuery" in extensions
