"""API keys: how machines say who they are, in any application.

Of a key only a digest is kept. Whom it acts for is kept by id; nothing refers to users, so that whoever deletes a user
deletes the user's keys, too (`graph.api_keys.delete_keys_of`).
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from db.base import JSON_DOCUMENT, Id, utcnow
from db.own.audit import MAX_USER
from db.own.base import Feature, OwnBase

MAX_NAME = 100


class ApiKey(OwnBase, feature=Feature.API_KEYS):
    """A key. It is shown once; afterwards only a digest of it is known."""

    __tablename__ = "trellis_api_keys"
    __table_args__ = (
        Index(None, "secret_hash", unique=True),
        Index(None, "user_id", "name", unique=True),
        Index(None, "user_number"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(MAX_NAME), doc="What the key is for; each user has one of a name.")
    shown: Mapped[str] = mapped_column(String(12), doc="How the key begins, to recognise it by.")
    secret_hash: Mapped[str] = mapped_column(String(64), doc="The SHA-256 digest of the key.")
    user_id: Mapped[str | None] = mapped_column(
        String(MAX_USER), doc="The id of the user for whom the key acts, as a text; empty: it acts for itself."
    )
    user_number: Mapped[int | None] = mapped_column(
        BigInteger, doc="The same where users have numbers, to find the user by; else empty."
    )
    roles: Mapped[list[str]] = mapped_column(
        JSON_DOCUMENT, doc="What the key may do; of one that acts for a user, what the user may do, too."
    )
    read_only: Mapped[bool] = mapped_column(doc="True: the key may change nothing.")
    created_at: Mapped[datetime] = mapped_column(default=utcnow, doc="When the key was made.")
    expires_at: Mapped[datetime | None] = mapped_column(doc="When the key ends; empty: never by itself.")
    revoked_at: Mapped[datetime | None] = mapped_column(doc="When the key was ended.")
