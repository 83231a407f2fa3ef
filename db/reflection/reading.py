"""Reading a database: a connection enters, a `Catalog` leaves.

Each database is read by a function of its own; what comments tell and what leads nowhere is settled here, the same
for all. Nothing is ever written: the transaction of the connection cannot write while it is read.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from db.own import PREFIX
from db.reflection.catalog import Catalog, LeftOut, Name
from db.reflection.chosen import Chosen
from db.reflection.keys import with_true_keys
from db.reflection.postgresql import read_postgresql
from db.reflection.sqlite import read_sqlite
from db.reflection.told import with_comments, without_loose_ends

ALEMBIC = "alembic_version"

READERS: Mapping[str, Callable[[Connection, Chosen], Catalog]] = {
    "postgresql": read_postgresql,
    "sqlite": read_sqlite,
}


class UnreadDatabase(LookupError):
    """A kind of database that nobody reads here."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Tables that are there already are read of {' and '.join(sorted(READERS))} alone, and not of {name}. Write"
            " their models by hand: docs/databases.md."
        )


async def read(connection: AsyncConnection, chosen: Chosen | None = None) -> Catalog:
    """What a database holds, as far as it is chosen.

    The transaction of the connection reads, and can do nothing else from then on where the database has such
    transactions. Raises `UnknownSchema` for a chosen schema that is not there, and `UnreadDatabase`.
    """
    return await connection.run_sync(_read, chosen or Chosen())


def _without_bookkeeping(catalog: Catalog) -> Catalog:
    """The catalog without tables in which Trellis and Alembic keep what they have done."""
    kept = [table for table in catalog.tables if not _keeps_books(table.name)]
    why = "Trellis or Alembic keeps there what it has done."
    left_out = [LeftOut(f"{it.kind} {it.name}", why) for it in catalog.tables if _keeps_books(it.name)]
    return replace(catalog, tables=kept, left_out=[*catalog.left_out, *left_out])


def _keeps_books(name: Name) -> bool:
    return name.name == ALEMBIC or name.name.startswith(PREFIX)


def _read(connection: Connection, chosen: Chosen) -> Catalog:
    reader = READERS.get(connection.dialect.name)
    if reader is None:
        raise UnreadDatabase(connection.dialect.name)
    everything = reader(connection, chosen)
    found = with_comments(_without_bookkeeping(everything), connection.dialect.default_schema_name)
    return without_loose_ends(with_true_keys(connection, without_loose_ends(found)))
