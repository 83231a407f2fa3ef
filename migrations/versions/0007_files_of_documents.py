"""Files of documents.

Revision 0007, after 0006. Created on 2026-11-30.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COLUMNS = {
    "file_key": sa.String(length=32),
    "file_name": sa.String(length=255),
    "file_type": sa.String(length=100),
    "file_size": sa.BigInteger(),
}


def upgrade() -> None:
    give_way()
    for name, type_ in COLUMNS.items():
        op.add_column("documents", sa.Column(name, type_, nullable=True))
    op.create_index(op.f("ix_documents_file_key"), "documents", ["file_key"], unique=True)


def downgrade() -> None:
    give_way()
    op.drop_index(op.f("ix_documents_file_key"), "documents")
    for name in reversed(COLUMNS):
        op.drop_column("documents", name)


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
