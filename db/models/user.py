"""People: they write posts, place orders and hold accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base, EmailAddress, Id, Line, Timestamps
from db.models.post import post_contributors
from db.models.role import user_roles

if TYPE_CHECKING:
    from db.models.account import Account
    from db.models.api_key import ApiKey
    from db.models.audit_entry import AuditEntry
    from db.models.document import Document
    from db.models.order import Order
    from db.models.post import Post
    from db.models.role import Role
    from db.models.sign_in import SignIn


class User(Timestamps, Base):
    """A person who can sign in, write, order and hold accounts."""

    __tablename__ = "users"
    __table_args__ = (Index(None, "name", "id"),)

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(EmailAddress, unique=True, doc="The e-mail address, in lower case; unique.")
    name: Mapped[Line] = mapped_column(doc="The name that others see.")
    hashed_password: Mapped[str | None] = mapped_column(String(200), doc="Argon2id; empty: cannot sign in.")
    is_active: Mapped[bool] = mapped_column(default=True, doc="False: may not sign in any more.")

    roles: Mapped[list[Role]] = relationship(
        secondary=user_roles, back_populates="users", lazy="raise", doc="What the user may do."
    )
    posts: Mapped[list[Post]] = relationship(
        back_populates="author", lazy="raise", passive_deletes="all", doc="Posts of which the user is the author."
    )
    contributions: Mapped[list[Post]] = relationship(
        secondary=post_contributors,
        back_populates="contributors",
        lazy="raise",
        doc="Posts that the user worked on, as the author or beside the author.",
    )
    documents: Mapped[list[Document]] = relationship(
        back_populates="owner", lazy="raise", passive_deletes="all", doc="Documents that belong to the user."
    )
    orders: Mapped[list[Order]] = relationship(
        back_populates="customer", lazy="raise", passive_deletes="all", doc="Orders that the user placed."
    )
    accounts: Mapped[list[Account]] = relationship(
        back_populates="owner", lazy="raise", passive_deletes="all", doc="Accounts that belong to the user."
    )
    sign_ins: Mapped[list[SignIn]] = relationship(
        back_populates="user", lazy="raise", passive_deletes="all", doc="The user's sign-ins, ended ones too."
    )
    api_keys: Mapped[list[ApiKey]] = relationship(
        back_populates="user",
        primaryjoin="User.id == foreign(ApiKey.user_number)",
        lazy="raise",
        passive_deletes="all",
        doc="API keys that act for the user.",
    )
    audit_entries: Mapped[list[AuditEntry]] = relationship(
        back_populates="user",
        primaryjoin="User.id == foreign(AuditEntry.user_number)",
        lazy="raise",
        passive_deletes="all",
        doc="What the user did.",
    )
