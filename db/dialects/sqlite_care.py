"""What SQLite says of itself.

Sources: https://www.sqlite.org/pragma.html, https://www.sqlite.org/dbstat.html
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.dialects.care import CareDialect, Facts


class SQLiteCare(CareDialect):
    """A file, without a clock or connections of its own."""

    bytes = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    tables = (
        "SELECT m.tbl_name, sum(s.pgsize), NULL FROM dbstat s JOIN sqlite_schema m ON m.name = s.name"
        " WHERE s.aggregate = TRUE GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :most"
    )

    async def facts(self, connection: AsyncConnection) -> Facts:
        """Its version and its encoding."""
        version = (await connection.execute(text("SELECT sqlite_version()"))).scalar_one()
        encoding = (await connection.execute(text("PRAGMA encoding"))).scalar_one()
        return Facts("SQLite", version, encoding)
