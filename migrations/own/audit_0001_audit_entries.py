"""Audit entries.

Revision audit_0001, after nothing. Created on 2026-11-30.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "audit_0001"
down_revision = None
branch_labels = ("audit",)
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    give_way()
    op.create_table(
        "trellis_audit_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=300), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=True),
        sa.Column("user_number", sa.BigInteger(), nullable=True),
        sa.Column("object_ids", DOCUMENT, nullable=False),
        sa.Column("input", DOCUMENT, nullable=True),
        sa.Column("request_id", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trellis_audit_entries")),
    )
    with op.batch_alter_table("trellis_audit_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trellis_audit_entries_created_at_id"), ["created_at", "id"])
        batch_op.create_index(
            batch_op.f("ix_trellis_audit_entries_user_id_created_at_id"), ["user_id", "created_at", "id"]
        )
        batch_op.create_index(
            batch_op.f("ix_trellis_audit_entries_user_number_created_at_id"), ["user_number", "created_at", "id"]
        )


def downgrade() -> None:
    give_way()
    op.drop_table("trellis_audit_entries")


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
