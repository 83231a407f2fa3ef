"""What a database says of itself: its version, its encoding, its clock, its limits of connections, its extensions.

A connection enters, facts leave. Catalogs and settings are read, no rows.
"""

<<<<<<< HEAD
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.dialects import dialect_of

_SERVER = text(
    "SELECT current_setting('server_version') AS version, current_setting('server_encoding') AS encoding,"
    " current_setting('TimeZone') AS time_zone, pg_catalog.clock_timestamp() AS clock,"
    " pg_catalog.pg_backend_pid() AS process, pg_catalog.current_schema() AS first_schema"
)
# What is kept for superusers is not for us; a role or a database may have a limit of its own, -1 stands for none.
_ROOM = text(
    "SELECT least(CAST(current_setting('max_connections') AS int)"
    " - CAST(current_setting('superuser_reserved_connections') AS int)"
    " - CAST(coalesce(current_setting('reserved_connections', true), '0') AS int),"
    " (SELECT nullif(rolconnlimit, -1) FROM pg_catalog.pg_roles WHERE rolname = current_user),"
    " (SELECT nullif(datconnlimit, -1) FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))"
)
_EXTENSIONS = text("SELECT extname FROM pg_catalog.pg_extension")
=======
from sqlalchemy.ext.asyncio import AsyncConnection

from db.dialects import Facts, dialect_of
>>>>>>> marialog

__all__ = ["Facts", "facts"]


async def facts(connection: AsyncConnection) -> Facts:
    """What the database says."""
<<<<<<< HEAD
    question = dialect_of(connection.dialect.name).server_sql
    if question is not None:
        return await _of_server(connection, question)
    return await _FACTS[connection.dialect.name](connection)


async def _of_server(connection: AsyncConnection, question: str) -> Facts:
    before = time.time()
    found: Sequence[Any] = (await connection.exec_driver_sql(question)).one()
    product, version, encoding, time_zone, clock, room = found
    there = datetime.fromtimestamp(float(clock), UTC)
    return Facts(product, version, encoding, time_zone, _ahead_s(there, before, time.time()), int(room))


async def _of_postgresql(connection: AsyncConnection) -> Facts:
    before = time.time()
    server = (await connection.execute(_SERVER)).one()
    after = time.time()
    room = (await connection.execute(_ROOM)).scalar_one()
    extensions = frozenset((await connection.execute(_EXTENSIONS)).scalars())
    driver: Any = (await connection.get_raw_connection()).driver_connection
    return Facts(
        "PostgreSQL",
        server.version.partition(" ")[0],
        server.encoding,
        server.time_zone,
        _ahead_s(server.clock, before, after),
        room,
        extensions,
        # A pooler gives clients numbers of its own, by which they cancel.
        # Source: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
        driver.get_server_pid() != server.process,
        server.first_schema,
    )


async def _of_sqlite(connection: AsyncConnection) -> Facts:
    version = (await connection.execute(text("SELECT sqlite_version()"))).scalar_one()
    encoding = (await connection.execute(text("PRAGMA encoding"))).scalar_one()
    return Facts("SQLite", version, encoding)


def _ahead_s(clock: datetime, before: float, after: float) -> float:
    """By how much a clock that was read between two moments is ahead; negative where it is behind."""
    there = clock.timestamp()
    return there - after if there > after else min(0.0, there - before)


_FACTS: Mapping[str, Callable[[AsyncConnection], Awaitable[Facts]]] = {
    "postgresql": _of_postgresql,
    "sqlite": _of_sqlite,
}
=======
    return await dialect_of(connection.dialect.name).care.facts(connection)
>>>>>>> marialog
