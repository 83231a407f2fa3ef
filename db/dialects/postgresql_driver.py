"""SQLAlchemy's dialect for asyncpg with types of ours: texts without padding, floats of both precisions, times as text.

The dialect is known to SQLAlchemy as `DRIVER`. Which types, and why: the modules that are named here.
Source: https://docs.sqlalchemy.org/en/21/core/type_api.html#sqlalchemy.types.TypeEngine.render_bind_cast
"""

from typing import Any

from sqlalchemy import ARRAY, CHAR, REAL, Date, DateTime, Float, String, Time
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.dialects.postgresql.asyncpg import PGCompiler_asyncpg, PGDialect_asyncpg

import db.dialects.postgresql_ranges  # noqa: F401 - ranges say how they travel
from db.dialects.postgresql_as_text import THROUGH, Array, Domain
from db.dialects.postgresql_extensions import EXTENSIONS, GEOMETRY
from db.dialects.postgresql_numbers import AnyFloat, SingleFloat
from db.dialects.postgresql_texts import ServerText
from db.dialects.postgresql_times import TIMES, Day, InWords, Moment, TimeOfDay
from db.dialects.postgresql_types import NAMED
from db.kept import Kept
from db.relations import stored

DRIVER = "postgresql+trellis"
"""SQLAlchemy's name for asyncpg with these types."""


MAX_PREPARED = 50
MAX_PREPARED_BYTES = 1024 * 1024
"""Of the texts of prepared statements, on one connection."""


class _Compiler(PGCompiler_asyncpg):
    def render_bind_cast(self, type_: Any, dbapi_type: Any, sqltext: str) -> str:
        """`$1::TEXT::DATE`, and for keys `$1::TEXT[]::DATE[]`; of what travels as another type, that one first."""
        kind: Any = stored(dbapi_type, self.dialect)
        sent_as = getattr(kind, "sent_as", None)
        if isinstance(kind, GEOMETRY):
            return kind.sent(sqltext)
        if isinstance(kind, InWords):
            sqltext = f"{sqltext}::TEXT"
        elif sent_as is not None:
            if kind.cast_as is not None:
                return f"{sqltext}::{sent_as}::{kind.cast_as}"
            sqltext = f"{sqltext}::{sent_as}"
        elif isinstance(dbapi_type, ARRAY) and isinstance(stored(dbapi_type.item_type, self.dialect), TIMES):
            sqltext = f"{sqltext}::TEXT[]"
        return super().render_bind_cast(type_, dbapi_type, sqltext)  # type: ignore[no-untyped-call, no-any-return]


class PostgreSQLDriver(PGDialect_asyncpg):
    """asyncpg, as SQLAlchemy has it, but for these types."""

    supports_statement_cache = True
    statement_compiler = _Compiler
    colspecs = {  # noqa: RUF012 - as in its base
        **PGDialect_asyncpg.colspecs,
        String: ServerText,
        CHAR: ServerText,
        Float: AnyFloat,
        REAL: SingleFloat,
        Date: Day,
        DateTime: Moment,
        Time: TimeOfDay,
        **THROUGH,
        ARRAY: Array,
        DOMAIN: Domain,
    }
    ischema_names = {**PGDialect_asyncpg.ischema_names, **NAMED, **EXTENSIONS}  # noqa: RUF012 - as in its base


def bound_prepared_statements(connection: Any, _record: object) -> None:
    """Let SQLAlchemy keep prepared statements of a connection by their length; its own cache counts them alone.

    asyncpg keeps those of the fast path beside these: 100 of at most 15 KB.
    """
    if connection._prepared_statement_cache is not None:  # noqa: SLF001 - docs/private-names.md
        connection._prepared_statement_cache = Kept(MAX_PREPARED, MAX_PREPARED_BYTES, _length)  # noqa: SLF001 - as above


def _length(sql: str, _prepared: object) -> int:
    return len(sql)


registry.register(DRIVER.replace("+", "."), __name__, PostgreSQLDriver.__name__)
