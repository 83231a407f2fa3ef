"""The messages of `graphql-transport-ws`: text enters, a message leaves, or why it is none; and the other way.

Nothing is sent and nothing is run. Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from graph.errors import IllFormed
from graph.http.requests import parsed, validated
from graph.http.responses import json_bytes
from graph.prepare.documents import OperationRequest

SUBPROTOCOL = "graphql-transport-ws"
LEGACY = "graphql-ws"
"""Of subscriptions-transport-ws, which is not kept any more, and not spoken here."""

MAX_ID = 200
"""Characters of an operation's id."""
SHOWN = 40


class Kind(StrEnum):
    """What clients send."""

    INIT = "connection_init"
    PING = "ping"
    PONG = "pong"
    SUBSCRIBE = "subscribe"
    COMPLETE = "complete"


class Message(NamedTuple):
    """What a client has sent."""

    kind: Kind
    payload: Any = None
    id: str = ""


class Unreadable(Exception):
    """No message of the protocol; the sentence says what was expected."""


def read(text: str | None) -> Message:
    """A message of a client. Raises `Unreadable`."""
    if text is None:
        raise Unreadable("Invalid message: send text, not bytes.")
    try:
        found = parsed(text.encode(errors="surrogatepass"))
    except orjson.JSONDecodeError:
        raise Unreadable("Invalid message: send JSON.") from None
    if not isinstance(found, dict):
        raise Unreadable('Invalid message: send an object, {"type": "…"}.')
    return _message(found)


def _message(found: Mapping[str, Any]) -> Message:
    kind, payload = found.get("type"), found.get("payload")
    if not isinstance(kind, str) or kind not in list(Kind):
        shown = kind[:SHOWN] if isinstance(kind, str) else type(kind).__name__
        raise Unreadable(f"Invalid message: {shown!r} is no type of a client's message.")
    if payload is not None and not isinstance(payload, dict):
        raise Unreadable("Invalid message: `payload` has to be an object.")
    if kind not in (Kind.SUBSCRIBE, Kind.COMPLETE):
        return Message(Kind(kind), payload)
    id_ = found.get("id")
    if not isinstance(id_, str) or not 0 < len(id_) <= MAX_ID:
        raise Unreadable(f"Invalid message: `id` has to be a text of 1 to {MAX_ID} characters.")
    return Message(Kind(kind), payload, id_)


def operation_in(payload: Any) -> OperationRequest:
    """What `subscribe` asks for. Raises `Unreadable`."""
    try:
        return validated(payload)
    except IllFormed as error:
        raise Unreadable(f"Invalid message: {error.message}") from None


ACK = b'{"type":"connection_ack"}'


def pong(payload: Any) -> bytes:
    """The answer to a ping."""
    return b'{"type":"pong"}' if payload is None else b'{"type":"pong","payload":%b}' % json_bytes(payload)


def next_(id_: str, payload: bytes) -> bytes:
    """One answer of an operation."""
    return b'{"id":%b,"type":"next","payload":%b}' % (json_bytes(id_), payload)


def error(id_: str, errors: Sequence[Mapping[str, Any]]) -> bytes:
    """Why an operation was not begun, or came to its end."""
    return b'{"id":%b,"type":"error","payload":%b}' % (json_bytes(id_), json_bytes(list(errors)))


def complete(id_: str) -> bytes:
    """The end of an operation."""
    return b'{"id":%b,"type":"complete"}' % json_bytes(id_)
