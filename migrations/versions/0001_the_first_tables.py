"""The first tables: users, content, orders, accounts and the full-text index of posts.

Revision 0001, after nothing. Created on 2026-11-21.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db import full_text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

TABLES = (
    "users",
    "roles",
    "user_roles",
    "posts",
    "tags",
    "post_tags",
    "post_contributors",
    "documents",
    "orders",
    "order_lines",
    "accounts",
    "transfers",
)
"""Each after those that it refers to."""


def upgrade() -> None:
    give_way()
    create_users()
    create_roles()
    create_user_roles()
    create_posts()
    create_tags()
    create_post_tags()
    create_post_contributors()
    create_documents()
    create_orders()
    create_order_lines()
    create_accounts()
    create_transfers()
    full_text.create(op.get_context().dialect.name, op.execute)


def downgrade() -> None:
    give_way()
    full_text.drop(op.get_context().dialect.name, op.execute)
    for table in reversed(TABLES):
        op.drop_table(table)


def give_way() -> None:
    """Fail after five seconds rather than queue for a lock, because everybody else would queue behind it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")


def timestamps() -> list[sa.Column[Any]]:
    return [
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
    ]


def one_of(*words: str, name: str) -> sa.Enum:
    return sa.Enum(*words, name=op.f(name), native_enum=False, create_constraint=True, length=20)


def create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("hashed_password", sa.String(length=200), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        *timestamps(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_index(op.f("ix_users_name_id"), "users", ["name", "id"])


def create_roles() -> None:
    op.create_table(
        "roles",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("name", name=op.f("uq_roles_name")),
    )


def create_user_roles() -> None:
    op.create_table(
        "user_roles",
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("role_id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_user_roles_role_id_roles"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_roles_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "role_id", name=op.f("pk_user_roles")),
    )
    op.create_index(op.f("ix_user_roles_role_id"), "user_roles", ["role_id"])


def create_posts() -> None:
    op.create_table(
        "posts",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.String(length=2000), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column(
            "status",
            one_of("draft", "published", "archived", name="ck_posts_poststatus"),
            nullable=False,
        ),
        sa.Column("published_at", MOMENT, nullable=True),
        sa.Column("author_id", BIG_ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *timestamps(),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_posts_author_id_users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
        sa.UniqueConstraint("slug", name=op.f("uq_posts_slug")),
    )
    op.create_index(op.f("ix_posts_author_id_published_at_id"), "posts", ["author_id", "published_at", "id"])
    op.create_index(op.f("ix_posts_created_at_id"), "posts", ["created_at", "id"])
    op.create_index(op.f("ix_posts_published_at_id"), "posts", ["published_at", "id"])
    op.create_index(op.f("ix_posts_status_published_at_id"), "posts", ["status", "published_at", "id"])
    op.create_index(op.f("ix_posts_title_id"), "posts", ["title", "id"])
    if op.get_context().dialect.name == "postgresql":
        op.create_index("ix_posts_newest", "posts", [sa.text("published_at DESC NULLS LAST"), sa.text("id DESC")])


def create_tags() -> None:
    op.create_table(
        "tags",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("slug", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("slug", name=op.f("uq_tags_slug")),
    )
    op.create_index(op.f("ix_tags_name"), "tags", ["name"])


def create_post_tags() -> None:
    op.create_table(
        "post_tags",
        sa.Column("post_id", BIG_ID, nullable=False),
        sa.Column("tag_id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_post_tags_post_id_posts"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_post_tags_tag_id_tags"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", "tag_id", name=op.f("pk_post_tags")),
    )
    op.create_index(op.f("ix_post_tags_tag_id_post_id"), "post_tags", ["tag_id", "post_id"])


def create_post_contributors() -> None:
    op.create_table(
        "post_contributors",
        sa.Column("post_id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_post_contributors_post_id_posts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_post_contributors_user_id_users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("post_id", "user_id", name=op.f("pk_post_contributors")),
    )
    op.create_index(op.f("ix_post_contributors_user_id_post_id"), "post_contributors", ["user_id", "post_id"])


def create_documents() -> None:
    op.create_table(
        "documents",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=50), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "body",
            JSON,
            nullable=False,
        ),
        sa.Column("owner_id", BIG_ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *timestamps(),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_documents_owner_id_users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
    )
    if op.get_context().dialect.name == "postgresql":
        op.create_index("ix_documents_body", "documents", ["body"], postgresql_using="gin")
    op.create_index(op.f("ix_documents_kind_id"), "documents", ["kind", "id"])
    op.create_index(op.f("ix_documents_owner_id_id"), "documents", ["owner_id", "id"])


def create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            one_of("pending", "paid", "shipped", "cancelled", name="ck_orders_orderstatus"),
            nullable=False,
        ),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("customer_id", BIG_ID, nullable=False),
        *timestamps(),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["users.id"], name=op.f("fk_orders_customer_id_users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("id", "currency", name=op.f("uq_orders_id_currency")),
    )
    op.create_index(op.f("ix_orders_created_at_id"), "orders", ["created_at", "id"])
    op.create_index(op.f("ix_orders_customer_id_created_at_id"), "orders", ["customer_id", "created_at", "id"])
    op.create_index(op.f("ix_orders_status_created_at_id"), "orders", ["status", "created_at", "id"])


def create_order_lines() -> None:
    op.create_table(
        "order_lines",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_lines_quantity_is_positive")),
        sa.CheckConstraint("unit_price >= 0", name=op.f("ck_order_lines_unit_price_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["order_id", "currency"],
            ["orders.id", "orders.currency"],
            name=op.f("fk_order_lines_order_id_currency_orders"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
    )
    op.create_index(op.f("ix_order_lines_order_id_id"), "order_lines", ["order_id", "id"])


def create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", BIG_ID, nullable=False),
        *timestamps(),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_accounts_balance_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_accounts_owner_id_users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_index(op.f("ix_accounts_owner_id_id"), "accounts", ["owner_id", "id"])


def create_transfers() -> None:
    op.create_table(
        "transfers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("idempotency_key", sa.String(length=100), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("from_account_id", BIG_ID, nullable=False),
        sa.Column("to_account_id", BIG_ID, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfers_amount_is_positive")),
        sa.CheckConstraint("from_account_id <> to_account_id", name=op.f("ck_transfers_accounts_differ")),
        sa.ForeignKeyConstraint(
            ["from_account_id"],
            ["accounts.id"],
            name=op.f("fk_transfers_from_account_id_accounts"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["to_account_id"], ["accounts.id"], name=op.f("fk_transfers_to_account_id_accounts"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sa.UniqueConstraint(
            "from_account_id", "idempotency_key", name=op.f("uq_transfers_from_account_id_idempotency_key")
        ),
    )
    op.create_index(
        op.f("ix_transfers_from_account_id_created_at_id"),
        "transfers",
        ["from_account_id", "created_at", "id"],
    )
    op.create_index(
        op.f("ix_transfers_to_account_id_created_at_id"),
        "transfers",
        ["to_account_id", "created_at", "id"],
    )
