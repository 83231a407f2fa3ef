"""An index for sign-ins that have ended.

Revision 0008, after 0007. Created on 2026-11-30.

They are deleted once an hour, which read every sign-in.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEX = "ix_sign_ins_expires_at"


def upgrade() -> None:
    if not beside_others():
        give_way()
        op.create_index(op.f(INDEX), "sign_ins", ["expires_at"])
        return
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")  # of a try that failed; nobody can use it
        op.create_index(op.f(INDEX), "sign_ins", ["expires_at"], postgresql_concurrently=True)


def downgrade() -> None:
    give_way()
    op.drop_index(op.f(INDEX), "sign_ins")


def beside_others() -> bool:
    """Whether others may write meanwhile: not where all revisions are one transaction, nor in a script."""
    context = op.get_context()
    is_apart = bool(context.opts.get("transaction_per_migration")) and not context.as_sql
    return context.dialect.name == "postgresql" and is_apart


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
