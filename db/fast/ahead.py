"""Statements that are sent ahead of another one: they take no round trip of their own.

PostgreSQL works through messages in their order and answers at the next Sync. A statement without one is done when it
arrives; had the statement failed, the one behind it would not be done, and would tell the error.
Source: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
"""

import struct
from functools import lru_cache


@lru_cache(maxsize=16)
def ahead(sql: str) -> bytes:
    """The messages of a statement without values and rows: Parse, Bind and Execute, and no Sync."""
    parse = _message(b"P", b"\0" + sql.encode() + b"\0" + struct.pack("!h", 0))
    bind = _message(b"B", b"\0\0" + struct.pack("!hhh", 0, 0, 0))
    return parse + bind + _message(b"E", b"\0" + struct.pack("!i", 0))


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body
