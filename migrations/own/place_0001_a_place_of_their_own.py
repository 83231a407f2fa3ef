"""A place of their own.

Revision place_0001, after nothing. Created on 2026-11-30.

Until then the tables stood among those of the application, and their history was one line, in `trellis_revisions`.
What is there moves to where it is made today, with its rows; on the way down it moves back. Else nothing is done.
"""

import sqlalchemy as sa
from alembic import op

from db.own import PREFIX
from db.own.place import HISTORY

revision = "place_0001"
down_revision = None
branch_labels = ("place",)
depends_on = None

BEFORE = f"{PREFIX}revisions"
LINE = {
    "0001": ("usage_0001", ("usage_counts", "usage_operations", "usage_runs")),
    "0002": ("documents_0001", ("documents", "document_ids", "document_uses")),
    "0003": ("counters_0001", ("counters",)),
}
"""The revisions of the line, what each has become, and the tables that it made."""


def upgrade() -> None:
    give_way()
    if op.get_context().as_sql or not sa.inspect(op.get_bind()).has_table(BEFORE):
        return
    at = op.get_bind().scalar(sa.text(f"SELECT max(version_num) FROM {before()}"))
    history = sa.table(f"{PREFIX}{HISTORY}", sa.column("version_num"))
    for number, (becomes, tables) in LINE.items():
        if at is not None and number <= at:
            move(tables, there=True)
            op.execute(history.insert().values(version_num=becomes))
    op.execute(f"DROP TABLE {before()}")


def downgrade() -> None:
    give_way()
    if op.get_context().as_sql:
        return
    history = sa.table(f"{PREFIX}{HISTORY}", sa.column("version_num"))
    done = set(op.get_bind().scalars(sa.select(history.c.version_num)))
    at = None
    for number, (was, tables) in LINE.items():
        if was not in done:
            break
        move(tables, there=False)
        op.execute(history.delete().where(history.c.version_num == was))
        at = number
    if at is not None:
        op.execute(f"CREATE TABLE {before()} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        op.execute(f"INSERT INTO {before()} (version_num) VALUES ('{at}')")


def move(tables: tuple[str, ...], *, there: bool) -> None:
    """Bring tables into the schema of ours, or back; without schemas they stay where they are."""
    schema = op.get_context().version_table_schema
    if schema is None:
        return
    quote = op.get_context().dialect.identifier_preparer.quote
    theirs = default_schema()
    for table in tables:
        if there:
            op.execute(f"ALTER TABLE {theirs}.{PREFIX}{table} SET SCHEMA {quote(schema)}")
            op.execute(f"ALTER TABLE {quote(schema)}.{PREFIX}{table} RENAME TO {table}")
        else:
            op.execute(f"ALTER TABLE {quote(schema)}.{table} RENAME TO {PREFIX}{table}")
            op.execute(f"ALTER TABLE {quote(schema)}.{PREFIX}{table} SET SCHEMA {theirs}")


def before() -> str:
    """The table of the line, as it stands in a statement."""
    return BEFORE if op.get_context().version_table_schema is None else f"{default_schema()}.{BEFORE}"


def default_schema() -> str:
    """The schema of the application, in quotes if it needs them."""
    found: str = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    return found


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
