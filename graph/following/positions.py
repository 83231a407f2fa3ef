"""Positions: where in the order of all changes a subscription stands, as its client keeps it.

A place enters with the name of its subscription, a signed text leaves; and the other way round. A position says nothing
of who may see what: that is asked anew whenever it is used.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from graph.auth.signing import SigningKeys
from graph.following.errors import InvalidPosition

MAX_CHARACTERS = 200
"""No position of ours is longer."""
SIGNATURE_BYTES = 16
PURPOSE = b"position of a subscription\0"
"""So that no signature is one of anything else that the same keys sign."""


class Place(NamedTuple):
    """Behind which change a subscription goes on."""

    position: int
    """Of the transaction, in the log."""
    number: int | None
    """Which of its changed rows was told last; None: the last one."""


def stream_name(field: str, noun: str, asked: Mapping[str, Any]) -> str:
    """The name of a subscription: the same for the same field, noun and filter, however the filter is written."""
    return json.dumps([field, noun, asked], sort_keys=True, default=str)


class Positions:
    """Writes and reads positions, with the keys that sign access tokens."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    def check(self) -> None:
        """See that there is a key. Raises `NoKey` and `NoSharedKey`."""
        assert self._keys.by_name

    def write(self, stream: str, place: Place) -> str:
        """The position of a place in a subscription."""
        told = f"{place.position}." if place.number is None else f"{place.position}.{place.number}"
        key = next(iter(self._keys.by_name.values()))
        return base64.urlsafe_b64encode(_signature(key, stream, told) + told.encode()).decode().rstrip("=")

    def read(self, stream: str, position: str) -> Place:
        """The place that a position of this subscription tells. Raises `InvalidPosition`."""
        try:
            if len(position) > MAX_CHARACTERS:
                raise ValueError(position)
            padded = position + "=" * (-len(position) % 4)
            signed = base64.b64decode(padded, altchars=b"-_", validate=True)
            signature, told = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:].decode("ascii")
            known = (_signature(key, stream, told) for key in self._keys.by_name.values())
            if not any(hmac.compare_digest(signature, each) for each in known):
                raise ValueError(position)
            transaction, _, number = told.partition(".")
            return Place(int(transaction), int(number) if number else None)
        except (ValueError, binascii.Error):
            raise InvalidPosition from None


def _signature(key: str, stream: str, told: str) -> bytes:
    signed = PURPOSE + told.encode() + b"\0" + stream.encode("utf-8", "surrogatepass")
    return hmac.digest(key.encode(), signed, hashlib.sha256)[:SIGNATURE_BYTES]
