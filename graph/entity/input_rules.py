"""Rules of inputs: what Pydantic checks a value for, from the column that will hold it.

A column enters, an annotation for Pydantic leaves. Limits come from the column's type; what a text must look like, from
its kind (`db.text_kinds`). Null is not judged here. Which rule belongs to which type: `graph.entity.types`.
Source: https://docs.pydantic.dev/latest/concepts/types/
"""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Annotated, Any

import sqlalchemy
from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import BigInteger, Column, Integer, Numeric, SmallInteger, String, Text
from sqlalchemy.types import TypeEngine

from db.characters import check_line, check_lines
from db.relations import is_single, undecorated, underlying
from db.text_kinds import kind_of
from graph.entity.scalars import BigInt

MAX_TEXT = 200_000
"""Characters of a text without a limit of its own; a request holds about as much."""

MAX_LINE = 255
"""Up to how many characters a column is taken for one line: where databases and people put names and titles."""

BITS: Mapping[type[TypeEngine[int]], int] = {SmallInteger: 16, BigInteger: 64, Integer: 32}
"""How wide a column of whole numbers is; the first two are Integers to Python, too."""

SINGLE_OVERFLOW = 2.0**128 - 2.0**103
"""From here on, the nearest number of single precision is infinite."""


def text(column: Column[object]) -> object:
    """A text that fits into the column and is of its kind.

    Texts of limited length are names and titles: blanks at their ends are slips, and nothing at all is no name. Those
    of at most `MAX_LINE` characters are one line. Lengths are in code points, as PostgreSQL counts. What refers to
    another row is what that row has, blanks and all.
    """
    stored = _stored(column)
    if isinstance(stored, sqlalchemy.Enum):
        return Annotated[str, AfterValidator(_one_of(stored.enums))]
    limit = stored.length if isinstance(stored, String) and not isinstance(stored, Text) else None
    if column.foreign_keys:
        return Annotated[str, StringConstraints(max_length=limit or MAX_TEXT)]
    kind = kind_of(column)
    may_be_empty = column.nullable or limit is None or (kind is not None and kind.judges_empty)
    length = StringConstraints(
        strip_whitespace=limit is not None, min_length=0 if may_be_empty else 1, max_length=limit or MAX_TEXT
    )
    seen = AfterValidator(check_line if limit is not None and limit <= MAX_LINE else check_lines)
    return Annotated[str, length, seen] if kind is None else Annotated[str, length, seen, AfterValidator(kind.check)]


def whole_number(column: Column[object]) -> Any:
    """A number that fits into the column; GraphQL's Int sees to 32 bits."""
    stored = _stored(column)
    bits = next((bits for type_, bits in BITS.items() if isinstance(stored, type_)), 64)
    limit = 2 ** (bits - 1)
    return Annotated[int, Field(ge=-limit, lt=limit)]


def is_of_32_bits(column: TypeEngine[object]) -> bool:
    """Whether a column of whole numbers holds none that GraphQL's Int does not."""
    stored = underlying(undecorated(column))
    return isinstance(stored, Integer) and not isinstance(stored, BigInteger)


def big_int(column: Column[object]) -> object:
    """The same for a BigInt, whose own form has no end."""
    return Annotated[BigInt, *whole_number(column).__metadata__]


def double(column: Column[object]) -> object:
    """A number that fits into the column, where not every double does."""
    stored = _stored(column)
    if is_single(stored):
        return Annotated[float, Field(gt=-SINGLE_OVERFLOW, lt=SINGLE_OVERFLOW)]
    if isinstance(stored, Numeric) and stored.precision is not None:
        limit = 10.0 ** (stored.precision - (stored.scale or 0))
        return Annotated[float, Field(gt=-limit, lt=limit)]
    return float


def decimal(column: Column[object]) -> object:
    """A number with as many digits as the column keeps: databases would round it, or refuse it with their own words."""
    stored = _stored(column)
    if not isinstance(stored, Numeric):
        return Decimal
    return Annotated[Decimal, Field(max_digits=stored.precision, decimal_places=stored.scale)]


def any_json(_column: Column[object]) -> object:
    """Any JSON value; the scalar has checked it."""
    return Any


def _stored(column: Column[object]) -> TypeEngine[object]:
    """The type that the database knows; of a domain, the one that the domain restricts."""
    return underlying(undecorated(column.type))


def _one_of(words: Collection[str]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in words:
            raise ValueError(f"this must be one of {', '.join(words)}")
        return value

    return check
