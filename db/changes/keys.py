"""The values of keys as texts: the same text for the same value, whichever database has it and whoever asks.

Values enter, as Python has them or as the log has them; texts leave. Nothing is executed here.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import CHAR, NCHAR, Column, Dialect, MetaData, Table

from db.relations.types import stored, unpadded

Reader: TypeAlias = Callable[[Any], str]
"""From a value that JSON has to its text."""


def key_text(value: object) -> str:
    """A value of a key, as Python has it, as the text by which changes name it."""
    if isinstance(value, Enum):
        return key_text(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value.is_finite() else str(value)
    return str(value)


def key_texts(values: Iterable[object]) -> tuple[str, ...]:
    """The values of a key, in the key's order, as `RowChange.key` has them."""
    return tuple(map(key_text, values))


def key_value(text: str, type_: object) -> Any:
    """The value whose text this is, for a column of values of this type. Raises `ValueError` for other texts.

    It is what `key_text` was given, where `names_values` holds for the type.
    """
    return _VALUES[type_](text)


def names_values(type_: object) -> bool:
    """Whether each text of a type stands for one value."""
    return type_ in _VALUES


class KeyReaders:
    """How the keys of tables are read that a log has written."""

    def __init__(self, metadata: Iterable[MetaData], dialect: Dialect) -> None:
        """Keys of tables that no metadata has are texts as the database writes them."""
        tables = [table for each in metadata for table in each.tables.values()]
        self._readers: Mapping[str, tuple[Reader, ...]] = {
            str(table.key): tuple(_reader(column, dialect) for column in table.primary_key) for table in tables
        }
        self._virtual: Mapping[str, frozenset[str]] = {str(table.key): _virtual(table) for table in tables}

    def texts(self, table: str, values: list[Any]) -> tuple[str, ...]:
        """The values of a key that is written as JSON, as texts."""
        readers = self._readers.get(table, ())
        if len(readers) != len(values):
            return key_texts(values)
        return tuple(read(value) for read, value in zip(readers, values, strict=True))

    def virtual(self, table: str) -> frozenset[str]:
        """Columns that are computed when they are read, so that no trigger sees them change."""
        return self._virtual.get(table, frozenset())


def _virtual(table: Table) -> frozenset[str]:
    return frozenset(it.name for it in table.columns if it.computed is not None and not it.computed.persisted)


def _reader(column: Column[Any], dialect: Dialect) -> Reader:
    """Databases write some types each in a way of its own."""
    below = stored(column.type, dialect)
    if isinstance(below, CHAR | NCHAR) and _python_type(column) is str:
        return lambda value: str(unpadded(value))
    read = _READERS.get(_python_type(column))
    if read is datetime.fromisoformat and getattr(below, "timezone", False):
        read = _moment
    if read is None:
        return key_text

    def reader(value: Any) -> str:
        try:
            return key_text(read(value))
        except (ValueError, ArithmeticError, TypeError):  # a row that no model would write
            return key_text(value)

    return reader


def _python_type(column: Column[Any]) -> type[Any] | None:
    try:
        return column.type.python_type
    except NotImplementedError:
        return None


def _moment(value: Any) -> datetime:
    """Where a database keeps no zone, moments are in UTC."""
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _bytes(value: Any) -> bytes:
    return bytes.fromhex(str(value).removeprefix("\\x"))


_READERS: Mapping[type[Any] | None, Callable[[Any], object]] = {
    UUID: lambda value: UUID(str(value)),
    bool: bool,
    bytes: _bytes,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    time: time.fromisoformat,
    Decimal: lambda value: Decimal(str(value)),
}


def _bool(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise ValueError(text) from None


_VALUES: Mapping[object, Callable[[str], Any]] = {
    int: int,
    str: str,
    UUID: UUID,
    bool: _bool,
    bytes: bytes.fromhex,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    time: time.fromisoformat,
    Decimal: _decimal,
}
