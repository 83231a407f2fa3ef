"""Audit entries are Trellis's own.

Revision 0005, after 0004. Created on 2026-11-30.

Rows move to the table that `migrations/own` makes, and back on the way down; then an entry whose user is gone has none.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.dialects import dialect_of
from db.dialects.own_names import OwnName
from db.refusals import NoOwnTable
from migrations.own_schema import has_own_table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OLD = "audit_entries"
NEW = "trellis_audit_entries"
SAME = "id, object_ids, request_id, created_at"
NAMED = ("action", "actor", "user_id", "user_number")
MAX_NAME = 60
"""Characters of an action and of an actor in the old table."""

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    give_way()
    if is_there():
        there = sa.table(OLD, *map(sa.column, (*SAME.split(", "), "action", "actor", "actor_id")))
        moved = sa.Table(OwnName(NEW, None), sa.MetaData(), *map(sa.Column, (*SAME.split(", "), *NAMED)))
        add = dialect_of(op.get_context().dialect.name).insert_missing(moved)
        user_id = sa.cast(there.c.actor_id, sa.String(20))
        same = [there.c[name] for name in SAME.split(", ")]
        found = sa.select(*same, there.c.action, there.c.actor, user_id, there.c.actor_id).where(sa.true())
        op.execute(add.from_select([*SAME.split(", "), *NAMED], found))
    elif op.get_bind().scalar(sa.text(f"SELECT count(*) FROM {OLD}")):
        raise NoOwnTable(OLD)
    op.drop_table(OLD)


def downgrade() -> None:
    give_way()
    op.create_table(
        OLD,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(length=MAX_NAME), nullable=False),
        sa.Column("actor", sa.String(length=MAX_NAME), nullable=False),
        sa.Column("actor_id", BIG_ID, nullable=True),
        sa.Column("object_ids", JSON, nullable=False),
        sa.Column("request_id", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name=op.f("fk_audit_entries_actor_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index(op.f("ix_audit_entries_actor_id_created_at_id"), OLD, ["actor_id", "created_at", "id"])
    op.create_index(op.f("ix_audit_entries_created_at_id"), OLD, ["created_at", "id"])
    if is_there():
        op.execute(
            f"INSERT INTO {OLD} ({SAME}, action, actor, actor_id)"
            f" SELECT {SAME}, substr(action, 1, {MAX_NAME}), substr(actor, 1, {MAX_NAME}),"
            f" (SELECT users.id FROM users WHERE users.id = user_number) FROM {ours()}"
        )
        op.execute(f"DELETE FROM {ours()}")


def is_there() -> bool:
    """Whether the table of ours is there. Offline that is assumed: `trellis db upgrade --sql` makes it first."""
    return op.get_context().as_sql or has_own_table(op.get_context(), NEW)


def ours() -> str:
    """The table of ours, as it stands in a statement."""
    return op.get_context().dialect.identifier_preparer.quote(OwnName(NEW, None))


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
