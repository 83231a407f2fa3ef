"""References: which rows keep a row from being deleted.

Keys of rows enter, one question for each table leaves, as a statement. Nothing is executed here.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ForeignKeyConstraint, MetaData, Select, Table, exists, select, tuple_

from db.relations import Key


def references_to(table: Table, key: Key, metadata: MetaData) -> list[tuple[Table, Select[bool]]]:
    """For each table that would keep a row from being deleted, a statement that asks whether it does."""
    values = dict(zip((column.name for column in table.primary_key), key, strict=True))
    found: list[tuple[Table, Select[bool]]] = []
    for other, constraint in _keeping(table, metadata):
        pairs = [(element.parent, element.column) for element in constraint.elements]
        refers = exists().where(*(own == values[far.name] for own, far in pairs))
        found.append((other, select(refers.select_from(other))))
    return found


def kept_by(table: Table, keys: Sequence[Key], metadata: MetaData) -> list[tuple[Table, Select[Any]]]:
    """For each table that would keep rows from being deleted, a statement that tells which: it gives their keys.

    A key of which a table refers to a part alone is not among them; nor is one that only rows refer to that go along.
    """
    found: list[tuple[Table, Select[Any]]] = []
    for other, constraint in _keeping(table, metadata):
        own = {element.column.name: element.parent for element in constraint.elements}
        if own.keys() == {column.name for column in table.primary_key}:
            key = [own[column.name] for column in table.primary_key]
            kept = select(*key).distinct().where(tuple_(*key).in_(keys))
            if other is table and (constraint.ondelete or "").upper() != "RESTRICT":  # rows that go together
                kept = kept.where(tuple_(*table.primary_key).not_in(keys))
            found.append((other, kept))
    return found


def _keeping(table: Table, metadata: MetaData) -> Iterator[tuple[Table, ForeignKeyConstraint]]:
    """The references to a table's key that do not give way when a row is deleted."""
    key = {column.name for column in table.primary_key}
    for other in metadata.sorted_tables:
        for constraint in other.foreign_key_constraints:
            gives_way = (constraint.ondelete or "").upper() in ("CASCADE", "SET NULL")
            within = all(element.column.name in key for element in constraint.elements)
            if constraint.referred_table is table and not gives_way and within:
                yield other, constraint
