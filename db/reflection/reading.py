"""Reading a database: a connection enters, a `Catalog` leaves.

Each database is read by a function of its own; what comments tell and what leads nowhere is settled here, the same
for all. Nothing is ever written: the transaction of the connection cannot write while it is read.
"""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from db.reflection.catalog import Catalog
from db.reflection.chosen import Chosen
from db.reflection.keys import with_true_keys
from db.reflection.postgresql import read_postgresql
from db.reflection.sqlite import read_sqlite
from db.reflection.told import with_comments, without_loose_ends

READERS: Mapping[str, Callable[[Connection, Chosen], Catalog]] = {
    "postgresql": read_postgresql,
    "sqlite": read_sqlite,
}


async def read(connection: AsyncConnection, chosen: Chosen | None = None) -> Catalog:
    """What a database holds, as far as it is chosen.

    The transaction of the connection reads, and can do nothing else from then on where the database has such
    transactions. Raises `UnknownSchema` for a chosen schema that is not there.
    """
    return await connection.run_sync(_read, chosen or Chosen())


def _read(connection: Connection, chosen: Chosen) -> Catalog:
    found = with_comments(READERS[connection.dialect.name](connection, chosen), connection.dialect.default_schema_name)
    return without_loose_ends(with_true_keys(connection, without_loose_ends(found)))
