"""Everything that a database holds."""

from typing import Any, TypeAlias, cast

from sqlalchemy import Table, select

from db.base import Base
from db.dialects.own_names import bare
from db.own import AuditEntry
from db.session.engines import Engines

Rows: TypeAlias = dict[str, list[tuple[Any, ...]]]


async def all_rows(engines: Engines) -> Rows:
    """The rows of every table, with every column, in the order of the primary key."""
    async with engines.snapshot().connect() as connection:
        return {
            bare(table.name): [
                tuple(row) for row in await connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in (*Base.metadata.sorted_tables, cast(Table, AuditEntry.__table__))
        }
