"""The record of changes: who did what to which objects, written in the transaction of the change itself."""

from typing import cast

from sqlalchemy import Table, bindparam, insert
from uuid_utils.compat import uuid7

from db import models
from db.fast import CompiledStatement
from graph.writing import Change

_ENTRIES = cast(Table, models.AuditEntry.__table__)
_WRITTEN = CompiledStatement(
    insert(_ENTRIES).values({column: bindparam(f"new_{column.name}", type_=column.type) for column in _ENTRIES.columns})
)


async def record(change: Change, action: str) -> None:
    """Write down one change. It is kept if, and only if, the change is."""
    viewer = change.viewer
    entry = {
        "new_id": uuid7(),
        "new_action": action,
        "new_actor": viewer.name,
        "new_actor_id": viewer.number,
        "new_object_ids": list(change.touched),
        "new_request_id": change.context.request_id,
        "new_created_at": change.now,
    }
    await change.rows(_WRITTEN, entry)
