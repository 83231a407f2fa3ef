"""Sign-ins: each is one device's right to go on without the password, until it ends."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base, TimeOrderedId, references, utcnow

if TYPE_CHECKING:
    from db.models.user import User


class SignIn(Base):
    """What a user got for an e-mail address and a password. Of its secret only a digest is kept."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    id: Mapped[TimeOrderedId]
    user_id: Mapped[int] = mapped_column(references("users.id", ondelete="CASCADE"), doc="The user's number.")
    secret_hash: Mapped[str] = mapped_column(String(64), doc="The SHA-256 digest of the secret that is valid now.")
    in_cookie: Mapped[bool] = mapped_column(doc="True: a browser's cookie has the secret, and it never changes.")
    created_at: Mapped[datetime] = mapped_column(default=utcnow, doc="When the user signed in.")
    expires_at: Mapped[datetime] = mapped_column(doc="When it ends, if nobody uses it until then.")
    revoked_at: Mapped[datetime | None] = mapped_column(doc="When it was ended before its time.")

    user: Mapped[User] = relationship(back_populates="sign_ins", lazy="raise", doc="Who signed in.")
