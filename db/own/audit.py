"""The record of what was done, and by whom: any application that switches it on has it.

Whoever did something is kept by name and id; nothing refers to users. An application shows the rows by a class of its
own over the same table (`__table__ = AuditEntry.__table__`), with a relationship to its users if they have numbers.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from db.base import JSON_DOCUMENT, utcnow
from db.own.base import Feature, OwnBase
from db.own.idempotency import MAX_OWNER

MAX_USER = 255
"""Characters of an id from outside. Source: https://openid.net/specs/openid-connect-core-1_0.html#IDToken (`sub`)"""


class AuditEntry(OwnBase, feature=Feature.AUDIT):
    """One change that somebody made. It is never changed afterwards, and outlives whoever made it."""

    __tablename__ = "trellis_audit_entries"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "user_number", "created_at", "id"),
        Index(None, "user_id", "created_at", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7, doc="A UUID of version 7: it sorts by time.")
    action: Mapped[str] = mapped_column(Text, doc="What was done, by the name of the mutation.")
    actor: Mapped[str] = mapped_column(String(MAX_OWNER), doc="Who did it, for instance user:42 or key:7.")
    user_id: Mapped[str | None] = mapped_column(
        String(MAX_USER),
        doc="The id of the user who did it, as a text; empty for machines, and where the user is gone.",
    )
    user_number: Mapped[int | None] = mapped_column(
        BigInteger, doc="The same where users have numbers, to find the user by; else empty."
    )
    object_ids: Mapped[list[str]] = mapped_column(JSON_DOCUMENT, doc="The global ids of what was changed.")
    input: Mapped[dict[str, Any] | None] = mapped_column(
        JSON_DOCUMENT, doc="What was asked for, without secrets; null if long or not kept."
    )
    request_id: Mapped[str] = mapped_column(String(100), doc="The id of the request that asked for it.")
    created_at: Mapped[datetime] = mapped_column(default=utcnow, doc="When it was done.")
