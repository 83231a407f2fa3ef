"""Deletions of many rows: all rows that a filter finds go.

One statement leaves. Rows that others refer to are found where the database has refused it, or before a noun's own rule
does anything along with a deletion. Nothing is committed here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import strawberry
from sqlalchemy import Delete, Update, delete
from sqlalchemy.exc import IntegrityError

from db.statements import Key, kept_by
from graph.writing.change import Change, WrittenRow, global_id
from graph.writing.errors import (
    Rejected,
    StillReferenced,
    UserError,
)
from graph.writing.inputs import entity_input
from graph.writing.many import WHERE, Declared, Judged, ManyRows, one_of, within
from graph.writing.mutation import MutationDeclaration
from graph.writing.payload import MAX_LISTED, Member
from graph.writing.violations import refused_by_rule

ATTEMPTS = 3
"""How often rows are looked for that keep others from being deleted: others may come to refer to them meanwhile."""


class ManyDeletions(ManyRows):
    """`deletePosts`: all rows that a filter finds go."""

    def __init__(self, name: str, declared: Declared) -> None:
        super().__init__(name, declared, declared.before_delete)

    def declaration(self) -> MutationDeclaration[Any, Mapping[str, object]]:
        """The declaration of the mutation."""
        entity, many = self._entity, self._many
        fields = self._choosing_fields() | self._bounding_fields("deleted")
        model = entity_input(entity, self._input_name, f"Which {many} are to go.", fields)
        ids = list[strawberry.ID]
        members = {
            "deleted_ids": Member(ids, f"The ids that they had; the first {MAX_LISTED:,}."),
            "count": Member(int, f"How many {many} were deleted; null if nothing was done."),
        }
        return MutationDeclaration(
            self._name,
            f"Delete all {many} that a filter finds.",
            model,
            members,
            self._declared.right,
            self._work,
            idempotent=True,
            errors=(StillReferenced, *self._declared.errors),
        )

    # The work

    def _check(self, values: Any, change: Change) -> None:
        """Which rows go says `chosen`."""

    def _is_the_same_for_all(self, values: Any, change: Change) -> bool:
        return self._before is None and self._may_all(change)

    def _statement(self, values: Any, change: Change) -> Delete:
        return delete(self._writer.table)

    async def _sent(
        self, statement: Update | Delete, values: Any, change: Change, locked: Sequence[Key] = ()
    ) -> list[Key] | None:
        """In a savepoint, for which rows are kept by others is read from the same transaction."""
        try:
            async with change.session.begin_nested():
                found = await change.session.execute(statement.returning(*self._key))
                return sorted(tuple(key) for key in found)
        except IntegrityError:
            return None

    async def _judge(self, found: Sequence[Judged], values: Any, change: Change) -> None:
        if self._before is None:
            return
        # A rule may do something along with a deletion, which is not to be done where others keep the row.
        await self._mark_kept(found, [one.key for one in found], change)
        self._check_all(found, values)
        await self._ask_beforehand(found, values, change)
        change.session.expunge_all()

    def _as_asked(self, one: Judged, values: Any) -> Any:
        return values

    def _placed(self, errors: Iterable[UserError], one: Judged, change: Change) -> Iterable[UserError]:
        return [within(error, change.place, (*change.place, WHERE)) for error in errors]

    async def _written(self, found: Sequence[Judged], values: Any, change: Change) -> list[Key]:
        for _ in range(ATTEMPTS):
            keys = [one.key for one in found if not one.errors]
            if not keys:
                return []
            statement = self._statement(values, change).where(one_of(self._key, keys))
            gone = await self._sent(statement, values, change)
            if gone is not None:
                return gone
            if not await self._mark_kept(found, keys, change):
                break
            self._check_all(found, values)
        raise Rejected(refused_by_rule((*change.place, WHERE)))

    async def _mark_kept(self, found: Sequence[Judged], keys: Sequence[Key], change: Change) -> bool:
        """Say of each row what keeps it; whether any is kept."""
        kept: dict[Key, list[str]] = {}
        for other, statement in kept_by(self._writer.table, keys, self._writer.table.metadata):
            for key in await change.rows(statement):
                kept.setdefault(tuple(key), []).append(other.name.replace("_", " "))
        for one in found:
            if one.key in kept:
                holding = " and ".join(dict.fromkeys(kept[one.key]))
                message = f"This {self._entity.one} still has {holding}; delete or move what it has first."
                one.errors.append(StillReferenced(message, (*change.place, WHERE)))
        return bool(kept)

    def _result(self, keys: Sequence[Key], errors: Sequence[UserError], change: Change) -> Mapping[str, object]:
        rows = [WrittenRow(self._entity, key) for key in keys]
        change.touch(*rows)
        return {"deleted_ids": [global_id(row) for row in rows[:MAX_LISTED]], "count": len(rows), "errors": errors}
