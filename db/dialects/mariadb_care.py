"""What MariaDB and MySQL say of themselves.

Sources: https://mariadb.com/kb/en/server-system-variables/,
https://mariadb.com/kb/en/information-schema-tables-table/
"""

import time
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.dialects.care import CareDialect, Facts, ahead_s

_SERVER = text(
    "SELECT VERSION() AS version, @@character_set_database AS encoding, @@time_zone AS time_zone,"
    " UTC_TIMESTAMP(6) AS clock, @@max_connections AS room, @@max_user_connections AS room_of_user,"
    " DATABASE() AS first_schema, VERSION() LIKE '%MariaDB%' AS is_mariadb"
)


class MariaDBCare(CareDialect):
    """A server. What InnoDB says of sizes and rows are estimates, as of the last time that it looked."""

    bytes = (
        "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables"
        " WHERE table_schema = DATABASE()"
    )
    tables = (
        "SELECT table_name, COALESCE(data_length + index_length, 0) AS bytes, table_rows"
        " FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
        " ORDER BY 2 DESC, 1 LIMIT :most"
    )

    dump = "mariadb-dump --single-transaction --triggers --routines --result-file={file} DATABASE"

    async def facts(self, connection: AsyncConnection) -> Facts:
        """As variables of the server tell. A user may have a limit of connections; 0 stands for none."""
        before = time.time()
        server = (await connection.execute(_SERVER)).one()
        after = time.time()
        clock: datetime = server.clock
        return Facts(
            "MariaDB" if server.is_mariadb else "MySQL",
            server.version.partition("-")[0],
            server.encoding,
            server.time_zone,
            ahead_s(clock.replace(tzinfo=UTC), before, after),
            min(server.room, server.room_of_user or server.room),
            first_schema=server.first_schema,
        )
