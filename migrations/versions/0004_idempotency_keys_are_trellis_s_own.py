"""Idempotency keys are Trellis's own.

Revision 0004, after 0003. Created on 2026-11-30.

Rows move to the table that `migrations/own` makes, and back on the way down. A key that is there already stays as it
is: whoever has sent it has been answered.
"""

import sqlalchemy as sa
from alembic import op

from db.dialects import dialect_of
from db.dialects.own_names import OwnName
from db.refusals import NoOwnTable
from migrations.own_schema import has_own_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = ("owner", "key", "fingerprint", "answer", "created_at")
OLD = "idempotency_keys"
NEW = "trellis_idempotency_keys"
OLD_TABLE, NEW_TABLE = (sa.Table(it, sa.MetaData(), *map(sa.Column, COLUMNS)) for it in (OLD, OwnName(NEW, None)))
MAX_OWNER = 60
"""Characters of an owner in the old table."""


def upgrade() -> None:
    give_way()
    if is_there():
        move = dialect_of(op.get_context().dialect.name).insert_missing(NEW_TABLE)
        op.execute(move.from_select(COLUMNS, sa.select(*OLD_TABLE.c).where(sa.true())))
    elif op.get_bind().scalar(sa.text(f"SELECT count(*) FROM {OLD}")):
        raise NoOwnTable(OLD)
    op.drop_table(OLD)


def downgrade() -> None:
    give_way()
    op.create_table(
        OLD,
        sa.Column("owner", sa.String(length=MAX_OWNER), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), OLD, ["created_at"])
    if is_there():
        fitting = sa.func.length(NEW_TABLE.c.owner) <= MAX_OWNER
        op.execute(OLD_TABLE.insert().from_select(COLUMNS, sa.select(*NEW_TABLE.c).where(fitting)))
        op.execute(NEW_TABLE.delete().where(fitting))


def is_there() -> bool:
    """Whether the table of ours is there. Offline that is assumed: `trellis db upgrade --sql` makes it first."""
    return op.get_context().as_sql or has_own_table(op.get_context(), NEW)


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
