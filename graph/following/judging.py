"""Whether a viewer is told of a changed row, and as what.

Changed rows enter; for each of them a kind leaves, or None where nothing is told. One statement asks for all of them
which are there and which the viewer sees and has asked for, as they are now. That a row is gone is told to those alone
who may know that it was there: a row that is hidden is like one that does not exist.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from db.relations import root
from db.statements import Key
from graph.context import RequestContext
from graph.entity.fields import described_enum
from graph.entity.filters import restricted, where_of
from graph.entity.registry import Entity
from graph.following.rows import ChangedRow, NounRows
from graph.loading.queries import ListQuery
from graph.prepare.late import holds_late, in_time


class ChangeKind(Enum):
    """What has become of a row, for whoever follows it."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    GONE = "GONE"


described_enum(
    ChangeKind,
    "What has become of a row.",
    {
        "CREATED": "It is new.",
        "UPDATED": "It has changed, or can be seen and fits `where` from now on.",
        "GONE": "It was deleted, or cannot be seen or does not fit `where` any more.",
    },
)


class Judgement:
    """What one viewer who asks for some rows of a noun is told of changes."""

    def __init__(
        self, rows: NounRows, arguments: Mapping[str, Any], discriminators: Mapping[str, frozenset[str]]
    ) -> None:
        """`arguments` may have `where`. `discriminators`: by table, columns that tell of which class a row is."""
        self._rows = rows
        self._entity: Entity = rows.entity
        self._arguments = arguments
        self._discriminators = discriminators
        self._read: Mapping[str, frozenset[str]] | None = None
        """By table, the columns on which it hangs whether a row is told of; None: nobody knows."""
        self._sees_all = False
        """Whether each row of the noun's table is one that the viewer may see, so that any may be told to be gone."""

    def begin(self, context: RequestContext) -> None:
        """See what it hangs on whether a row is told of. Raises `InvalidFilter`."""
        listing, loaders = self._listing(context), context.loaders
        self._sees_all = self._rows.has_own_table and loaders.visible(self._entity.mapper) is None
        self._read = loaders.judged_by(listing, self._entity.key).columns

    @property
    def tells_all(self) -> bool:
        """Whether a deletion tells all that is to be told of rows that go: each row is seen, and fits."""
        return self._sees_all and self._arguments.get("where") is None

    async def seen(self, keys: Sequence[Key], context: RequestContext) -> list[bool | None]:
        """Of each row, whether the viewer sees it and has asked for it; None where there is none."""
        found = await context.loaders.judged(self._listing(context), self._entity.key).load_level(list(keys))
        return [None if row_is is None else bool(row_is[0]) for row_is in found]

    def kind(self, row: ChangedRow, seen: bool | None, *, is_known: bool) -> ChangeKind | None:
        """What is told of a changed row that is `seen` now, or not. `is_known`: the viewer saw it before."""
        if seen:
            return ChangeKind.CREATED if row.is_new else ChangeKind.UPDATED
        if is_known:
            return ChangeKind.GONE
        if row.is_new or not self._sees_all:
            return None
        if row.is_gone:
            return ChangeKind.GONE
        if seen is None:  # it was deleted since, or is a row of another class
            return ChangeKind.GONE if row.is_own else None
        return ChangeKind.GONE if self._may_have_fitted(row) else None

    def _may_have_fitted(self, row: ChangedRow) -> bool:
        """Whether an update may have taken a row out of `where`: it has changed something on which that hangs."""
        if row.columns is None or self._read is None:
            return True
        for table, columns in row.columns.items():
            decisive = self._read.get(table, frozenset()) | self._discriminators.get(table, frozenset())
            if columns is None or not columns.isdisjoint(decisive):
                return True
        return False

    def _listing(self, context: RequestContext) -> ListQuery:
        entity, arguments = self._entity, self._arguments
        arguments = in_time(arguments, context) if holds_late(arguments) else arguments
        everything = ListQuery(entity.mapper, lambda: root(entity.model), entity)
        return restricted(everything, entity, where_of(arguments, entity, context), context.loaders)
