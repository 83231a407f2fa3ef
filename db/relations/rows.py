"""One row of a model in one statement: the alias, conditions on the alias, and the attributes that make a key.

Mappers enter; names of attributes and the vocabulary of the other rooms leave. No statement is built here.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Column, ColumnElement, Table
from sqlalchemy.orm import Mapper

from db.views import has_key

Expression: TypeAlias = ColumnElement[Any]
"""SQL for one value; which Python type the value has, only the model knows."""

AnyMapper: TypeAlias = Mapper[Any]

AnyColumn: TypeAlias = Column[Any]

Key: TypeAlias = tuple[Any, ...]
"""The values of a key's attributes, in order; `()` at the root."""


Row: TypeAlias = Any
"""A model's alias in one statement: attributes and hybrids read as SQL expressions.

SQLAlchemy types an alias as the class itself, whose attributes would read as Python values.
"""

Predicate: TypeAlias = Callable[[Row], ColumnElement[bool] | None]
"""Which rows count, as SQL on the alias of their model; None: all of them."""


def primary_key(mapper: AnyMapper) -> tuple[str, ...]:
    """The attributes that make the primary key, in order; none where nothing tells rows apart."""
    if not has_key(mapper):
        return ()
    return tuple(attribute_of(mapper, column) for column in mapper.primary_key)


def attribute_of(mapper: AnyMapper, column: Expression) -> str:
    """The attribute that a model has for a column of its table."""
    return mapper.get_property_by_column(column).key


@cache
def key_table(mapper: AnyMapper, names: tuple[str, ...]) -> str | None:
    """The one table of a mapper, if these attributes are its primary key, in the key's order; else None."""
    table = mapper.local_table
    if len(mapper.tables) != 1 or not isinstance(table, Table) or not names or names != primary_key(mapper):
        return None
    is_own = [column.key for column in mapper.primary_key] == [column.key for column in table.primary_key]
    return table.fullname if is_own else None
