"""What a database says of itself: its version, its encoding, its clock, its limits of connections, its extensions.

A connection enters, facts leave. Catalogs and settings are read, no rows.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from db.dialects import Facts, dialect_of

__all__ = ["Facts", "facts"]


async def facts(connection: AsyncConnection) -> Facts:
    """What the database says."""
    return await dialect_of(connection.dialect.name).care.facts(connection)
