"""What was done under a client's own name for it, so that doing it again gives the same answer.

Keys are of whoever sent them, by the name of a viewer. They go two days after they came, and so do those of a user who
is gone: nothing refers to users.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from db.base import utcnow
from db.own.base import Feature, OwnBase

MAX_OWNER = 300
"""An id from outside may have 255 characters, with a word before it.
Source: https://openid.net/specs/openid-connect-core-1_0.html#IDToken (`sub`)"""


class IdempotencyKey(OwnBase, feature=Feature.IDEMPOTENCY):
    """A change that a client may send again without its being made twice."""

    __tablename__ = "trellis_idempotency_keys"
    __table_args__ = (Index(None, "created_at"),)

    owner: Mapped[str] = mapped_column(String(MAX_OWNER), primary_key=True, doc="Who sent it, for instance user:42.")
    key: Mapped[str] = mapped_column(String(100), primary_key=True, doc="The client's own name for the change.")
    fingerprint: Mapped[str] = mapped_column(String(64), doc="The SHA-256 digest of what was asked for.")
    # Not JSONB: the answer is given again with its keys in the order they had.
    answer: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True), doc="What was answered; empty: not answered yet."
    )
    created_at: Mapped[datetime] = mapped_column(default=utcnow, doc="When it came first.")
