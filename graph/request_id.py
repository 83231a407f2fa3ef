"""What a request is called in logs and records: headers enter, a name leaves.

Sources: https://www.w3.org/TR/trace-context/#traceparent-header; `X-Request-Id` as proxies have it
"""

import random
import re
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Protocol

_bits = random.getrandbits
_REQUEST_ID = re.compile(rb"[\w.:/+=-]{1,100}")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


class NamedRequest(Protocol):
    """What is noted of a request."""

    @property
    def request_id(self) -> str:
        """What it is called in logs and records."""

    def note_user_errors(self, codes: Iterable[str]) -> None:
        """Note why a mutation has not done all that it was asked for."""


ANSWERED: ContextVar[NamedRequest | None] = ContextVar("trellis_answered", default=None)
"""The request that the running task answers, for what is logged meanwhile."""


def request_id_of(headers: Mapping[bytes, bytes]) -> str:
    """The name that the client, or a proxy, gave the request; else its trace; else a name of ours.

    Names of headers are in lower case.
    """
    given = headers.get(b"x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given.decode()
    trace = headers.get(b"traceparent")
    found = None if trace is None else _TRACEPARENT.fullmatch(trace)
    return _bits(64).to_bytes(8).hex() if found is None else found[1].decode()
