"""Why a database is left as it is: each class keeps its data and writes its own sentence, with the cure.

Names of tables, schemas and revisions enter. Nothing is looked up here.
"""

from collections.abc import Collection, Sequence
from pathlib import Path


class Refused(Exception):
    """A database that Trellis leaves as it is, because it may belong to somebody else."""


class ForeignRevision(Refused):
    """The table of revisions holds what no revision of the code is called."""

    def __init__(self, table: str, found: Collection[str]) -> None:
        self.found = found
        super().__init__(
            f"The table {table} is at revision {', '.join(sorted(found))}, which is not of this code. Deploy the code"
            " that belongs to it; or, if the table is another application's, give Trellis one of its own:"
            " TRELLIS_VERSION_TABLE=trellis_alembic_version."
        )


class ForeignTables(Refused):
    """Tables are there that revisions would make."""

    def __init__(self, tables: Sequence[str]) -> None:
        self.tables = tables
        super().__init__(
            f"The database has tables already that the next revisions make: {', '.join(tables)}. Nothing was changed."
            " If they are those of the models, run `trellis db adopt`; else choose another database."
        )


class CannotAdopt(Refused):
    """The tables are not those that a revision makes."""

    def __init__(self, differences: Sequence[str]) -> None:
        self.differences = differences
        cure = "The tables are not as the models want them. Change either, or adopt an older revision."
        super().__init__("\n".join((*differences, cure)))


class AtRevision(Refused):
    """A database that is to be adopted has a revision."""

    def __init__(self, revision: str) -> None:
        self.revision = revision
        super().__init__(f"The database is at revision {revision} already. Run `trellis db upgrade`.")


class ForeignSchema(Refused):
    """The schema for Trellis's own tables holds tables of somebody else."""

    def __init__(self, schema: str, tables: Sequence[str]) -> None:
        self.tables = tables
        super().__init__(
            f"The schema {schema}, where Trellis keeps its own tables, holds others: {', '.join(tables)}. Nothing was"
            " changed. Name another one by TRELLIS_OWN_SCHEMA."
        )


class ForeignOwnRevision(Refused):
    """The history of Trellis's own tables knows revisions that the code does not know."""

    def __init__(self, table: str, found: Collection[str]) -> None:
        self.found = found
        super().__init__(
            f"The table {table} is at revision {', '.join(sorted(found))}, which this code does not know. Deploy the"
            " code that belongs to it; or, if it is not Trellis's, name another schema by TRELLIS_OWN_SCHEMA."
        )


class ForeignHistory(Refused):
    """The table that keeps revisions is a table of something else."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(
            f"The table {table} keeps no revisions: it is somebody else's. Name another by TRELLIS_VERSION_TABLE, or"
            " for Trellis's own tables another schema by TRELLIS_OWN_SCHEMA."
        )


class NoOwnTable(Refused):
    """Rows are to move to a table of Trellis's own, which is not there."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(
            f"The rows of {table} move to a table of Trellis's own, which is not there. Nothing was changed."
            " Run `trellis db upgrade`, which makes it first, in the place of `alembic upgrade`."
        )


class NoSchema(Refused):
    """The role may not make the schema for Trellis's own tables, or nothing in it."""

    def __init__(self, schema: str, statement: str) -> None:
        self.statement = statement
        super().__init__(
            f"Trellis keeps its own tables in the schema {schema}, and this role may not make them there. As the"
            f" database's owner run: {statement}; or switch off what needs them."
        )


class UnreadableRevision(Refused):
    """The file of a revision does not say which one it is, or only to whoever runs it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        super().__init__(
            f"{file} does not say which revision it is. Write the names into it as texts, as alembic does:"
            ' revision = "0002" and down_revision = "0001", or None for the first.'
        )


class HalfDone(Refused):
    """A revision has stopped half-way, and is another one now."""

    def __init__(self, history: str, number: int) -> None:
        super().__init__(
            f"A revision has stopped half-way, and its statement {number} is another one now ({history}). Bring back"
            " what it said before, and run the command again: it goes on where it stopped. Or finish it by hand and"
            " drop the table trellis_halfway."
        )
