"""The record of changes: who did what to which objects, written in the transaction of the change itself."""

from db import models
from graph.writing import Change
from graph.writing.inserting import insert_values


async def record(change: Change, action: str) -> None:
    """Write down one change. It is kept if, and only if, the change is."""
    viewer = change.viewer
    entry = {
        "action": action,
        "actor": viewer.name,
        "actor_id": viewer.id,
        "object_ids": list(change.touched),
        "request_id": change.context.request_id,
        "created_at": change.now,
    }
    await insert_values(change, models.AuditEntry, entry)
