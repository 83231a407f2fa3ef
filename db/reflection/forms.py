"""The Python type of a column's values, as far as somebody has a form for it.

The type of a column enters, an annotation leaves. What has a form is told by whoever serves the values, as a function;
`plain_form` is what every server here can do.
"""

import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Optional, TypeAlias, get_args

from sqlalchemy import ARRAY, JSON
from sqlalchemy import Enum as EnumType
from sqlalchemy.dialects.postgresql import TSVECTOR

from db.kinds import DatabaseText
from db.reflection.catalog import Name
from db.reflection.plan import EnumPlan
from db.relations import ColumnType, nested, python_type
from db.relations.types import underlying

PLAIN: Collection[object] = frozenset({bool, date, datetime, Decimal, dict, float, int, str, time, uuid.UUID})
"""The Python types that have a form everywhere."""

Enums: TypeAlias = Mapping[Name, EnumPlan]
Form: TypeAlias = Callable[[ColumnType], object | None]
"""From the type of a column to the annotation of its values, without None; None where there is no form."""


NamesRows: TypeAlias = Callable[[ColumnType], bool]
"""Whether ids have a form for the values of a column."""


def plain_names_rows(type_: ColumnType) -> bool:
    """Whether plain values tell rows apart: documents do not."""
    python = python_type(underlying(type_))
    return python in PLAIN and python is not dict


def plain_form(type_: ColumnType) -> object | None:
    """The annotation of plain values, and of lists of them: `int`, `list[str | None]`."""
    found = underlying(type_)
    if isinstance(found, ARRAY):
        of_items = plain_form(found.item_type)
        return None if of_items is None else nested(list[Optional[of_items]], found)  # type: ignore[valid-type]  # noqa: UP045 - made of what was found
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
    enum: Any = enums.get(name) or _by_name(enums, name.name)
    is_one = enum is None or not isinstance(found, ARRAY)
    shown: object = enum if is_one else nested(list[Optional[enum]], found)  # noqa: UP045 - a plan takes no `|`
    return shown


def is_as_text(form: object) -> bool:
    """Whether a form is nothing but the words of the database, of values or of the elements of arrays."""
    return form is DatabaseText or any(map(is_as_text, get_args(form)))


def enum_name(type_: ColumnType) -> Name | None:
    """The name of a column's enumeration, or of that of its items; None for columns of other types."""
    found = underlying(type_)
    if isinstance(found, ARRAY):
        return enum_name(found.item_type)
    return Name(found.schema, found.name) if isinstance(found, EnumType) and found.name is not None else None


def _by_name(enums: Enums, name: str) -> EnumPlan | None:
    """An enumeration in a schema that is searched before: SQLAlchemy leaves out its schema."""
    return next((plan for each, plan in enums.items() if each.name == name), None)
