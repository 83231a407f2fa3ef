"""Answers that caches may keep: those to queries over GET, as far as hints or the settings say so.

An answer enters; it leaves with an `ETag` and leave to be kept, or as 304 where the client has it already.
Source: https://www.rfc-editor.org/rfc/rfc9111, https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests
"""

import hashlib
from typing import NamedTuple

from starlette.requests import HTTPConnection
from starlette.responses import Response
from strawberry.types import ExecutionResult

CREDENTIALS = ("authorization", "cookie")
"""What may say who asks. An answer to somebody, even to somebody who is not known, is nobody else's."""

NOT_MODIFIED = 304
OF_CONTENT = ("content-type", "content-length")
"""Headers of what 304 does not send."""


class Freshness(NamedTuple):
    """For how long an answer may be shown again, and how old it is."""

    max_age_s: int
    is_private: bool = False
    """Whether it is for the same viewer alone."""
    age_s: int = 0
    """Seconds since it was read."""
    is_kept: bool = False
    """Whether it is an earlier answer."""


def let_be_kept(
    answer: Response,
    result: ExecutionResult,
    request: HTTPConnection,
    max_age_s: int,
    freshness: Freshness | None = None,
    *,
    is_known: bool = False,
) -> None:
    """Let caches keep an answer for so many seconds, to nobody in particular; or as its freshness says.

    One with an error is not kept; one to credentials, or to a viewer who is known, only by a cache of the same client,
    where its freshness says for how long.
    """
    if result.data is None or result.errors:
        return
    has_credentials = is_known or any(name in request.headers for name in CREDENTIALS)
    if has_credentials and freshness is None:
        return
    headers = answer.headers
    if freshness is None:
        headers["cache-control"] = f"public, max-age={max_age_s}" if max_age_s else "public, no-cache"
    else:
        whose = "private" if has_credentials or freshness.is_private else "public"
        headers["cache-control"] = f"{whose}, max-age={freshness.max_age_s}"
    headers["vary"] = ", ".join((headers["vary"], *(name.title() for name in CREDENTIALS)))
    headers["etag"] = etag = _etag(headers["content-type"], bytes(answer.body))
    if _has(request.headers.get("if-none-match"), etag):
        answer.status_code, answer.body = NOT_MODIFIED, b""
        for name in OF_CONTENT:
            del headers[name]


def _etag(content_type: str, body: bytes) -> str:
    """A strong one: equal only for answers that are equal byte for byte."""
    return f'"{hashlib.sha256(content_type.encode() + body).hexdigest()[:32]}"'


def _has(if_none_match: str | None, etag: str) -> bool:
    """Whether the client has this answer; compared weakly, as a proxy that compresses may have weakened the ETag."""
    if if_none_match is None:
        return False
    had = {given.strip().removeprefix("W/") for given in if_none_match.split(",")}
    return etag in had or "*" in had
