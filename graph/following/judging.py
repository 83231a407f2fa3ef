"""Whether a viewer is told of a changed row, and as what.

Changed rows enter; for each of them a kind leaves, or None where nothing is told. One statement asks for all of them
which are there and which the viewer sees and has asked for, as they are now.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from sqlalchemy.sql.elements import False_

from db.changes import Batch
from db.relations import root
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
        self._sees_none = False
        """Whether the viewer sees no row at all, so that nobody is told that one was there."""

    def begin(self, context: RequestContext) -> None:
        """See what it hangs on whether a row is told of. Raises `InvalidFilter`."""
        listing, loaders = self._listing(context), context.loaders
        visible = loaders.visible(self._entity.mapper)
        self._sees_none = visible is not None and isinstance(visible(loaders.source(listing).row), False_)
        self._read = loaders.judged_by(listing, self._entity.key).columns

    async def kinds(
        self, changed: Sequence[ChangedRow], batch: Batch, context: RequestContext
    ) -> list[ChangeKind | None]:
        """What is told of each row."""
        loader = context.loaders.judged(self._listing(context), self._entity.key)
        found = await loader.load_level([row.key for row in changed])
        others = self._read is None or self._rows.touches_others(batch, self._read)
        return [
            self._kind(row, None if row_is is None else bool(row_is[0]), others)
            for row, row_is in zip(changed, found, strict=True)
        ]

    async def sees(self, key: tuple[Any, ...], context: RequestContext) -> bool:
        """Whether the viewer sees the row of a key."""
        (found,) = await context.loaders.judged(self._listing(context), self._entity.key).load_level([key])
        return found is not None and bool(found[0])

    def _kind(self, row: ChangedRow, seen: bool | None, others: bool) -> ChangeKind | None:
        """`seen`: None where the row is not there. `others`: whether more has changed on which it hangs who sees it."""
        if seen:
            return ChangeKind.CREATED if row.is_new else ChangeKind.UPDATED
        if row.is_new or self._sees_none:
            return None
        if row.is_gone:
            return ChangeKind.GONE
        if seen is None:  # it was deleted since, or is a row of another class
            return ChangeKind.GONE if row.is_own else None
        return ChangeKind.GONE if others or self._may_have_been_seen(row) else None

    def _may_have_been_seen(self, row: ChangedRow) -> bool:
        """Whether an update may have hidden a row: it has changed something on which that hangs."""
        assert self._read is not None
        if row.columns is None:
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
