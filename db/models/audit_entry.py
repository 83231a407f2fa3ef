"""The record of what was done, and by whom."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import JSON_DOCUMENT, Base, TimeOrderedId, references, utcnow

if TYPE_CHECKING:
    from db.models.user import User


class AuditEntry(Base):
    """One change that somebody made. It is never changed afterwards, and outlives whoever made it."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "created_at", "id"), Index(None, "actor_id", "created_at", "id"))

    id: Mapped[TimeOrderedId]
    action: Mapped[str] = mapped_column(String(60), doc="What was done, for instance createPost.")
    actor: Mapped[str] = mapped_column(String(60), doc="Who did it, for instance user:42 or key:7.")
    actor_id: Mapped[int | None] = mapped_column(
        references("users.id", ondelete="SET NULL"), doc="The number of the user who did it; empty for machines."
    )
    object_ids: Mapped[list[str]] = mapped_column(JSON_DOCUMENT, doc="The global ids of what was changed.")
    request_id: Mapped[str] = mapped_column(String(100), doc="The id of the request that asked for it.")
    created_at: Mapped[datetime] = mapped_column(default=utcnow, doc="When it was done.")

    user: Mapped[User | None] = relationship(
        back_populates="audit_entries", lazy="raise", doc="The user who did it; nobody for machines."
    )
