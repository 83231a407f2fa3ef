"""One change under way: its session, the viewer who makes it, and the rows that the record will name.

The work of a mutation gets a `Change`. It finds rows as the viewer sees them, writes through `session` and `rows`,
names the rows that it touched, and raises `Rejected` when something stands against it: the change is then undone. The
work never commits: that is done once, at the end of the mutation's field.
"""

from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from typing import Any, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import Select, and_, inspect, select, true
from sqlalchemy.orm import Mapper, defer
from sqlalchemy.orm.attributes import set_committed_value

from db.base import utcnow
from db.relations import viewer_parameters
from db.session import RequestSession
from db.statements import Key
from db.unreadable import Unreadable, UnreadableValue
from graph.context import RequestContext
from graph.entity.ids import encode_id
from graph.entity.registry import Entity, entity_of, entity_of_model, key_of
from graph.execute.reference import RowReference
from graph.writing.errors import Place, Rejected, no_such

ModelT = TypeVar("ModelT")

INPUT = "input"
PLACE: Place = (INPUT,)
"""Where the input of a mutation stands among its arguments."""


class Asked(NamedTuple):
    """What a client has asked for, for the record."""

    input: type[Any]
    """The class of the input."""
    values: Mapping[str, object]
    """As they were sent, by the names of the schema."""


class Change:
    """What the work of a mutation is given besides its input."""

    def __init__(
        self,
        session: RequestSession,
        context: RequestContext,
        place: Place = PLACE,
        prepared: Any = None,
        asked: Asked | None = None,
    ) -> None:
        self.session = session
        """For entities and for statements of one's own."""
        self.context = context
        self.viewer = context.viewer
        """Who makes the change."""
        self.place = place
        """Where the input stands among the arguments."""
        self.prepared = prepared
        """What the mutation's `prepare` returned."""
        self.asked = asked
        """What was sent; None for work that no mutation does."""
        self.now = utcnow()
        self.dialect = session.dialect
        self.rows = session.rows
        """Runs one statement and returns its rows, which are read by position; flushes what the session holds first."""
        self.flush = session.flush
        """Sends what the session holds and the database does not know."""
        self.touched: dict[str, None] = {}
        """The global ids of the changed rows, for the record."""
        self.afterwards: list[Callable[[], Awaitable[None]]] = []
        """What happens once the change is committed. Work may be done several times, so nothing else acts at once."""

    def visible(self, model: type[ModelT]) -> Select[ModelT]:
        """The rows of a model that the viewer may see, as entities. Run it with `self.bound`."""
        predicate = self.context.visible(inspect(model))
        condition = predicate(model) if predicate else None
        return select(model).where(true() if condition is None else condition)

    @property
    def bound(self) -> Mapping[str, Any]:
        """What visibility binds when a statement runs."""
        return viewer_parameters(self.viewer.id, self.viewer.claims)

    async def find(self, model: type[ModelT], key: Key, *field: str | int) -> ModelT:
        """The row of a key, locked until the change ends. Raises `Rejected` with `NotFound` at this field of the input.

        A row that the viewer may not see is not there.
        """
        mapper = inspect(model)
        has_key = and_(*(column == part for column, part in zip(mapper.primary_key, key, strict=True)))
        statement = self.visible(model).where(has_key).with_for_update(of=model)
        # The session may hold the row from before another change was committed: only the locked row counts.
        row: ModelT | None = await self._read(statement.execution_options(populate_existing=True), mapper)
        if row is None:
            raise Rejected(no_such(entity_of_model(mapper).one, (*self.place, *field)))
        return row

    async def _read(self, statement: Select[ModelT], mapper: Mapper[Any]) -> ModelT | None:
        """The row of a statement. Columns that cannot be read are no reason not to change the others."""
        try:
            found: ModelT | None = await self.session.scalar(statement, self.bound)
        except UnreadableValue:
            found = await self._read_part(statement, mapper)
        return found

    async def _read_part(self, statement: Select[ModelT], mapper: Mapper[Any]) -> ModelT | None:
        """The row, with an `Unreadable` for each value that a statement of its columns finds to be one."""
        columns = [getattr(mapper.class_, attribute.key) for attribute in mapper.column_attrs]
        rows = await self.session.rows(statement.with_only_columns(*columns), self.bound)
        unreadable = [
            column for row in rows for column, value in zip(columns, row, strict=True) if type(value) is Unreadable
        ]
        found: ModelT | None = await self.session.scalar(statement.options(*map(defer, unreadable)), self.bound)
        for column in unreadable:
            set_committed_value(found, column.key, Unreadable())
        return found

    def at(self, place: Place) -> "Change":
        """This change, for a part of the input that stands at another place."""
        part = copy(self)
        part.place = place
        return part

    def touch(self, *rows: object) -> None:
        """Name rows, mapped or written, in the record of this change. Mapped rows must have their keys: flush first."""
        for row in rows:
            self.touched[global_id(row)] = None


class WrittenRow(RowReference):
    """A row that was written past the session: what is known of it is its key."""

    def __init__(self, entity: Entity, key: Key) -> None:
        super().__init__(entity, key)
        self.entity = entity
        self.key = key


Beforehand: TypeAlias = Callable[[Any, Any, Change], Awaitable[None]]
"""What a noun does with a row and an input before the row changes or goes. It raises `Rejected` to keep the row."""


def written(cls: type[object], *key: object) -> WrittenRow:
    """The row of an entity's class that has this key: what work returns for a row that it wrote by its key."""
    return WrittenRow(entity_of(cls), key)


def global_id(row: object) -> str:
    """The id that the API has for a row, mapped or written."""
    if isinstance(row, WrittenRow):
        return encode_id(row.entity, row.key)
    return encode_id(entity_of_model(inspect(row).mapper), key_of(row))
