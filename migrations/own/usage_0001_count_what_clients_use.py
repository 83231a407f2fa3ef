"""Count what clients use.

Revision usage_0001, after nothing. Created on 2026-11-30.
"""

import sqlalchemy as sa
from alembic import op

revision = "usage_0001"
down_revision = None
branch_labels = ("usage",)
depends_on = None


def upgrade() -> None:
    give_way()
    op.create_table(
        "trellis_usage_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("client", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("coordinate", sa.Text(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "client", "version", "coordinate", name=op.f("pk_trellis_usage_counts")),
    )
    op.create_table(
        "trellis_usage_operations",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("coordinates", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_trellis_usage_operations")),
    )
    op.create_table(
        "trellis_usage_runs",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("client", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("operation", sa.String(length=64), nullable=False),
        sa.Column("runs", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("duration_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "client", "version", "operation", name=op.f("pk_trellis_usage_runs")),
    )


def downgrade() -> None:
    give_way()
    op.drop_table("trellis_usage_runs")
    op.drop_table("trellis_usage_operations")
    op.drop_table("trellis_usage_counts")


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
