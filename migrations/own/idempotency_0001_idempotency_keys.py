"""Idempotency keys.

Revision idempotency_0001, after nothing. Created on 2026-11-30.
"""

import sqlalchemy as sa
from alembic import op

revision = "idempotency_0001"
down_revision = None
branch_labels = ("idempotency",)
depends_on = None


def upgrade() -> None:
    give_way()
    op.create_table(
        "trellis_idempotency_keys",
        sa.Column("owner", sa.String(length=300), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_trellis_idempotency_keys")),
    )
    with op.batch_alter_table("trellis_idempotency_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trellis_idempotency_keys_created_at"), ["created_at"], unique=False)


def downgrade() -> None:
    give_way()
    op.drop_table("trellis_idempotency_keys")


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
