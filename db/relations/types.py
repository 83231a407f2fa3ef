"""What a column's type says about its values: the Python type, the parameter's type, the time zone.

SQLAlchemy's types enter, types leave. No value is converted here.
"""

from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, DateTime, Dialect, Float, Integer, Numeric, Time
from sqlalchemy.types import TypeDecorator, TypeEngine

ColumnType: TypeAlias = TypeEngine[Any]
"""The type of a column that was read from a model: which Python type its values have, only the model knows."""


class ShortestDecimal(TypeDecorator[float]):
    """A float among a column's decimals: 0.1 is the decimal 0.1, not the binary fraction that stands for 0.1."""

    impl = Numeric
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> Decimal | None:
        """The decimal with the fewest digits that Python reads as the same float."""
        return None if value is None else Decimal(repr(value))


def python_type(type_: ColumnType) -> type[object]:
    """The Python type of a column's values; `object` for types that do not say.

    A decorated type that does not say counts as the type below the decoration.
    """
    try:
        found: type[object] = type_.python_type
    except NotImplementedError:
        found = object
    return python_type(type_.impl_instance) if found is object and isinstance(type_, TypeDecorator) else found


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
    if isinstance(type_, Integer):
        return BigInteger()
    if isinstance(type_, Numeric) and not isinstance(type_, Float):
        return Numeric() if type_.asdecimal else ShortestDecimal()
    return type_


def is_local(type_: ColumnType) -> bool:
    """Whether a column's datetimes have no time zone, as far as the type tells; decorated types know for themselves."""
    type_ = underlying(type_)
    return isinstance(type_, DateTime | Time) and not type_.timezone
