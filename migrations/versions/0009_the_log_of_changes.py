"""The log of changes: who listens hears of changed rows, whoever has changed them.

Revision 0009, after 0008. Created on 2026-11-30.
"""

from alembic import op

from migrations.recording import record_changes, stop_recording

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TIMES = "created_at updated_at"
TABLES = {
    "users": ("id", f"id email name hashed_password is_active {TIMES}"),
    "roles": ("id", "id name"),
    "user_roles": ("user_id role_id", "user_id role_id"),
    "posts": ("id", f"id slug title summary content status published_at author_id version {TIMES}"),
    "tags": ("id", "id name slug"),
    "post_tags": ("post_id tag_id", "post_id tag_id"),
    "post_contributors": ("post_id user_id", "post_id user_id position"),
    "documents": (
        "id",
        f"id kind title body owner_id file_key file_name file_type file_size version {TIMES}",
    ),
    "orders": ("id", f"id status currency customer_id {TIMES}"),
    "order_lines": ("id", "id description quantity unit_price order_id currency"),
    "accounts": ("id", f"id currency balance owner_id {TIMES}"),
    "transfers": ("id", "id amount currency idempotency_key created_at from_account_id to_account_id"),
}
"""The key of each table, and its columns."""


def upgrade() -> None:
    give_way()
    for table, (key, columns) in TABLES.items():
        record_changes(table, key.split(), columns.split())


def downgrade() -> None:
    give_way()
    for table in TABLES:
        stop_recording(table)


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
