"""The status of each answer, in each edition of GraphQL over HTTP.

An edition and a media type enter, and the code of what went wrong; a number leaves. No request and no response is known
here. "2025" is the text that clients and servers have followed for years, "2026" the first edition, of September 2026:
https://http-spec.graphql.org/September2026/ (docs/decisions/0026-graphql-over-http.md).
"""

from collections.abc import Mapping
from typing import NamedTuple

from graph.http.requests import GRAPHQL_RESPONSE, JSON
from graph.settings import HTTPEdition


class Statuses(NamedTuple):
    """How one edition answers clients that take one media type."""

    partial: int
    """Data and errors, and data that is null for an error."""
    unparsed: int
    """A document that is none."""
    invalid: int
    """A document that does not fit the schema, variables that do not fit the document, no such operation, a price that
    is too high: all that is refused for what it asks."""
    ill_formed: int
    """JSON that is no request of GraphQL."""
    refused_as: str
    """The media type of what is refused."""


STATUSES: Mapping[tuple[HTTPEdition, str], Statuses] = {
    #                         partial  unparsed  invalid  ill-formed  refused as
    ("2025", JSON): Statuses(200, 200, 200, 400, JSON),
    ("2025", GRAPHQL_RESPONSE): Statuses(200, 400, 400, 400, GRAPHQL_RESPONSE),
    # 294 is recommended "alongside the media type which makes the meaning explicit"; old clients know 200.
    ("2026", JSON): Statuses(200, 400, 422, 422, GRAPHQL_RESPONSE),
    ("2026", GRAPHQL_RESPONSE): Statuses(294, 400, 422, 422, GRAPHQL_RESPONSE),
}

ALWAYS = {
    "UNAUTHENTICATED": 401,
    "CSRF": 403,
    "RATE_LIMITED": 429,
    "TOO_MANY_SOCKETS": 429,
    "INTERNAL_SERVER_ERROR": 500,
    "OVERLOADED": 503,
    "SHUTTING_DOWN": 503,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
"""The statuses that no edition and no media type changes, by code."""

LATER = ("UNAVAILABLE", "OVERLOADED")
"""What may well be answered in a moment."""

CHANGED = frozenset(("OUTCOME_UNKNOWN", "CHANGE_KEPT"))
"""What a client must not simply send again."""

RETRY_AFTER_S = 1
HEADERS_OF: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    503: {"Retry-After": str(RETRY_AFTER_S)},
}
"""What HTTP wants beside a status."""


def status_of_refusal(statuses: Statuses, code: str | None) -> int:
    """The status of an answer without `data`, by the code of its error."""
    if code in ALWAYS:
        return ALWAYS[code]
    if code == "GRAPHQL_PARSE_FAILED":
        return statuses.unparsed
    return statuses.ill_formed if code == "BAD_REQUEST" else statuses.invalid
