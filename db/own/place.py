"""Where Trellis's own tables are: in a schema of their own where the database has schemas, else among the others.

Settings enter, names leave. Nothing is executed here.
"""

from typing import Any, NamedTuple

from sqlalchemy import TableClause, column, table

from db.dialects import dialect_of
from db.dialects.own_names import PREFIX
from db.settings import DatabaseSettings

HISTORY = "history"
"""The table that keeps which revisions of ours have run, without its prefix."""

HALFWAY = f"{PREFIX}halfway"
"""The table that says how far a revision has come, where a database does not undo what makes tables."""


class VersionTable(NamedTuple):
    """The table in which alembic keeps the revisions of a history."""

    name: str
    schema: str | None = None

    @property
    def options(self) -> dict[str, Any]:
        """As alembic takes them."""
        return {"version_table": self.name, "version_table_schema": self.schema}

    @property
    def rows(self) -> TableClause:
        """For statements."""
        return table(self.name, column("version_num"), schema=self.schema)

    def __str__(self) -> str:
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


def own_schema(settings: DatabaseSettings) -> str | None:
    """The schema of our tables; None where the database has no schemas."""
    return dialect_of(settings.primary.get_backend_name()).connections.own_schema(settings.own_schema)


def version_table(settings: DatabaseSettings, *, own: bool) -> VersionTable:
    """The table of the application's history, or of ours."""
    if not own:
        return VersionTable(settings.version_table)
    schema = own_schema(settings)
    return VersionTable(HISTORY if schema else f"{PREFIX}{HISTORY}", schema)
