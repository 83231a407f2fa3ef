"""What a column's type says about its values: the Python type, the parameter's type, the time zone.

SQLAlchemy's types enter, types leave. No value is converted here.
"""

from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import (
    CHAR,
    NCHAR,
    NVARCHAR,
    TEXT,
    VARCHAR,
    BigInteger,
    DateTime,
    Dialect,
    Float,
    Integer,
    Numeric,
    String,
    Text,
    Time,
    Unicode,
    UnicodeText,
)
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

ColumnType: TypeAlias = TypeEngine[Any]
"""The type of a column that was read from a model: which Python type its values have, only the model knows."""


class ShortestDecimal(TypeDecorator[float]):
    """A float among a column's decimals: 0.1 is the decimal 0.1, not the binary fraction that stands for 0.1."""

    impl = Numeric
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> Decimal | None:
        """The decimal with the fewest digits that Python reads as the same float."""
        return None if value is None else Decimal(repr(value))


PADDED = (CHAR, NCHAR)
"""Types of texts that databases fill up with blanks."""


def unpadded(value: str | None) -> str | None:
    """A value of CHAR(n) without the blanks that databases fill it up with."""
    return value.rstrip(" ") if isinstance(value, str) else value  # SQLite may hold a number there


def compared_text(type_: ColumnType, text: str) -> str:
    """A text as a column compares it, as far as the column's type tells."""
    return text.rstrip(" ") if isinstance(type_, PADDED) else text


class Inferred(UserDefinedType[str]):
    """A text without a type of its own: the database takes one for a value of the column that it is compared with."""

    cache_ok = True


class Unpadded(TypeDecorator[str]):
    """A text that is compared with CHAR(n), where blanks at the end are no part of a value."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text without the blanks at its end."""
        return unpadded(value)


PLAIN_TEXTS = frozenset({String, Text, VARCHAR, TEXT, Unicode, UnicodeText, NVARCHAR})
"""SQLAlchemy's own types of texts that are compared as they are."""


def python_type(type_: ColumnType) -> type[object]:
    """The Python type of a column's values; `object` for types that do not say.

    A decorated type that does not say counts as the type below the decoration.
    """
    try:
        found: type[object] = type_.python_type
    except NotImplementedError:
        found = object
    return python_type(type_.impl_instance) if found is object and isinstance(type_, TypeDecorator) else found


def parameter_type(type_: ColumnType) -> ColumnType:
    """The type of a client's value that a column is compared with.

    A number that does not fit the column is found nowhere. In the column's own type PostgreSQL would refuse the
    number, or round it until it fits: 0.254 is no 0.25.
    """
    if isinstance(type_, Integer):
        return BigInteger()
    if isinstance(type_, Numeric) and not isinstance(type_, Float):
        return Numeric() if type_.asdecimal else ShortestDecimal()
    if isinstance(type_, PADDED):
        return Unpadded()
    return String() if type(type_) in PLAIN_TEXTS else type_  # a cast to VARCHAR(3) makes abc of abcd


def cursor_type(type_: ColumnType) -> ColumnType:
    """The type of a cursor's value, which is compared as rows are ordered: by the column's own rules.

    PostgreSQL orders `citext` without its case, and compares it with a VARCHAR by another rule: where a model calls
    such a column a text, pages would lose rows.
    """
    return Inferred() if type(type_) in PLAIN_TEXTS else parameter_type(type_)


def is_local(type_: ColumnType) -> bool:
    """Whether a column's datetimes have no time zone, as far as the type tells; decorated types know for themselves."""
    return isinstance(type_, DateTime | Time) and not type_.timezone
