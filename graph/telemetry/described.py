"""What an operation is called: its name, its type, and the hash of its document. No value of a client is in them."""

import hashlib
from collections.abc import Mapping
from typing import TypeAlias

from graph.prepare.documents import OperationRequest
from graph.prepare.operation import PreparedOperation

MAX_NAME = 100
"""Characters of an operation's name."""
INVALID = "invalid"
"""The type of what was refused before anything was known of it."""

Described: TypeAlias = Mapping[str, str | None]


def described(asked: OperationRequest, prepared: PreparedOperation | None) -> Described:
    """What an operation is called, kept with it once it is prepared."""
    if prepared is None:
        return {"operation": _name(asked.operation_name), "type": INVALID, "document": _hash(asked.query)}
    found = prepared.described
    if found is None:
        name = None if prepared.node.name is None else prepared.node.name.value[:MAX_NAME]
        found = {"operation": name, "type": prepared.kind.value, "document": _hash(asked.query)}
        prepared.described = found
    return found


def _name(given: str | None) -> str | None:
    """A name as GraphQL has them; what else a client calls its operation is not told."""
    return given[:MAX_NAME] if given is not None and given.isascii() and given.isidentifier() else None


def _hash(text: str) -> str | None:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest() if text else None
