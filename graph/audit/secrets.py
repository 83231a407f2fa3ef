"""Inputs without their secrets: what a client has sent enters; what may be kept of it leaves, as JSON.

A value is a secret if its field is a `SecretStr`, or if its name says so, wherever it stands: in an input, a list or
a document. Nothing is written here.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, get_args

import orjson
from pydantic import SecretStr

from graph.writing.inputs import Input

MAX_BYTES = 16 * 1024
"""Of an input as JSON. A longer one is not kept: its rows are in their tables."""

HIDDEN = "***"
"""Stands where a secret was."""

SECRET = re.compile(
    r"passw|pwd|passphrase|passcode|secret|token|credential|otp$|cvv|cvc|(?:api|private|access)key", re.I
)
"""In a name without its underscores. It hides too much rather than too little: a `maxTokens`, too."""


def kept(model: type[Input], given: Mapping[str, object]) -> Any:
    """What is kept of an input; None for one that is too long."""
    read: Callable[[bytes], Any] = orjson.loads
    try:
        text = orjson.dumps(given, default=str)
    except TypeError:  # a number of more than 64 bits: JSON allows it, orjson does not
        text = json.dumps(given, default=str).encode()
        read = json.loads
    return None if len(text) > MAX_BYTES else without_secrets(read(text), secret_names(model))


def without_secrets(value: Any, names: Collection[str]) -> Any:
    """A value of JSON, in which nothing by one of these names stands, nor by a name that tells of a secret."""
    if isinstance(value, list):
        return [without_secrets(part, names) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: HIDDEN if part is not None and _is_secret(name, names) else without_secrets(part, names)
        for name, part in value.items()
    }


@cache
def secret_names(model: type[Input]) -> frozenset[str]:
    """The fields of an input, and of those in it, that are secrets by their type; by their names in the schema."""
    return frozenset(_secret_names(model))


def _secret_names(model: type[Input]) -> Iterator[str]:
    for field in model.model_fields.values():
        for part in _parts(field.annotation):
            if part is SecretStr:
                yield str(field.alias)
            elif isinstance(part, type) and issubclass(part, Input):
                yield from _secret_names(part)


def _parts(annotation: object) -> Iterator[Any]:
    """An annotation, and all that it is made of."""
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _is_secret(name: str, names: Collection[str]) -> bool:
    return name in names or _tells_of_a_secret(name)


@lru_cache(1_000)
def _tells_of_a_secret(name: str) -> bool:
    return SECRET.search(name.replace("_", "").replace("-", "")) is not None
