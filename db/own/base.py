"""The declarative base of Trellis's own tables, what each is for, and their description where a schema keeps them."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Column, ForeignKeyConstraint, Index, MetaData, PrimaryKeyConstraint, Table
from sqlalchemy.orm import DeclarativeBase

from db.base import COLUMN_TYPES, NAMING_CONVENTION
from db.dialects.own_names import PREFIX, OwnName, bare

_FEATURE = "feature"


class Feature(StrEnum):
    """What tables of ours are for. Each has revisions of its own, under its name in `migrations/own`."""

    USAGE = "usage"
    """Counts of what clients use."""
    DOCUMENTS = "documents"
    """Trusted documents."""
    COUNTERS = "counters"
    """Counters of limits that all processes share."""
    IDEMPOTENCY = "idempotency"
    """Changes that clients may send again."""
    API_KEYS = "api_keys"
    """Keys by which machines say who they are."""
    AUDIT = "audit"
    """The record of what was done."""
    CHANGES = "changes"
    """The log of changed rows."""


REQUIRED = frozenset({Feature.API_KEYS, Feature.AUDIT, Feature.IDEMPOTENCY})
"""Those whose tables a server cannot do without; of the others it says once that they are missing, and goes on."""


class OwnBase(DeclarativeBase):
    """The declarative base of a table of ours, in no application's metadata."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = dict(COLUMN_TYPES)

    def __init_subclass__(cls, feature: Feature, **given: Any) -> None:
        """Say what the table is for. Refuses a name that an application may have: raises `ValueError`."""
        name = vars(cls).get("__tablename__")
        if name is None or not name.startswith(PREFIX):
            raise ValueError(f"{cls.__name__} is a table of Trellis's own; begin its name with {PREFIX}.")
        cls.__tablename__ = OwnName(name, None)
        super().__init_subclass__(**given)
        OwnBase.metadata.tables[name].info[_FEATURE] = feature


def required_tables(features: Collection[Feature]) -> tuple[Table, ...]:
    """The tables of features without which a server does not start, for statements."""
    tables = OwnBase.metadata.sorted_tables
    return tuple(table for table in tables if table.info[_FEATURE] in REQUIRED.intersection(features))


def own_tables(features: Collection[Feature], schema: str | None) -> MetaData:
    """The tables of features as a database holds them: under the prefix, or in a schema."""
    found = MetaData()
    for table in OwnBase.metadata.sorted_tables:
        if table.info[_FEATURE] in features:
            _placed(table, found, schema)
    return found


def _placed(table: Table, metadata: MetaData, schema: str | None) -> None:
    """The same table by another name. `Table.to_metadata` renames one table, and not those that it refers to."""
    Table(
        _name(table, schema),
        metadata,
        *(Column(it.name, it.type, nullable=it.nullable, autoincrement=it.autoincrement) for it in table.columns),
        PrimaryKeyConstraint(*table.primary_key.columns.keys(), name=str(table.primary_key.name)),
        *(Index(it.name, *it.columns.keys(), unique=it.unique) for it in table.indexes),
        *(_placed_reference(it, schema) for it in table.foreign_key_constraints),
        schema=schema,
    )


def _placed_reference(reference: ForeignKeyConstraint, schema: str | None) -> ForeignKeyConstraint:
    place = "" if schema is None else f"{schema}."
    other = f"{place}{_name(reference.referred_table, schema)}"
    columns = [f"{other}.{element.column.name}" for element in reference.elements]
    return ForeignKeyConstraint(reference.column_keys, columns, name=str(reference.name))


def _name(table: Table, schema: str | None) -> str:
    return str(table.name) if schema is None else bare(table.name)
