"""Which program asks: the name and the version that it sends of itself.

Headers enter, a `Client` leaves, fit for logs, metrics and tables. Nobody is believed for it, and nothing is refused.
Sources: https://the-guild.dev/graphql/hive/docs/router/configuration/usage_reporting (`graphql-client-name`),
https://www.apollographql.com/docs/graphos/platform/insights/client-segmentation (`apollographql-client-name`)
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

MAX_NAME = 100
"""Characters of a name or a version; what is longer is cut."""

KEPT_CLIENTS = 256
"""How many clients are kept with what their headers mean."""

MAX_HEADER_BYTES = 4 * MAX_NAME
"""What is read of a header, so that those that are kept are short; UTF-8 takes at most four bytes for a character."""


class Client(NamedTuple):
    """A program that asks, as it calls itself."""

    name: str
    version: str = ""


UNKNOWN = Client("unknown")
"""A client that does not say who it is."""

OTHER = Client("other")
"""All clients that there are too many of to be told apart."""


def client_of(headers: Mapping[bytes, bytes]) -> Client:
    """The client that sent these headers, whose names are in lower case."""
    name = headers.get(b"graphql-client-name")
    if name is not None:
        return _client(name[:MAX_HEADER_BYTES], headers.get(b"graphql-client-version", b"")[:MAX_HEADER_BYTES])
    name = headers.get(b"apollographql-client-name")
    if name is not None:
        return _client(name[:MAX_HEADER_BYTES], headers.get(b"apollographql-client-version", b"")[:MAX_HEADER_BYTES])
    return UNKNOWN


@lru_cache(KEPT_CLIENTS)
def _client(name: bytes, version: bytes) -> Client:
    cleaned = _clean(name)
    return Client(cleaned, _clean(version)) if cleaned else UNKNOWN


def _clean(sent: bytes) -> str:
    """What was sent, without bytes that are not UTF-8 and characters that cannot be seen."""
    return "".join(filter(str.isprintable, sent.decode(errors="ignore"))).strip()[:MAX_NAME].strip()
