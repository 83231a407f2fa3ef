"""The record of what was done, and by whom: rows of Trellis's own table, with their users."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Mapped, relationship

from db import own
from db.base import Base

if TYPE_CHECKING:
    from db.models.user import User


class AuditEntry(Base):
    """One change that somebody made. It is never changed afterwards, and outlives whoever made it."""

    __table__ = own.AuditEntry.__table__

    id: Mapped[uuid.UUID]
    action: Mapped[str]
    actor: Mapped[str]
    user_id: Mapped[str | None]
    user_number: Mapped[int | None]
    object_ids: Mapped[list[str]]
    input: Mapped[dict[str, Any] | None]
    request_id: Mapped[str]
    created_at: Mapped[datetime]

    user: Mapped[User | None] = relationship(
        back_populates="audit_entries",
        primaryjoin="foreign(AuditEntry.user_number) == User.id",
        lazy="raise",
        doc="The user who did it; nobody for machines.",
    )
