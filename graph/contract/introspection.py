"""A server's schema: an address enters, the answer to an introspection query leaves, as that server can give it.

Two requests: older servers refuse what they do not know, so they are asked first. Redirects are not followed, for the
headers may hold a secret; no address is shown with its query.
"""

import json
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from graphql import get_introspection_query

from graph.contract.errors import ContractError

PATIENCE_S = 30
MAX_BYTES = 64 * 1024 * 1024
KNOWN = """
{
  schema: __type(name: "__Schema") { fields { name } }
  type: __type(name: "__Type") { fields { name } }
  directive: __type(name: "__Directive") { fields { name } }
  field: __type(name: "__Field") { fields { name args { name } } }
}
"""
"""What the server's introspection knows."""


def introspect(url: str, headers: Mapping[str, str]) -> bytes:
    """The answer to an introspection query. Raises `ContractError` for a server that gives none."""
    try:
        host = urlsplit(url).netloc
    except ValueError as error:
        raise ContractError(f"{url} is no address: {error}. Correct it.") from None
    if "@" in host:
        raise ContractError("The address has a password. Give it with --header 'Authorization: …' instead.")
    known = _known(_answer(url, headers, KNOWN))
    return _ask(url, headers, get_introspection_query(**known))


def _known(data: Mapping[str, Any]) -> Mapping[str, bool]:
    """The options of the query that the server can answer to."""
    fields = {of: {field["name"]: field for field in (data[of] or {"fields": []})["fields"]} for of in data}
    arguments = [argument["name"] for argument in fields["field"].get("args", {}).get("args", [])]
    return {
        "specified_by_url": "specifiedByURL" in fields["type"],
        "one_of": "isOneOf" in fields["type"],
        "directive_is_repeatable": "isRepeatable" in fields["directive"],
        "schema_description": "description" in fields["schema"],
        "input_value_deprecation": "includeDeprecated" in arguments,
    }


def _answer(url: str, headers: Mapping[str, str], query: str) -> Mapping[str, Any]:
    try:
        data: Mapping[str, Any] = json.loads(_ask(url, headers, query))["data"]
        _known(data)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ContractError(
            f"{_shown(url)} does not answer as a GraphQL server. See that the address is right."
        ) from None
    return data


def _ask(url: str, headers: Mapping[str, str], query: str) -> bytes:
    """The body of an answer without errors."""
    try:
        request = Request(url, json.dumps({"query": query}).encode(), {**HEADERS, **headers})
        with OPENER.open(request, timeout=PATIENCE_S) as response:
            body = _body(response)
    except HTTPError as error:
        with error:
            said = _first_error(_body(error)) or f"{error.code} {error.reason}"
        raise ContractError(_refused(url, said)) from None
    except (HTTPException, OSError, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise ContractError(f"{_shown(url)} does not answer: {reason}. See that the server runs there.") from None
    refusal = _first_error(body)
    if refusal is not None:
        raise ContractError(_refused(url, refusal))
    return body


def _body(response: IO[bytes]) -> bytes:
    body = response.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise ContractError(f"The answer is longer than {MAX_BYTES >> 20} MiB. Compare with a file.")
    return body


def _first_error(body: bytes) -> str | None:
    try:
        return str(json.loads(body)["errors"][0]["message"])
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def _refused(url: str, said: str) -> str:
    return (
        f"{_shown(url)} refuses introspection: {said.rstrip('.')}. Sign in with --header 'Authorization: …', switch"
        " introspection on, or compare with a file."
    )


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nothing: the answer is an error, with its status."""


HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/graphql-response+json, application/json;q=0.9",
    "User-Agent": "trellis",
}
OPENER = build_opener(_NoRedirects)


def parsed_headers(lines: Sequence[str]) -> Mapping[str, str]:
    """Headers as `Name: value`. Raises `ContractError` for another form, without the line: it may be a secret."""
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip().isascii() or not name.strip():
            raise ContractError("A header has the form `Name: value`, as in --header 'Authorization: Bearer …'.")
        headers[name.strip()] = value.strip()
    return headers
