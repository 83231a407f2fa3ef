"""The nouns that a project has: its models are imported, and what is known of each leaves.

No file is read and nothing is written.
"""

import importlib
from typing import NamedTuple

from db.base import Base
from db.reflection.catalog import Name
from db.relations import ColumnType, python_type


class Existing(NamedTuple):
    """A noun, as far as relations to it need."""

    cls: str
    module: str
    table: Name
    key: tuple[str, ...]
    """Columns of the primary key."""
    names: tuple[str, ...]
    """The same as attributes."""
    types: tuple[object, ...]
    columns: tuple[ColumnType, ...]
    attributes: frozenset[str]


def existing_nouns() -> dict[str, Existing]:
    """The nouns by the names of their classes. Raises what importing the models raises."""
    importlib.import_module("db.models")
    found = {}
    for mapper in Base.registry.mappers:
        cls, table = mapper.class_, mapper.local_table
        found[cls.__name__] = Existing(
            cls.__name__,
            cls.__module__.rpartition(".")[2],
            Name(getattr(table, "schema", None), str(getattr(table, "name", ""))),
            tuple(column.name for column in mapper.primary_key),
            tuple(mapper.get_property_by_column(column).key for column in mapper.primary_key),
            tuple(python_type(column.type) for column in mapper.primary_key),
            tuple(column.type for column in mapper.primary_key),
            frozenset(mapper.all_orm_descriptors.keys()),
        )
    return found
