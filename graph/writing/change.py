"""One change under way: its transaction, who makes it, and what of it the record will say.

Work gets a `Change`. It finds rows as the viewer sees them, tells what it touched, and raises `Refused` when something
stands against it; what it did is then undone.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, and_, false, inspect, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapper

from db.base import utcnow
from db.batch import Key
from db.compiled import Transaction
from db.links import VIEWER
from graph.context import RequestContext
from graph.entity.node import encode_id
from graph.entity.registry import entity_of_model
from graph.viewer import Viewer
from graph.writing.errors import Place, Refused, no_such

T = TypeVar("T")


class Change:
    """What work is given besides its input."""

    def __init__(self, transaction: Transaction, context: RequestContext, place: Place, prepared: Any = None) -> None:
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
        return self.transaction.orm

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
        """The row of a key, locked until the change ends. Raises `Refused` with `NotFound`, at this field of the input.

        A row that the viewer may not see is not there.
        """
        found = await self._locked(model, [key])
        if key not in found:
            raise Refused(no_such(entity_of_model(inspect(model)).one, (*self.place, *field)))
        return found[key]

    async def find_all(self, model: type[T], keys: Sequence[Key], *field: str | int) -> list[T]:
        """The rows of several keys, in the order of the keys; locked in the order of the keys of the table.

        Raises `Refused` with `NotFound` for each that is not there, at its place in this list of the input.
        """
        found = await self._locked(model, keys)
        one = entity_of_model(inspect(model)).one
        missing = [no_such(one, (*self.place, *field, at)) for at, key in enumerate(keys) if key not in found]
        if missing:
            raise Refused(*missing)
        return [found[key] for key in keys]

    async def _locked(self, model: type[T], keys: Sequence[Key]) -> dict[Key, T]:
        mapper = inspect(model)
        columns = mapper.primary_key
        each = (and_(*(column == part for column, part in zip(columns, key, strict=True))) for key in keys)
        wanted = columns[0].in_([key[0] for key in keys]) if len(columns) == 1 else or_(false(), *each)
        statement = self.visible(model).where(wanted).order_by(*columns).with_for_update(of=model)
        rows = await self.orm.scalars(statement.execution_options(populate_existing=True), self.bound)
        return {tuple(mapper.primary_key_from_instance(row)): row for row in rows}

    def touch(self, *rows: Any) -> None:
        """Name rows in the record of this change. They must have their keys: flush first."""
        for row in rows:
            self.touched[global_id(row)] = None


def global_id(row: Any) -> str:
    """The id that the API has for a mapped row."""
    mapper: Mapper[Any] = inspect(row).mapper
    return encode_id(entity_of_model(mapper), tuple(mapper.primary_key_from_instance(row)))
