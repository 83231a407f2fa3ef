"""API keys are Trellis's own.

Revision 0006, after 0005. Created on 2026-11-30.

Rows move to the table that `migrations/own` makes, with the names of their roles, and back on the way down. A key of a
user who is gone, or who is none of this application's, does not go back: without its user it would act for itself.
"""

import sqlalchemy as sa
from alembic import op

from db.dialects import dialect_of
from db.dialects.own_names import OwnName
from db.refusals import NoOwnTable
from migrations.own_schema import has_own_table

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OLD, OLD_ROLES = "api_keys", "api_key_roles"
OLD_KEY = "uq_api_keys_name"
NEW = "trellis_api_keys"
SAME = "id, name, shown, secret_hash, read_only, created_at, expires_at, revoked_at"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)

NAMES = {
    "postgresql": "COALESCE(jsonb_agg(roles.name ORDER BY roles.name), '[]')",
    "sqlite": "json_group_array(roles.name)",
    "mysql": "COALESCE(JSON_ARRAYAGG(roles.name ORDER BY roles.name), '[]')",
}
"""The names of the roles of a key, as JSON."""
HAS = {
    "postgresql": "jsonb_exists(k.roles, roles.name)",
    "sqlite": "EXISTS (SELECT 1 FROM json_each(k.roles) WHERE value = roles.name)",
    "mysql": "JSON_CONTAINS(k.roles, JSON_QUOTE(roles.name))",
}
"""Whether a key has a role."""


def upgrade() -> None:
    give_way()
    if is_there():
        names = (
            f"SELECT {NAMES[dialect()]} FROM {OLD_ROLES} JOIN roles ON roles.id = {OLD_ROLES}.role_id"
            f" WHERE {OLD_ROLES}.key_id = {OLD}.id"
        )
        op.execute(
            f"INSERT INTO {ours()} ({SAME}, user_id, user_number, roles)"
            f" SELECT {SAME}, CAST(user_id AS {text()}), user_id, ({names}) FROM {OLD}"
        )
        count_on(NEW)
    elif op.get_bind().scalar(sa.text(f"SELECT count(*) FROM {OLD}")):
        raise NoOwnTable(OLD)
    op.drop_table(OLD_ROLES)
    op.drop_table(OLD)


def downgrade() -> None:
    give_way()
    create_old_tables()
    if is_there():
        names = [*SAME.split(", ")]
        kept = sa.table(OwnName(NEW, None), *map(sa.column, (*names, "user_id", "user_number")))
        back = sa.Table(
            OLD, sa.MetaData(), *map(sa.Column, (*names, "user_id")), sa.UniqueConstraint("name", name=OLD_KEY)
        )
        users = sa.table("users", sa.column("id"))
        has_user = sa.exists().where(users.c.id == kept.c.user_number)
        found = sa.select(*(kept.c[name] for name in names), kept.c.user_number)
        add = dialect_of(dialect()).insert_missing(back, ["name"])
        op.execute(add.from_select([*names, "user_id"], found.where(kept.c.user_id.is_(None) | has_user)))
        op.execute(
            f"INSERT INTO {OLD_ROLES} (key_id, role_id) SELECT k.id, roles.id FROM {ours()} AS k, roles"
            f" WHERE {HAS[dialect()]} AND EXISTS (SELECT 1 FROM {OLD} WHERE {OLD}.id = k.id)"
        )
        op.execute(f"DELETE FROM {ours()}")
        count_on(OLD)


def create_old_tables() -> None:
    op.create_table(
        OLD,
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("shown", sa.String(length=12), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", BIG_ID, nullable=True),
        sa.Column("read_only", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("name", name=op.f(OLD_KEY)),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_keys_secret_hash")),
    )
    op.create_index(op.f("ix_api_keys_user_id"), OLD, ["user_id"])
    op.create_table(
        OLD_ROLES,
        sa.Column("key_id", BIG_ID, nullable=False),
        sa.Column("role_id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_keys.id"], name=op.f("fk_api_key_roles_key_id_api_keys"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_api_key_roles_role_id_roles"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key_id", "role_id", name=op.f("pk_api_key_roles")),
    )
    op.create_index(op.f("ix_api_key_roles_role_id"), OLD_ROLES, ["role_id"])


def text() -> str:
    """The type of short texts, as a statement has it."""
    return str(sa.cast(sa.null(), sa.String(20)).compile(dialect=op.get_context().dialect)).rpartition(" AS ")[2][:-1]


def count_on(table: str) -> None:
    """Ids were given by us: let the database count on behind them."""
    if dialect() == "postgresql":
        name = quoted(table)
        sequence = f"pg_get_serial_sequence('{name}', 'id')"
        op.execute(f"SELECT setval({sequence}, (SELECT max(id) FROM {name})) WHERE EXISTS (SELECT 1 FROM {name})")


def dialect() -> str:
    """The database's name."""
    return op.get_context().dialect.name


def is_there() -> bool:
    """Whether the table of ours is there. Offline that is assumed: `trellis db upgrade --sql` makes it first."""
    return op.get_context().as_sql or has_own_table(op.get_context(), NEW)


def ours() -> str:
    """The table of ours, as it stands in a statement."""
    return quoted(NEW)


def quoted(table: str) -> str:
    """A table of either kind, as it stands in a statement."""
    return op.get_context().dialect.identifier_preparer.quote(OwnName(table, None) if table == NEW else table)


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if dialect() == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
