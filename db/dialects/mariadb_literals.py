"""How values stand in the texts of statements: the driver of MariaDB and MySQL writes them there itself.

Sessions of ours take a backslash for a letter (`NO_BACKSLASH_ESCAPES`). The driver knows that of texts alone: bytes it
would write with backslashes, so that a quote in them ends the literal. They are written as hexadecimal digits here, and
what the driver has no form for as a text.
Source: `Connection.escape` in asyncmy/connection.pyx
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

CONTAINERS = (dict, list, tuple, set, frozenset)
"""What the driver would write as lists of values, with backslashes in the texts among them."""

BYTES = (bytes, bytearray, memoryview)
"""What becomes hexadecimal digits."""


class Hexadecimal:
    """Bytes on their way to the driver."""

    def __init__(self, value: bytes) -> None:
        self.value = value


def conversions() -> dict[Any, Any]:
    """The driver's own, without a backslash."""
    from asyncmy import converters  # an extra

    known = {kind: convert for kind, convert in converters.conversions.items() if kind not in CONTAINERS}
    return {**known, str: _quoted, Hexadecimal: _hexadecimal}


def _quoted(value: object, _known: object = None) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _hexadecimal(value: Hexadecimal, _known: object = None) -> str:
    return f"x'{value.value.hex()}'"


def write_bytes_as_digits(engine: AsyncEngine) -> None:
    """Hand the driver of an engine no bytes."""

    @event.listens_for(engine.sync_engine, "before_cursor_execute", retval=True)
    def change(_connection: Any, _cursor: Any, statement: str, given: Any, _context: Any, many: bool) -> Any:
        # One INSERT of many rows has one list of parameters, though there are many.
        return statement, [_changed(each) for each in given] if many and isinstance(given, list) else _changed(given)


def _changed(given: Any) -> Any:
    if isinstance(given, Mapping):
        return {name: _of(value) for name, value in given.items()} if _has_bytes(given.values()) else given
    return tuple(map(_of, given)) if _has_bytes(given or ()) else given


def _has_bytes(values: Any) -> bool:
    return any(isinstance(value, BYTES) for value in values)


def _of(value: Any) -> Any:
    return Hexadecimal(bytes(value)) if isinstance(value, BYTES) else value
