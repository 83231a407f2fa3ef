"""API keys: how machines say who they are."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Column, Index, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base, Id, references, utcnow

if TYPE_CHECKING:
    from db.models.role import Role
    from db.models.user import User

api_key_roles = Table(
    "api_key_roles",
    Base.metadata,
    Column("key_id", references("api_keys.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", references("roles.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "role_id"),
)


class ApiKey(Base):
    """A key with roles of its own. It is shown once; afterwards only a digest of it is known."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(100), unique=True, doc="What the key is for; unique.")
    shown: Mapped[str] = mapped_column(String(12), doc="How the key begins, to recognise it by.")
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True, doc="The SHA-256 digest of the key.")
    user_id: Mapped[int | None] = mapped_column(
        references("users.id", ondelete="CASCADE"), doc="The number of the user for whom the key acts."
    )
    read_only: Mapped[bool] = mapped_column(doc="True: the key may change nothing.")
    created_at: Mapped[datetime] = mapped_column(default=utcnow, doc="When the key was made.")
    expires_at: Mapped[datetime | None] = mapped_column(doc="When the key ends; empty: never by itself.")
    revoked_at: Mapped[datetime | None] = mapped_column(doc="When the key was ended.")

    user: Mapped[User | None] = relationship(
        back_populates="api_keys", lazy="raise", doc="For whom the key acts; nobody: for itself."
    )
    roles: Mapped[list[Role]] = relationship(
        secondary=api_key_roles, back_populates="api_keys", lazy="raise", doc="What the key may do."
    )
