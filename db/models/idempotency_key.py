"""What was done under a client's own name for it, so that doing it again gives the same answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, utcnow


class IdempotencyKey(Base):
    """A change that a client may send again without its being made twice."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "created_at"),)

    owner: Mapped[str] = mapped_column(String(60), primary_key=True, doc="Who sent it, for instance user:42.")
    key: Mapped[str] = mapped_column(String(100), primary_key=True, doc="The client's own name for the change.")
    fingerprint: Mapped[str] = mapped_column(String(64), doc="The SHA-256 digest of what was asked for.")
    # Not JSONB: the answer is given again with its keys in the order they had.
    answer: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True), doc="What was answered; empty: not answered yet."
    )
    created_at: Mapped[datetime] = mapped_column(default=utcnow, doc="When it came first.")
