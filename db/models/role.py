"""What users may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, Index, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base, Id, Word, references

if TYPE_CHECKING:
    from db.models.user import User


class RoleName(Word):
    """A role that Trellis knows. A database may have others, which give no rights."""

    ADMIN = "admin", "Sees and changes everything, and says who has which role."
    EDITOR = "editor", "Changes and shows everybody's posts; makes and changes tags."
    AUTHOR = "author", "Shows posts to everybody, and makes tags along with them."
    MEMBER = "member", "Has signed up: writes drafts and documents, orders and pays."


ADMIN, EDITOR, AUTHOR, MEMBER = ROLES = tuple(role.value for role in RoleName)

user_roles = Table(
    "user_roles",
    Base.metadata,
    Column("user_id", references("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", references("roles.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "role_id"),
)


class Role(Base):
    """A set of rights: admin, editor, author or member."""

    __tablename__ = "roles"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(50), unique=True, doc="The role's name; unique.")

    users: Mapped[list[User]] = relationship(
        secondary=user_roles, back_populates="roles", lazy="raise", doc="Users who have the role."
    )
