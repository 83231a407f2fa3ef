"""The record of changes, as the API shows it to admins."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from strawberry.scalars import JSON

from db import models
from graph.entity import Node, entity

if TYPE_CHECKING:
    from graph.types.user import User


@entity(models.AuditEntry)
class AuditEntry(Node):
    """One change that somebody made. Only admins see it."""

    action: str
    actor: str
    object_ids: JSON
    request_id: str
    created_at: datetime
    user: User | None
