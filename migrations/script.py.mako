"""${message.rstrip(".")}.

Revision ${up_revision}, after ${down_revision or "nothing"}. Created on ${create_date.date()}.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision).replace("'", '"')}
down_revision = ${repr(down_revision).replace("'", '"')}
branch_labels = None
depends_on = None


def upgrade() -> None:
    give_way()
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    give_way()
    ${downgrades if downgrades else "pass"}


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
