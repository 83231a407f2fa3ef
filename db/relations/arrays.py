"""Arrays as they are compared: with elements that are counted from one.

Expressions enter and leave. PostgreSQL keeps with each array where its count begins, `[0:1]={7,8}`; drivers and clients
know nothing of that, and to the database such an array is equal to no other. No database is known here.
Source: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-ACCESSING
"""

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, cast
from sqlalchemy.sql.functions import FunctionElement

from db.relations.types import ColumnType, undecorated, underlying


class counted_from_one(FunctionElement[Any]):  # noqa: N801 - a function in SQL
    """`(array)`: the array with the same elements, counted from one, as a client's array is."""

    name = "trellis_counted_from_one"
    inherit_cache = True

    def __init__(self, array: ColumnElement[Any]) -> None:
        super().__init__(array)
        self.type = array.type


def is_array(type_: ColumnType) -> bool:
    """Whether values are arrays, of a domain or not."""
    return isinstance(underlying(undecorated(type_)), ARRAY)


def comparable_array(array: ColumnElement[Any]) -> ColumnElement[Any]:
    """An array by which rows are compared. There are no operators between arrays of a domain and of its type."""
    if isinstance(array, counted_from_one):
        return array
    kind = underlying(undecorated(array.type))
    assert isinstance(kind, ARRAY)
    below = underlying(kind.item_type)
    return counted_from_one(array if below is kind.item_type else cast(array, ARRAY(below)))


def as_stored(array: ColumnElement[Any]) -> ColumnElement[Any]:
    """The array itself, which an index on its elements serves: where the count begins means nothing to those."""
    if isinstance(array, counted_from_one):
        (found,) = array.clauses
        return found
    return array
