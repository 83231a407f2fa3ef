"""API keys: rows of Trellis's own table, with the users for whom they act."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Mapped, relationship

from db import own
from db.base import Base

if TYPE_CHECKING:
    from db.models.user import User


class ApiKey(Base):
    """A key with roles of its own. It is shown once; afterwards only a digest of it is known."""

    __table__ = own.ApiKey.__table__

    id: Mapped[int]
    name: Mapped[str]
    shown: Mapped[str]
    secret_hash: Mapped[str]
    user_id: Mapped[str | None]
    user_number: Mapped[int | None]
    roles: Mapped[list[str]]
    read_only: Mapped[bool]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User | None] = relationship(
        back_populates="api_keys",
        primaryjoin="foreign(ApiKey.user_number) == User.id",
        lazy="raise",
        doc="For whom the key acts; nobody: for itself.",
    )
