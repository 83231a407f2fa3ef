"""Search by words: one index of words, the same on both databases, in the place of the first full-text index.

Revision 0003, after 0002. Created on 2026-11-29.
"""

from alembic import op

from db import full_text, search_index

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    give_way()
    full_text.drop(op.get_context().dialect.name, op.execute)
    search_index.create(op.get_context().dialect.name, op.execute)


def downgrade() -> None:
    give_way()
    search_index.drop(op.get_context().dialect.name, op.execute)
    full_text.create(op.get_context().dialect.name, op.execute)


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
