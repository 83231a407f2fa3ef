"""References: which rows keep a row from being deleted.

A row's key enters, one question for each table leaves, as a statement. Nothing is executed here.
"""

from sqlalchemy import MetaData, Select, Table, exists, select

from db.relations import Key


def references_to(table: Table, key: Key, metadata: MetaData) -> list[tuple[Table, Select[bool]]]:
    """For each table that would keep a row from being deleted, a statement that asks whether it does."""
    values = dict(zip((column.name for column in table.primary_key), key, strict=True))
    found: list[tuple[Table, Select[bool]]] = []
    for other in metadata.sorted_tables:
        for constraint in other.foreign_key_constraints:
            gives_way = (constraint.ondelete or "").upper() in ("CASCADE", "SET NULL")
            pairs = [(element.parent, element.column) for element in constraint.elements]
            if constraint.referred_table is table and not gives_way and all(far.name in values for _, far in pairs):
                refers = exists().where(*(own == values[far.name] for own, far in pairs))
                found.append((other, select(refers.select_from(other))))
    return found
