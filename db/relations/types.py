"""What a column's type says about its values: the Python type, the parameter's type, the time zone.

SQLAlchemy's types enter, types leave. No value is converted here.
"""

from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import REAL, BigInteger, DateTime, Dialect, Float, Integer, Numeric, Time
from sqlalchemy.types import TypeDecorator, TypeEngine

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
    if isinstance(type_, Numeric):
        return AnyDecimal() if type_.asdecimal else ShortestDecimal()
    return type_


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
    return isinstance(type_, DateTime | Time) and not type_.timezone
