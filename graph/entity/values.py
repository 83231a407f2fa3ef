"""Values of columns as JSON and back, for what clients keep: ids and cursors.

Python values enter, JSON scalars leave; on the way back each is read in the type of its column, and anything that
the database could not compare with that column is refused.
"""

import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

import sqlalchemy
from sqlalchemy.types import TypeEngine

from db.relations import is_local, python_type
from graph.entity.scalars import check_text


def plain(value: Any) -> Any:
    """A column's value as a JSON scalar."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, date | time):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def typed(value: Any, column_type: TypeEngine[Any]) -> Any:
    """A JSON scalar, which is not null, as a value of a column of this type.

    Raises `ValueError`, `TypeError`, `LookupError` or `ArithmeticError` for a value of another kind.
    """
    type_ = python_type(column_type)
    if type_ is object and isinstance(value, bool | int | float):  # an expression whose type nobody knows
        return value
    if type_ is bool or isinstance(value, bool):
        return _exactly(value, bool, type_)
    if type_ is int:
        return _small(_exactly(value, int, type_))
    if type_ is float:
        return float(_exactly(value, (int, float), type_))
    if type_ is Decimal and isinstance(value, int | float):  # SQLite's doubles
        return _finite(Decimal(str(value)))
    return _from_text(check_text(_exactly(value, str, type_)), type_, column_type)


def _from_text(text: str, type_: type[Any], column_type: TypeEngine[Any]) -> Any:
    if issubclass(type_, Enum):
        return type_[text]
    if type_ is date:
        return date.fromisoformat(text)
    if type_ in (datetime, time):
        return _zoned(type_.fromisoformat(text), column_type)
    if isinstance(column_type, sqlalchemy.Enum) and text not in column_type.enums:
        raise LookupError(text)
    return _finite(type_(text)) if type_ in (Decimal, uuid.UUID) else text


def _exactly(value: Any, allowed: Any, type_: type[Any]) -> Any:
    if not isinstance(value, allowed) or (isinstance(value, bool) and type_ is not bool):
        raise TypeError(value)
    return value


def _small(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise ValueError(value)
    return value


def _finite(value: Any) -> Any:
    if isinstance(value, Decimal) and not (value.is_finite() and abs(value.adjusted()) < 1_000):
        raise ValueError(value)
    return value


def _zoned(value: Any, column_type: TypeEngine[Any]) -> Any:
    if value.tzinfo is None:  # SQLite's own type forgets the zone
        return value.replace(tzinfo=UTC) if getattr(column_type, "timezone", False) else value
    if is_local(column_type):
        raise ValueError(value)
    return value.astimezone(UTC) if isinstance(value, datetime) else value
