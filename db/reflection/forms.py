"""The Python type of a column's values, as far as somebody has a form for it.

The type of a column enters, an annotation leaves. What is known is told by whoever serves the values; the default is
what every server here knows.
"""

import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime, time
from decimal import Decimal

from sqlalchemy import ARRAY, JSON
from sqlalchemy import Enum as EnumType
from sqlalchemy.dialects.postgresql import TSVECTOR

from db.reflection.catalog import Name
from db.reflection.plan import EnumPlan
from db.relations import ColumnType, python_type
from db.relations.types import underlying

KNOWN: Collection[object] = frozenset({bool, date, datetime, Decimal, dict, float, int, str, time, uuid.UUID})
"""The Python types that have a form everywhere."""

Enums = Mapping[Name, EnumPlan]


def form_of(type_: ColumnType, enums: Enums, known: Collection[object] = KNOWN) -> object | None:
    """The annotation of a column's values, without None: `int`, `list[str]`, an enumeration. None: no form is known.

    Documents for full-text search have none: nobody reads them.
    """
    found = underlying(type_)
    if isinstance(found, ARRAY):
        of_items = form_of(found.item_type, enums, known)
        return None if of_items is None else list[of_items]  # type: ignore[valid-type]  # made of what was found
    name = enum_name(found)
    if name is not None:
        return enums.get(name) or _by_name(enums, name.name)
    python = dict if isinstance(found, JSON) else python_type(found)
    return python if python in known and not isinstance(found, TSVECTOR) else None


def enum_name(type_: ColumnType) -> Name | None:
    """The name of a column's enumeration, or of that of its items; None for columns of other types."""
    found = underlying(type_)
    if isinstance(found, ARRAY):
        return enum_name(found.item_type)
    return Name(found.schema, found.name) if isinstance(found, EnumType) and found.name is not None else None


def _by_name(enums: Enums, name: str) -> EnumPlan | None:
    """An enumeration in a schema that is searched before: SQLAlchemy leaves out its schema."""
    return next((plan for each, plan in enums.items() if each.name == name), None)
