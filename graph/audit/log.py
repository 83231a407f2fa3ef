"""Writing the record: a change and the name of a mutation enter; one row is written in the transaction of the change.

A row is kept if, and only if, the change is. Nothing is committed here.
"""

from typing import Any, ClassVar, cast

from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from db.fast import CompiledStatement
from db.own import AuditEntry, Feature
from db.relations import ViewerId
from graph.audit.secrets import kept
from graph.writing.change import Change

_ENTRIES = cast(Table, AuditEntry.__table__)
_WRITTEN = CompiledStatement(
    insert(_ENTRIES).values({column: bindparam(f"new_{column.name}", type_=column.type) for column in _ENTRIES.columns})
)


class AuditLog:
    """Writes down each change: the `record` of `mutation_type`."""

    own: ClassVar[Feature] = Feature.AUDIT

    def __init__(self, *, inputs: bool = True) -> None:
        """Without `inputs`, what was asked for is not kept: only who did what to which objects."""
        self._inputs = inputs

    async def __call__(self, change: Change, action: str) -> None:
        """Write down one change."""
        viewer = change.viewer
        await change.rows(
            _WRITTEN,
            {
                "new_id": uuid7(),
                "new_action": action,
                "new_actor": viewer.name,
                "new_user_id": None if viewer.id is None else str(viewer.id),
                "new_user_number": viewer.number,
                "new_object_ids": list(change.touched),
                "new_input": self._input(change),
                "new_request_id": change.context.request_id,
                "new_created_at": change.now,
            },
        )

    def _input(self, change: Change) -> Any:
        return kept(*change.asked) if self._inputs and change.asked is not None else None


async def forget_user(session: AsyncSession, id_: ViewerId) -> None:
    """Take a user who goes out of the record: entries stay, and lead to nobody. The caller commits.

    An entry's `actor` still has the name, as what was done by one hand. Another user who got the same id would
    otherwise have done all that.
    """
    gone = update(_ENTRIES).where(_ENTRIES.c.user_id == str(id_))
    await session.execute(gone.values(user_id=None, user_number=None))
