"""Types of PostgreSQL that SQLAlchemy does not know, by their rows of the catalog: of extensions, and of people's own.

The numbers of types enter, SQLAlchemy's types leave. What has no class of its own is `OTHER`, which the database writes
and reads as text. Nothing is asked before the first such type is met.

Source: https://www.postgresql.org/docs/current/catalog-pg-type.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_origin

from sqlalchemy import ARRAY as ANY_ARRAY
from sqlalchemy import Connection, Row, text
from sqlalchemy.dialects.postgresql import ARRAY, BIT, DOMAIN, ENUM, INTERVAL, TIME, TIMESTAMP
from sqlalchemy.types import NullType

from db.composites import CompositeType, Part, made_composite
from db.dialects.postgresql_composites import COMPOSITE
from db.dialects.postgresql_types import OTHER
from db.reflection.naming import Names, attribute
from db.relations import ColumnType, python_type, underlying

TIMES: Mapping[str, ColumnType] = {
    "time without time zone": TIME(),
    "time with time zone": TIME(timezone=True),
    "timestamp without time zone": TIMESTAMP(),
    "timestamp with time zone": TIMESTAMP(timezone=True),
}
COMPOSITES = "db.models.composites"
"""The module that a project has the classes of composite types in."""
WRITTEN = re.compile(r"(?P<name>[^(]+)(?:\((?P<sizes>[-\d, ]+)\))?(?P<rest>.*)")

_TYPES = """
    SELECT pg_type.oid, typname AS name, nspname AS schema, CAST(typtype AS text) AS kind, typbasetype AS base,
        typtypmod AS base_modifier, typrelid AS relation, pg_type_is_visible(pg_type.oid) AS visible,
        nspname = 'pg_catalog' AS is_own, (SELECT oid FROM pg_type AS one WHERE one.typarray = pg_type.oid) AS element,
        (SELECT array_agg(CAST(enumlabel AS text) ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = pg_type.oid)
            AS words
    FROM pg_type JOIN pg_namespace ON pg_namespace.oid = typnamespace WHERE pg_type.oid = :oid
"""
_ATTRIBUTES = """
    SELECT attname AS name, atttypid AS type, atttypmod AS modifier, attndims AS dimensions FROM pg_attribute
    WHERE attrelid = :relation AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_WRITTEN = "SELECT format_type(:oid, :modifier)"


def is_known(type_: ColumnType) -> bool:
    """Whether SQLAlchemy knows a type, and those that the type is made of."""
    found = underlying(type_)
    if isinstance(found, ANY_ARRAY):
        return is_known(found.item_type) and not _is_array(found.item_type)
    return not isinstance(found, NullType)


def _is_array(type_: ColumnType) -> bool:
    """Whether elements would be lists, as of a domain over arrays; drivers take lists in lists for dimensions."""
    return get_origin(python_type(type_)) is list


def with_dimensions(type_: ColumnType, dimensions: int) -> ColumnType:
    """An array of as many dimensions as a column is declared with. One is told by nothing."""
    if dimensions > 1 and isinstance(type_, ANY_ARRAY) and type_.dimensions is None:
        return type(type_)(type_.item_type, dimensions=dimensions)
    return type_


class Types:
    """The types of one database, each asked for once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._names: Mapping[str, type[ColumnType]] = connection.dialect.ischema_names  # type: ignore[attr-defined]  # of this dialect
        self._rows: dict[int, Row[Any]] = {}
        self._classes: dict[int, type[Any]] = {}

    def of(self, oid: int, modifier: int = -1, dimensions: int = 0) -> ColumnType:
        """The type of a number, with the sizes that its modifier tells."""
        row = self._row(oid)
        if row.element is not None:
            item = self.of(row.element, modifier)
            if not _is_array(item):
                return ARRAY(item, dimensions=dimensions if dimensions > 1 else None)
        schema = None if row.visible else row.schema
        if row.kind == "d":
            return DOMAIN(row.name, self.of(row.base, row.base_modifier), schema=schema, create_type=False)
        if row.kind == "c":
            return self._composite(row, schema)
        if row.kind == "e":
            return ENUM(*(row.words or ()), name=row.name, schema=schema)
        return self._plain(oid, modifier) or OTHER(row.name, None if row.is_own else schema)

    def _composite(self, row: Row[Any], schema: str | None) -> COMPOSITE:
        """A class with the attributes of a type, made once."""
        cls = self._classes.get(row.oid)
        if cls is None:
            names = Names()
            found = self._connection.execute(text(_ATTRIBUTES), {"relation": row.relation}).all()
            parts = tuple(
                Part(names.give(attribute(it.name, place, is_id=True)), it.name, object, self._attribute(it))
                for place, it in enumerate(found, 1)
            )
            cls = made_composite(row.name, COMPOSITES, CompositeType(row.name, schema, parts))
            self._classes[row.oid] = cls
        return COMPOSITE(cls)

    def _attribute(self, row: Row[Any]) -> ColumnType:
        return self.of(row.type, row.modifier, row.dimensions)

    def _row(self, oid: int) -> Row[Any]:
        found = self._rows.get(oid)
        if found is None:
            found = self._rows[oid] = self._connection.execute(text(_TYPES), {"oid": oid}).one()
        return found

    def _plain(self, oid: int, modifier: int) -> ColumnType | None:
        """A type that has a class; None for others."""
        written = self._connection.execute(text(_WRITTEN), {"oid": oid, "modifier": modifier}).scalar_one()
        found = WRITTEN.fullmatch(written)
        assert found is not None  # every name has characters
        name, sizes = f"{found['name']}{found['rest']}", _sizes(found["sizes"])
        if name in TIMES:
            return TIMES[name]
        if name.startswith("interval"):
            return INTERVAL()
        if name == "bit varying":
            return BIT(sizes[0] if sizes else None, varying=True)
        cls = self._names.get(name)
        return None if cls is None else cls(*sizes)


def _sizes(written: str | None) -> Sequence[int]:
    return [int(size) for size in written.split(",")] if written else ()
