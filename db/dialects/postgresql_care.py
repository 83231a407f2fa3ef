"""What PostgreSQL says of itself.

Sources: https://www.postgresql.org/docs/current/functions-info.html,
https://www.postgresql.org/docs/current/functions-admin.html
"""

import time
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.dialects.care import CareDialect, Facts, ahead_s

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


class PostgreSQLCare(CareDialect):
    """A server, whose connections something may lend."""

    bytes = "SELECT pg_catalog.pg_database_size(pg_catalog.current_database())"
    # A table's size is that of its partitions, which are listed each.
    tables = (
        "SELECT n.nspname || '.' || c.relname, pg_catalog.pg_total_relation_size(c.oid), nullif(c.reltuples, -1)"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'm') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'"
        " ORDER BY 2 DESC, 1 LIMIT :most"
    )
    written = "SELECT pg_catalog.pg_current_wal_lsn()::text"
    behind = (
        "SELECT pg_catalog.pg_wal_lsn_diff("
        "CAST(CAST(:written AS text) AS pg_lsn), pg_catalog.pg_last_wal_replay_lsn()),"
        " EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())"
    )

    dump = "pg_dump --format=custom --file={file} --dbname=URL"

    async def facts(self, connection: AsyncConnection) -> Facts:
        """As functions of the server tell."""
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
            ahead_s(server.clock, before, after),
            room,
            extensions,
            # A pooler gives clients numbers of its own, by which they cancel.
            # Source: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
            driver.get_server_pid() != server.process,
            server.first_schema,
        )
