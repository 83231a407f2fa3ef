"""API keys.

Revision api_keys_0001, after nothing. Created on 2026-11-30.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "api_keys_0001"
down_revision = None
branch_labels = ("api_keys",)
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    give_way()
    op.create_table(
        "trellis_api_keys",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("shown", sa.String(length=12), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=True),
        sa.Column("user_number", sa.BigInteger(), nullable=True),
        sa.Column("roles", DOCUMENT, nullable=False),
        sa.Column("read_only", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trellis_api_keys")),
    )
    with op.batch_alter_table("trellis_api_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trellis_api_keys_secret_hash"), ["secret_hash"], unique=True)
        batch_op.create_index(batch_op.f("ix_trellis_api_keys_user_id_name"), ["user_id", "name"], unique=True)
        batch_op.create_index(batch_op.f("ix_trellis_api_keys_user_number"), ["user_number"])


def downgrade() -> None:
    give_way()
    op.drop_table("trellis_api_keys")


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
