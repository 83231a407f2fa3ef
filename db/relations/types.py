"""What a column's type says about its values: the Python type, the parameter's type, the time zone.

SQLAlchemy's types enter, types leave. No value is converted here.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import (
    ARRAY,
    CHAR,
    JSON,
    NCHAR,
    NVARCHAR,
    REAL,
    TEXT,
    VARCHAR,
    BigInteger,
    Date,
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

from db.unreadable import Unreadable

ColumnType: TypeAlias = TypeEngine[Any]
"""The type of a column that was read from a model: which Python type its values have, only the model knows."""

SINGLE_PRECISION_BITS = 24
"""Up to this precision FLOAT is in single precision.
Source: https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-FLOAT"""


class AnyDecimal(Numeric[Any]):
    """A decimal to compare with, of any size. A column's own type has a scale, to which databases round."""


class ShortestDecimal(TypeDecorator[float]):
    """A float among a column's decimals: 0.1 is the decimal 0.1, not the binary fraction that stands for 0.1."""

    impl = AnyDecimal
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


class InOwnWords(TypeDecorator[Any]):
    """A type of days or times, decorated or not, whose values may also be those that Python has no form for."""

    impl: ColumnType | type[ColumnType] = DateTime
    cache_ok = True

    def __init__(self, column: ColumnType) -> None:
        """Make it of the type of the column that values are compared with."""
        super().__init__()
        self.column = column
        self.impl = column

    def load_dialect_impl(self, dialect: Dialect) -> ColumnType:
        """The type below all decorations: SQLAlchemy looks below one of them for the type that SQL names."""
        return stored(self.column, dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """The column's."""
        return self.column.dialect_impl(dialect).result_processor(dialect, coltype)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """As the column's, but for values that are in the database's words."""
        process = self.column.dialect_impl(dialect).bind_processor(dialect)

        def bound(value: Any) -> Any:
            if type(value) is Unreadable:
                return value.in_words()
            return value if process is None else process(value)

        return bound


def stored(type_: ColumnType, dialect: Dialect) -> ColumnType:
    """The type below all decorations, as a dialect has it."""
    found = type_.dialect_impl(dialect)
    while isinstance(found, TypeDecorator):
        found = found.impl_instance.dialect_impl(dialect)
    return found


class Told(NamedTuple):
    """What a database's module tells of a type of its own."""

    python: object
    """The annotation of the values."""
    compared_as: ColumnType | None = None
    """The type that values are compared as; None: the type itself."""
    element: ColumnType | None = None
    """Of a range: the type of what is in it."""


_TOLD: dict[type[ColumnType], Told] = {}


def tell_type(
    cls: type[ColumnType],
    python: object,
    *,
    compared_as: ColumnType | None = None,
    element: ColumnType | None = None,
) -> None:
    """Tell which values columns of a type hold, where SQLAlchemy does not know, or knows no more than their class."""
    _TOLD[cls] = Told(python, compared_as, element)


def _told(type_: ColumnType) -> Told | None:
    return next((_TOLD[cls] for cls in type(type_).__mro__ if cls in _TOLD), None)


def python_type(type_: ColumnType) -> object:
    """The annotation of a column's values without None: a class, a `NewType`, or `list[str | None]`, `Range[int]`.

    `object` stands for types that do not say. A decorated type that does not say counts as the type below the
    decoration, and a domain as the type that it restricts.
    """
    told = _told(type_)
    if told is not None:
        return told.python
    if isinstance(type_, ARRAY):
        element: Any = python_type(type_.item_type)
        return object if element is object else nested(list[element | None], type_)
    if underlying(type_) is not type_:
        return python_type(underlying(type_))
    if isinstance(type_, JSON):
        return dict  # most documents are objects; any JSON may be one
    try:
        found: object = type_.python_type
    except NotImplementedError:
        found = object
    return python_type(type_.impl_instance) if found is object and isinstance(type_, TypeDecorator) else found


def dimensions_of(type_: ColumnType) -> int:
    """How deep lists of an array nest, as it is declared; SQL allows other values, and tells of nothing but this."""
    return getattr(underlying(undecorated(type_)), "dimensions", None) or 1


def nested(annotation: Any, type_: ColumnType) -> Any:
    """The annotation of an array, from that of its innermost lists. None of the lists inside is ever null."""
    for _ in range(dimensions_of(type_) - 1):
        annotation = list[annotation]
    return annotation


def compared_as(type_: ColumnType) -> ColumnType | None:
    """The type that a column's values are compared as, where that is another one than its own."""
    told = _told(underlying(undecorated(type_)))
    return None if told is None else told.compared_as


def underlying(type_: ColumnType) -> ColumnType:
    """The type whose values a column holds: of a domain, the one that the domain restricts.

    SQLAlchemy knows no operators of domains, and none of them restricts what a value may be compared with.
    """
    restricted = getattr(type_, "data_type", None)
    return underlying(restricted) if isinstance(restricted, TypeEngine) else type_


def parameter_type(type_: ColumnType) -> ColumnType:
    """The type of a client's value that a column is compared with.

    A number that does not fit the column is found nowhere. In the column's own type PostgreSQL would refuse the
    number, or round it until it fits: 0.254 is no 0.25.
    """
    type_ = underlying(type_)
    if isinstance(type_, ARRAY):
        return ARRAY(_element_type(type_.item_type))
    if isinstance(type_, Integer):
        return BigInteger()
    if isinstance(type_, Numeric):
        return AnyDecimal() if type_.asdecimal else ShortestDecimal()
    if isinstance(type_, PADDED):
        return Unpadded()
    if type(type_) in PLAIN_TEXTS:
        return String()  # a cast to VARCHAR(3) makes abc of abcd
    return InOwnWords(type_) if isinstance(undecorated(type_), Date | DateTime | Time) else type_


def _element_type(type_: ColumnType) -> ColumnType:
    """The type of elements that arrays are compared with: another type of numbers or texts would be another array's."""
    type_ = underlying(type_)
    if type(type_) in PLAIN_TEXTS:
        return TEXT() if isinstance(type_, Text) else VARCHAR()
    return AnyDecimal() if isinstance(type_, Numeric) and type_.asdecimal else type_


def element_type(type_: ColumnType) -> ColumnType:
    """The type of what a range holds. Raises `TypeError` for columns of other types."""
    told = _told(underlying(undecorated(type_)))
    if told is None or told.element is None:
        raise TypeError(f"{type_!r} is no range")
    return told.element


def cursor_type(type_: ColumnType) -> ColumnType:
    """The type of a cursor's value, which is compared as rows are ordered: by the column's own rules.

    PostgreSQL orders `citext` without its case, and compares it with a VARCHAR by another rule: where a model calls
    such a column a text, pages would lose rows.
    """
    return Inferred() if type(type_) in PLAIN_TEXTS else parameter_type(type_)


def undecorated(type_: ColumnType) -> ColumnType:
    """The type below any decoration."""
    return undecorated(type_.impl_instance) if isinstance(type_, TypeDecorator) else type_


def scale_of(type_: ColumnType) -> int | None:
    """How many digits a column of decimals keeps behind the point; None: as many as are written."""
    found = undecorated(type_)
    if not isinstance(found, Numeric):
        return None
    return 0 if found.scale is None and found.precision is not None else found.scale


def is_single(type_: ColumnType) -> bool:
    """Whether a column may hold numbers in single precision. Some databases hold all of them in double precision."""
    found = undecorated(type_)
    if not isinstance(found, Float):
        return False
    return isinstance(found, REAL) or (found.precision is not None and found.precision <= SINGLE_PRECISION_BITS)


def is_local(type_: ColumnType) -> bool:
    """Whether a column's datetimes have no time zone, as far as the type tells; decorated types know for themselves."""
    type_ = underlying(type_)
    return isinstance(type_, DateTime | Time) and not type_.timezone
