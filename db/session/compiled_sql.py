"""The SQL that SQLAlchemy has made of statements, bounded in bytes.

SQLAlchemy keeps 500 to 750 of them for each engine, however long they are; it takes any mapping instead. Statements'
cache keys enter, compiled statements leave. Nothing is compiled here.
Source: https://docs.sqlalchemy.org/en/21/core/connections.html#sqlalchemy.engine.Connection.execution_options.params.compiled_cache
"""

from collections.abc import Hashable
from typing import TypeAlias

from sqlalchemy import Compiled

from db.kept import Cache, Kept

MAX_NUMBER = 1_000

BYTES_PER_STATEMENT = 60_000
BYTES_PER_CHARACTER = 90
"""What a character of SQL takes, with the statement that it was made of: measured with 1 to 400 comparisons."""

CompiledSQL: TypeAlias = Kept[Hashable, Compiled]


def compiled_sql(max_cache_bytes: int) -> CompiledSQL:
    """An empty cache, which has its share of the bytes."""
    return Kept(MAX_NUMBER, Cache.SQL.share_of(max_cache_bytes), _size)


def _size(_key: Hashable, compiled: Compiled) -> int:
    return BYTES_PER_STATEMENT + BYTES_PER_CHARACTER * len(str(compiled))
