"""The change log.

Revision changes_0001, after nothing. Created on 2026-11-30.
"""

import sqlalchemy as sa
from alembic import op

from db.dialects import dialect_of
from db.dialects.change_log import LogNames

revision = "changes_0001"
down_revision = None
branch_labels = ("changes",)
depends_on = None


def upgrade() -> None:
    give_way()
    op.create_table(
        "trellis_changes",
        sa.Column("transaction_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("changed_columns", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", "id", name=op.f("pk_trellis_changes")),
    )
    op.create_table(
        "trellis_change_positions",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("numbered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_trellis_change_positions")),
    )
    dialect = op.get_context().dialect
    for statement in dialect_of(dialect.name).change_log.create(LogNames.of(dialect)):
        run(statement)


def downgrade() -> None:
    give_way()
    dialect = op.get_context().dialect
    for statement in dialect_of(dialect.name).change_log.drop(LogNames.of(dialect)):
        run(statement)
    op.drop_table("trellis_change_positions")
    op.drop_table("trellis_changes")


def run(statement: str) -> None:
    """Run a statement as it stands: what follows a colon is no parameter."""
    op.execute(sa.text(statement.replace(":", "\\:")))


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
