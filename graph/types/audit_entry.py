"""The record of changes, as the API shows it to admins."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import strawberry
from strawberry.scalars import JSON

from db import models
from graph.entity import IdList, Node, computed, entity
from graph.entity.ids import id_of_type

if TYPE_CHECKING:
    from graph.types.user import User

TYPE_NAMES = {"user": models.User.__name__, "key": models.ApiKey.__name__}
"""By the kinds of `graph.viewer.Viewer.name`."""


@entity(models.AuditEntry, plural="auditEntries")
class AuditEntry(Node):
    """One change that somebody made. Only admins see it."""

    action: str
    object_ids: IdList
    input: JSON | None
    request_id: str
    created_at: datetime
    user: User | None

    @computed(needs=["actor"])
    def actor(self) -> strawberry.ID | None:
        """The id of the user or of the API key that did it; null for nobody."""
        kind, _, number = vars(self)["actor"].partition(":")
        return strawberry.ID(id_of_type(TYPE_NAMES[kind], (int(number),))) if kind in TYPE_NAMES else None
