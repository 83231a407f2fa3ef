"""In which form a client takes an answer that has several parts: as server-sent events, or as parts of a body.

The value of an `Accept` header enters, what can be made of it leaves. Sources:
https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md, https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol,
https://github.com/graphql/graphql-over-http/blob/main/rfcs/IncrementalDelivery.md
"""

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from starlette.exceptions import HTTPException

from graph.http.negotiation import KEPT_HEADERS, liking, split, weights
from graph.http.requests import GRAPHQL_RESPONSE, JSON, response_type

EVENT_STREAM = "text/event-stream"
MULTIPART_MIXED = "multipart/mixed"

SUBSCRIPTION_SPEC = "subscriptionspec"
"""The parameter by which a client says that it takes events of subscriptions as parts."""
VERSION = "1.0"
INCREMENTAL_SPEC = "incrementalspec"
"""The same for parts of one answer. Older clients name `deferSpec`, of parts in a form that nobody makes any more."""
INCREMENTAL_VERSION = "v0.2"
SPECS = frozenset((SUBSCRIPTION_SPEC, INCREMENTAL_SPEC, "deferspec"))


class Form(StrEnum):
    """How parts of an answer are told."""

    EVENTS = "events"
    """As server-sent events, by the protocol of graphql-sse with a connection for each operation."""
    PAYLOADS = "payloads"
    """Events of subscriptions as parts of one body, as Apollo's gateways and clients have it."""
    PARTS = "parts"
    """Parts of one answer as parts of one body."""


class Accepted(NamedTuple):
    """What a client takes."""

    media_type: str
    """Of an answer in one piece, and of errors."""
    form: Form | None = None
    """Of events of subscriptions; None: it takes none."""
    later: Form | None = None
    """Of parts of one answer that come later; None: it wants it whole."""
    parts_only: bool = False
    """Whether an answer in one piece has to be told in that form, too."""


@lru_cache(KEPT_HEADERS)
def accepted(accept: bytes) -> Accepted:
    """What a client takes. Raises 406 when it accepts nothing that we have."""
    if b"text/event-stream" not in accept.lower() and b"multipart/mixed" not in accept.lower():
        return Accepted(response_type(accept))
    header = accept.decode("latin-1")
    liked = weights(header)
    specs = [parameters for name, parameters in map(split, header.split(",")) if name == MULTIPART_MIXED]
    events, parts = liking(liked, EVENT_STREAM), liking(liked, MULTIPART_MIXED)
    takes_payloads = any(it.get(SUBSCRIPTION_SPEC) == VERSION for it in specs)
    takes_parts = any(it.get(INCREMENTAL_SPEC) == INCREMENTAL_VERSION or not SPECS & it.keys() for it in specs)
    form = _better(events, parts * takes_payloads, Form.PAYLOADS)
    later = _better(events, parts * takes_parts, Form.PARTS)
    if any(liking(liked, name, "application/*", "*/*") for name in (JSON, GRAPHQL_RESPONSE)):
        return Accepted(response_type(accept), form, later)
    if form is None and later is None:
        raise HTTPException(
            406, f"Accept {GRAPHQL_RESPONSE}, {EVENT_STREAM}, or {MULTIPART_MIXED};subscriptionSpec={VERSION}."
        )
    return Accepted(JSON, form, later, parts_only=True)


def _better(events: float, parts: float, form: Form) -> Form | None:
    """What a client likes better: server-sent events, or this form; None where it likes neither."""
    return None if not (events or parts) else Form.EVENTS if events >= parts else form
