"""Cursors: where in an order a row stands.

A cursor holds the row's values of every term of the order, and the order's name, in base64. Clients keep cursors
and hand them back; one of another order, or none of ours, is refused. Source of the idea: keyset pagination,
https://use-the-index-luke.com/no-offset; the form: https://relay.dev/graphql/connections.htm#sec-Cursor.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache

from db.relations import Term
from db.statements import Key
from graph.entity.types import TYPES
from graph.errors import InvalidCursor

MAX_CURSOR_LENGTH = 262_144
"""As long as a request may be by default: a cursor holds the texts of its row, of any length."""

TO_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)  # `json.dumps` would make one for each cursor


def encode_cursor(order: str, values: Sequence[object]) -> str:
    """The cursor of a row with these values, in this order."""
    text = TO_JSON.encode([_digest(order), *map(TYPES.encode, values)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(argument: str, cursor: str, order: str, terms: Sequence[Term]) -> Key:
    """The values in a cursor, in the types of the terms.

    Raises `InvalidCursor`, which names the argument, for a cursor of another order and for anything else.
    """
    try:
        if len(cursor) > MAX_CURSOR_LENGTH:
            raise ValueError("too long")
        padded = cursor + "=" * (-len(cursor) % 4)
        digest, *values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if digest != _digest(order):
            raise ValueError("of another order")
        return tuple(_typed(value, term) for value, term in zip(values, terms, strict=True))
    except (ValueError, TypeError, LookupError, ArithmeticError, binascii.Error, RecursionError):
        raise InvalidCursor(argument) from None


@lru_cache(maxsize=1_000)  # every cursor of a page has the same
def _digest(order: str) -> str:
    return hashlib.sha256(order.encode()).hexdigest()[:8]


def _typed(value: object, term: Term) -> object:
    if value is not None:
        return TYPES.decode(value, term.expression.type)
    if not term.nullable:
        raise ValueError("null where the order has none")
    return None
