"""The Python type of a column's values, as far as somebody has a form for it.

The type of a column enters, an annotation leaves. What has a form is told by whoever serves the values, as a function;
`plain_form` is what every server here can do.
"""

import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import TypeAlias

from sqlalchemy import ARRAY, JSON
from sqlalchemy import Enum as EnumType
from sqlalchemy.dialects.postgresql import TSVECTOR

from db.reflection.catalog import Name
from db.reflection.plan import EnumPlan
from db.relations import ColumnType, python_type
from db.relations.types import underlying

PLAIN: Collection[object] = frozenset({bool, date, datetime, Decimal, dict, float, int, str, time, uuid.UUID})
"""The Python types that have a form everywhere."""

Enums: TypeAlias = Mapping[Name, EnumPlan]
Form: TypeAlias = Callable[[ColumnType], object | None]
"""From the type of a column to the annotation of its values, without None; None where there is no form."""


def plain_form(type_: ColumnType) -> object | None:
    """The annotation of plain values, and of lists of them: `int`, `list[str]`."""
    found = underlying(type_)
    if isinstance(found, ARRAY):
        of_items = plain_form(found.item_type)
        return None if of_items is None else list[of_items]  # type: ignore[valid-type]  # made of what was found
    python = dict if isinstance(found, JSON) else python_type(found)
    return python if python in PLAIN else None


def form_of(type_: ColumnType, enums: Enums, form: Form) -> object | None:
    """The annotation of a column's values: an enumeration of the plan, a list of that, or what `form` knows.

    Documents for full-text search have none: nobody reads them.
    """
    found = underlying(type_)
    name = enum_name(found)
    if name is None:
        return None if isinstance(found, TSVECTOR) else form(type_)
    enum = enums.get(name) or _by_name(enums, name.name)
    return list[enum] if enum is not None and isinstance(found, ARRAY) else enum  # type: ignore[valid-type]  # as above


def enum_name(type_: ColumnType) -> Name | None:
    """The name of a column's enumeration, or of that of its items; None for columns of other types."""
    found = underlying(type_)
    if isinstance(found, ARRAY):
        return enum_name(found.item_type)
    return Name(found.schema, found.name) if isinstance(found, EnumType) and found.name is not None else None


def _by_name(enums: Enums, name: str) -> EnumPlan | None:
    """An enumeration in a schema that is searched before: SQLAlchemy leaves out its schema."""
    return next((plan for each, plan in enums.items() if each.name == name), None)
