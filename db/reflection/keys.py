"""Whether a key is one: no row without it, no two rows with the same.

A table enters, and the reason why its key is none leaves. Only keys that the database does not hold to are looked at.
Nothing is written. What is asked of the rows, `db.told_keys` knows.
"""

from dataclasses import replace

from sqlalchemy import ColumnClause, Connection, column, table
from sqlalchemy.exc import SQLAlchemyError

from db.reflection.catalog import Catalog, FoundKey, FoundTable, LeftOut
from db.told_keys import faults_of


def with_true_keys(connection: Connection, catalog: Catalog) -> Catalog:
    """The catalog without keys that are null or repeat; the columns of the others are never null."""
    left_out: list[LeftOut] = []
    tables = [_with_true_key(connection, each, left_out) for each in catalog.tables]
    return replace(catalog, tables=tables, left_out=[*catalog.left_out, *left_out])


def _with_true_key(connection: Connection, found: FoundTable, left_out: list[LeftOut]) -> FoundTable:
    key = found.key
    if key is None or (key.certain and not any(each.nullable for each in found.columns if each.name in key.columns)):
        return found
    fault = _fault(connection, found, key)
    if fault is None:
        columns = [replace(each, nullable=each.nullable and each.name not in key.columns) for each in found.columns]
        return replace(found, columns=columns)
    left_out.append(LeftOut(f"key of {found.kind} {found.name}", fault))
    return replace(found, key=None)


def _fault(connection: Connection, found: FoundTable, key: FoundKey) -> str | None:
    """Why columns are no key; None for a key. A view that cannot be read is a reason, too."""
    columns: list[ColumnClause[object]] = [column(name) for name in key.columns]
    rows = table(found.name.name, *columns, schema=found.name.schema)
    try:
        with connection.begin_nested():
            # What a unique index holds to has no two rows alike, and to look takes as long as there are rows.
            faults = list(faults_of(connection, rows, columns, may_repeat=not key.certain))
    except SQLAlchemyError as error:
        return f"Whether it is one cannot be read: {getattr(error, 'orig', None) or error}."
    names = ", ".join(key.columns)
    return f"({names}) is none: {' and '.join(faults)}; name columns that tell rows apart." if faults else None
