"""The names of Trellis's own tables, and where a database keeps such tables: one description serves every database.

A table's name begins with a prefix. That is the table's name where a database has no schemas; where there are schemas,
the table stands in one of Trellis's own, without the prefix. Names enter when SQLAlchemy compiles a statement, so a
statement that is run again costs nothing. No table is named here, and nothing is executed.
Why: docs/decisions/0030-our-own-tables.md.

Source: https://docs.sqlalchemy.org/en/21/core/internals.html#sqlalchemy.sql.compiler.IdentifierPreparer
"""

from sqlalchemy import Dialect
from sqlalchemy.sql.compiler import IdentifierPreparer
from sqlalchemy.sql.elements import quoted_name

PREFIX = "trellis_"
"""Every table of ours begins with it, as far as code and databases without schemas go."""


class OwnName(quoted_name):
    """The name of a table of ours, for whoever compiles a statement."""


def bare(name: str) -> str:
    """A table's name in a schema of its own."""
    return name.removeprefix(PREFIX)


def keep_own_tables_in(dialect: Dialect, schema: str, *, by_prefix: bool = False) -> None:
    """Let a dialect find the tables of ours in a schema.

    `by_prefix`: whatever begins with the prefix is such a table; for revisions of ours, which have plain texts.
    """
    usual: type[IdentifierPreparer] = type(dialect.identifier_preparer)

    class InSchema(usual):  # type: ignore[valid-type, misc]  # each dialect has a class of its own
        """Writes names as the dialect does, and those of our tables with the schema."""

        def quote(self, ident: str) -> str:
            """A name as it stands in a statement."""
            if isinstance(ident, OwnName) or (by_prefix and ident.startswith(PREFIX) and ident != schema):
                return f"{super().quote(schema)}.{super().quote(bare(ident))}"
            written: str = super().quote(ident)
            return written

    dialect.identifier_preparer = InSchema(dialect)
