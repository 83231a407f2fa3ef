"""Counters of limits.

Revision counters_0001, after nothing. Created on 2026-11-30.
"""

import sqlalchemy as sa
from alembic import op

revision = "counters_0001"
down_revision = None
branch_labels = ("counters",)
depends_on = None


def upgrade() -> None:
    give_way()
    op.create_table(
        "trellis_counters",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_trellis_counters")),
    )
    with op.batch_alter_table("trellis_counters", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trellis_counters_ends"), ["ends"], unique=False)


def downgrade() -> None:
    give_way()
    op.drop_table("trellis_counters")


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
