"""What an operation will ask its loaders for, known before anything is loaded.

The root's selection enters; the loads below it leave, each with its keys, or with the columns of an earlier load that
will hold them. Fields say so themselves: each is begun as always, for one object whose values are not known yet, so
that no second planner has to agree with the first. Where a resolver stands in between, or a field wants to see a value,
what lies below is not foreseen. Nothing is loaded here, and nothing reaches the response.
Why: docs/decisions/0049-one-round-trip.md.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast, overload

from graphql import GraphQLObjectType, is_leaf_type

from db.fast import Asked, Values
from db.statements import Key
from graph.execute.level import ObjectsLevel
from graph.execute.reference import RowReference
from graph.execute.work import Objects, Work
from graph.prepare.fields import FieldPlan, Rows, Selection

if TYPE_CHECKING:
    from collections.abc import Callable

    from graph.context import RequestContext
    from graph.loading.level_loader import LevelLoader

T = TypeVar("T")

MAX_LOADS = 30
"""More are not foreseen: each is a part of one statement, which is planned as a whole."""


LASTING = frozenset({"bounds", "loaders", "visible"})
"""What of a context is the same in every run of a server for viewers of one visibility."""


class Cell(NamedTuple):
    """A value that is not known yet."""

    load: int
    column: int


class ForeseenRow(Sequence[Any]):
    """A row of a load, as far as it is known: nothing but where its values will stand. It has as many as are asked."""

    def __init__(self, load: int, first: int = 0) -> None:
        self._load = load
        self._first = first

    @overload
    def __getitem__(self, position: int) -> Cell: ...
    @overload
    def __getitem__(self, position: slice) -> ForeseenRow: ...
    def __getitem__(self, position: int | slice) -> Cell | ForeseenRow:
        """The value of a column by its position from the left."""
        if isinstance(position, slice):
            return ForeseenRow(self._load, self._first + (position.start or 0))
        return Cell(self._load, self._first + position)

    def __iter__(self) -> Iterator[Cell]:
        """Cell after cell, without an end."""
        column = self._first
        while True:
            yield Cell(self._load, column)
            column += 1

    def __len__(self) -> int:
        """Nobody knows."""
        raise UnforeseenError


class UnforeseenError(Exception):
    """A field wants to see what is not known yet."""


class ForeseenLoad(NamedTuple):
    """What a loader will be asked for."""

    loader: LevelLoader[Any]
    keys: Sequence[Key]
    """Those that are known already."""
    asked: Asked | None
    """Where the keys will come from; None: they are known."""
    field: FieldPlan
    """The field that asks."""


class Foresight:
    """What one run will ask its loaders for. Raises what a field raises over its arguments."""

    def __init__(self, work: Work) -> None:
        self.loads: list[ForeseenLoad] = []
        self.is_complete = True
        """Whether nothing else will be asked."""
        self.loaders = work.context.loaders
        self._work = work
        self._watched = _WatchedContext(work.context)
        self.context = cast("RequestContext", self._watched)
        """What fields see of the context."""
        self._known: dict[Hashable, int] = {}
        self.begin(Objects(work.selection, [{}], [None]))

    @property
    def is_lasting(self) -> bool:
        """Whether it holds for every run with the same variables and the same visibility."""
        return self._watched.is_lasting

    def begin(self, objects: Objects) -> None:
        """Begin the fields of one object."""
        for field in objects.fields:
            try:
                self._begin(objects, field)
            except UnforeseenError:
                self.is_complete = False

    def _begin(self, objects: Objects, field: FieldPlan) -> None:
        planned = field.planned
        if planned is not None and planned.seen_by is not None and not planned.seen_by(self.context.viewer):
            return
        if field.begin is not None:
            field.begin(ForeseenLevel(self, self._work, objects, field))
        elif planned is not None and planned.read is not None and not is_leaf_type(field.named_type):
            level = ForeseenLevel(self, self._work, objects, field)
            level.objects(level.below(), [planned.read(source) for source in level.sources])
        elif not is_leaf_type(field.named_type):  # whatever a resolver returns may lead on
            self.is_complete = False

    def ask(self, loader: LevelLoader[Any], keys: Sequence[Key], field: FieldPlan) -> Any:
        """The value of a key, as far as it is known: it has one row. Raises `UnforeseenError`."""
        asked = _asked(keys[0])
        if loader.outcome is None or len(self.loads) >= MAX_LOADS or (asked is not None and len(keys) > 1):
            raise UnforeseenError
        known = (loader, asked or tuple(keys))
        number = self._known.get(known)
        if number is None:
            number = self._known[known] = len(self.loads)
            self.loads.append(ForeseenLoad(loader, () if asked else keys, asked, field))
        return loader.outcome.of_row(ForeseenRow(number))


class _WatchedContext:
    """A context that tells when a field looks at what the next run may have another one of: its viewer, mostly."""

    __slots__ = ("_context", "is_lasting")

    def __init__(self, context: RequestContext) -> None:
        self.is_lasting = True
        self._context = context

    def __getattr__(self, name: str) -> Any:
        if name not in LASTING:
            self.is_lasting = False
        return getattr(self._context, name)


def _asked(key: Key) -> Asked | None:
    """Which columns hold a key; None for a key that is known. Raises `UnforeseenError` for one that is half known."""
    cells = [part for part in key if isinstance(part, Cell)]
    if not cells:
        return None
    if len(cells) < len(key) or len({cell.load for cell in cells}) > 1:
        raise UnforeseenError
    return Asked(cells[0].load, tuple(cell.column for cell in cells))


class ForeseenLevel(ObjectsLevel):
    """A level of one object whose values are not known yet. Implements `Level`."""

    __slots__ = ("_foresight",)

    def __init__(self, foresight: Foresight, work: Work, objects: Objects, field: FieldPlan) -> None:
        super().__init__(work, objects, field)
        self._foresight = foresight
        self.context = foresight.context

    @property
    def sources(self) -> Sequence[Any]:
        """The object as resolvers know it, if it is none of a row."""
        if self._objects.taken is None:
            raise UnforeseenError
        return self._objects.taken

    def load(self, loader: LevelLoader[T], keys: Sequence[Key], then: Callable[[list[T]], None]) -> None:
        """Note what is asked, and go on with one row."""
        then([self._foresight.ask(loader, keys, self.field)] * len(keys) if keys else [])

    def rows(self, selection: Selection, rows: Rows) -> list[Any]:
        """Begin what is selected of the first row: the others are like it."""
        if rows.rows:
            self._foresight.begin(Objects(selection, [{}], rows=rows._replace(rows=rows.rows[:1])))
        return [{} for _ in rows.rows]

    def objects(self, selection: Selection, sources: Sequence[Any]) -> list[Any]:
        """Begin what is selected of the first object."""
        if sources:
            self._foresight.begin(Objects(selection, [{}], [sources[0]]))
        return [{} for _ in sources]

    def complete(self, values: Iterable[Any]) -> None:
        """Ask for the rows that are referred to."""
        if is_leaf_type(self.field.named_type):
            return
        found: dict[str, list[RowReference]] = {}
        for value in values:
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, RowReference):
                    found.setdefault(one.type_name, []).append(one)
                elif one is not None:
                    raise UnforeseenError
        for name, references in found.items():
            self._read(self._type(name), references)

    def _read(self, type_: GraphQLObjectType, references: Sequence[RowReference]) -> None:
        selection = self.below(self.field, type_)
        loader = references[0].loader(self.context.loaders, selection.needs)
        row: Values = self._foresight.ask(loader, [reference.key for reference in references], self.field)
        self.rows(selection, references[0].rows([row], selection.needs))

    def _type(self, name: str) -> GraphQLObjectType:
        found = self._work.plan.object_type(name)
        if found is None:
            raise UnforeseenError
        return found

    def fill(self, values: Iterable[Any]) -> None:
        """There is nothing to fill."""

    def share(self, made: list[Any], lists: Sequence[Sequence[object]]) -> None:
        """There is nothing to share."""

    def share_at_most(self, times: int) -> None:
        """Nothing is written."""
