"""What a client likes, and how much: the weights of `Accept` and `Accept-Encoding`.

The value of a header enters, weights by name leave. No request and no response is known here.
Source: https://www.rfc-editor.org/rfc/rfc9110#name-content-negotiation
"""

import re
from collections.abc import Mapping
from functools import lru_cache

KEPT_HEADERS = 256
"""How many values of a header are kept with what they mean; clients send the same few."""

MAX_HEADER_BYTES = 1_000
"""What is read of such a header, so that those that are kept are short."""

Weights = Mapping[str, float]
"""How much a client likes each name, from 0 (not at all) to 1, in the order of the header."""


def told(headers: Mapping[bytes, bytes], name: bytes) -> str:
    """What a header says, as far as it is read; nothing where there is none."""
    return headers.get(name, b"")[:MAX_HEADER_BYTES].decode("latin-1")


def weights(header: str) -> Weights:
    """How much the client likes each name of a header such as `zstd, gzip;q=0.8, *;q=0`."""
    return {name: _quality(parameters.get("q", "")) for name, parameters in map(split, header.split(",")) if name}


def liking(liked: Weights, *ranges: str) -> float:
    """How much the client likes something: the weight of the first of these ranges that the header names, or 0."""
    return next((liked[name] for name in ranges if name in liked), 0.0)


@lru_cache(KEPT_HEADERS)
def split(value: str) -> tuple[str, dict[str, str]]:
    """A name and its parameters, in lower case: `application/json; charset=utf-8`."""
    name, *parameters = value.lower().split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    return name.strip(), {key.strip(): text.strip(' "') for key, _, text in pairs}


def _quality(text: str) -> float:
    return min(float(text), 1.0) if re.fullmatch(r"[01](\.\d{0,3})?", text) else 1.0
