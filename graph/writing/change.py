"""One change under way: its transaction, who makes it, and what of it the record will say.

Work gets a `Change`. It finds rows as the viewer sees them, tells what it touched, and raises `Rejected` when something
stands against it; what it did is then undone.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, and_, inspect, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import utcnow
from db.relations import VIEWER
from db.session import RequestSession
from db.statements import Key
from graph.context import RequestContext
from graph.entity.ids import encode_id
from graph.entity.registry import entity_of_model, key_of
from graph.viewer import Viewer
from graph.writing.errors import Place, Rejected, no_such

T = TypeVar("T")


class Change:
    """What work is given besides its input."""

    def __init__(
        self, transaction: RequestSession, context: RequestContext, place: Place, prepared: Any = None
    ) -> None:
        self.transaction = transaction
        self.context = context
        self.viewer: Viewer = context.viewer
        """Who makes the change."""
        self.prepared = prepared
        """What the mutation's `prepare` returned."""
        self.place = place
        """Where the input stands among the arguments."""
        self.now: datetime = utcnow()
        self.touched: dict[str, None] = {}
        """The global ids of what was changed, for the record."""
        self.afterwards: list[Callable[[], None]] = []
        """What happens once the change is kept."""

    @property
    def orm(self) -> AsyncSession:
        """The session for entities. Whoever uses it never commits: that is done once, at the end."""
        return self.transaction

    def visible(self, model: type[T]) -> Select[T]:
        """The rows of a model that the viewer may see, as entities. Run it with `self.bound`."""
        predicate = self.context.visible(inspect(model))
        condition = predicate(model) if predicate else None
        return select(model).where(true() if condition is None else condition)

    @property
    def bound(self) -> dict[str, Any]:
        """What visibility binds when a statement runs."""
        return {VIEWER: self.viewer.id}

    async def find(self, model: type[T], key: Key, *field: str | int) -> T:
        """The row of a key, locked until the change ends. Raises `Rejected` with `NotFound` at this field.

        A row that the viewer may not see is not there.
        """
        mapper = inspect(model)
        is_it = and_(*(column == part for column, part in zip(mapper.primary_key, key, strict=True)))
        statement = self.visible(model).where(is_it).with_for_update(of=model)
        row = await self.orm.scalar(statement.execution_options(populate_existing=True), self.bound)
        if row is None:
            raise Rejected(no_such(entity_of_model(mapper).one, (*self.place, *field)))
        return row

    def touch(self, *rows: Any) -> None:
        """Name rows in the record of this change. They must have their keys: flush first."""
        for row in rows:
            self.touched[global_id(row)] = None


def global_id(row: Any) -> str:
    """The id that the API has for a mapped row."""
    return encode_id(entity_of_model(inspect(row).mapper), key_of(row))
