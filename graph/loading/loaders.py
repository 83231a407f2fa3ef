"""The DataLoaders of one operation, made on first use: one for each relationship, its columns and its arguments.

Keys enter, one by one or a level at once; each tick or level leaves as one statement. A loader is shared by every
branch that wants the same columns by the same arguments, so that a row reached over two paths is fetched once. How the
document is walked is not known here. The viewer's visibility is added to every statement.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple, TypeVar, cast

from aiodataloader import DataLoader
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Mapper

from db import statements as batch
from db.fast import Values
from db.relations import Link, Predicate, Source, Term, Visibility, root, total_order
from db.session import RequestSession
from db.statements import Key, PageShape, Side, Statement, StatementCache, page
from graph.loading.level_loader import Fetch, LevelLoader

IDENTITY = "the identity"
"""The form of a listing without arguments."""

NOTHING: Mapping[str, Any] = {}

T = TypeVar("T")
FoundRows = Sequence[Values]
"""FoundRows of one parent, or of one statement."""


class Page(NamedTuple):
    """A page of one parent, in the order that was asked for: the columns, then the values of a cursor."""

    rows: FoundRows
    has_more: bool
    """Whether rows follow in the direction of paging."""


class PageArguments(NamedTuple):
    """How much of a listing is meant, and from where."""

    limit: int
    backward: bool = False
    after: tuple[Any, ...] | None = None
    before: tuple[Any, ...] | None = None

    def sides(self) -> tuple[Side, ...]:
        """The shapes of the cursors."""
        if self.after is None and self.before is None:
            return ()
        return tuple(Side(name, tuple(part is None for part in values)) for name, values in self._cursors())

    def parameters(self) -> dict[str, Any]:
        """The values of the cursors, and the limit: one row more than is shown tells whether more follow."""
        parameters: dict[str, Any] = {batch.LIMIT: self.limit + 1}
        if self.after is None and self.before is None:
            return parameters
        for side, (_, values) in zip(self.sides(), self._cursors(), strict=True):
            parameters |= side.parameters(values)
        return parameters

    def page(self, found: FoundRows) -> Page:
        """The page that was found with these rows: the extra one is dropped, and a backward page turned round."""
        return Page(self.shown([found])[0], len(found) > self.limit)

    def shown(self, found: Sequence[FoundRows]) -> Sequence[FoundRows]:
        """The rows of each page."""
        limit = self.limit
        if max(map(len, found), default=0) > limit:
            found = [rows[:limit] for rows in found]
        return [rows[::-1] for rows in found] if self.backward else found

    def _cursors(self) -> list[tuple[str, tuple[Any, ...]]]:
        given = (("after", self.after), ("before", self.before))
        return [(name, values) for name, values in given if values is not None]


@dataclass(frozen=True, eq=False)
class ListQuery:
    """FoundRows of one model: all of them or those of each parent, filtered, in no order yet.

    `identity` is equal for equal arguments and finds the loader; two listings of one identity must be alike.
    """

    model: Mapper[Any]
    source: Callable[[], Source]
    identity: Hashable
    predicates: tuple[Predicate, ...] = ()
    form: Hashable = IDENTITY
    """Equal for listings whose statements differ in `parameters` alone; None when they cannot be kept."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What is bound when a statement of it runs."""

    @property
    def kept_by(self) -> Hashable | None:
        """What its statements are kept by; None when they are not."""
        return self.identity if self.form is IDENTITY else self.form

    def shape(self, *parts: Hashable) -> Hashable | None:
        """What one statement of it is kept by, with what else that hangs on."""
        return None if self.kept_by is None else (self.kept_by, *parts)


class Order(NamedTuple):
    """A total order of a listing. `identity` is equal for equal orders; cursors carry it."""

    terms: Callable[[Source], tuple[Term, ...]]
    identity: str


class Projection(NamedTuple):
    """What is read of each row of a page."""

    columns: tuple[str, ...]
    cursors: bool = False
    """The values of the order's terms too, behind the columns."""


class Measure(NamedTuple):
    """Something to compute over rows; equal names mean equal measures."""

    name: str
    expression: Callable[[Any], ColumnElement[Any]]


class Grouping(NamedTuple):
    """How rows fall into groups, and how many of the largest are wanted."""

    by: tuple[str, ...]
    limit: int
    having: Callable[[Any], ColumnElement[bool]] | None = None
    identity: Hashable = None


class Loaders:
    """Every loader of one operation. They live as long as its session."""

    def __init__(
        self,
        session: RequestSession,
        visible: Visibility,
        statements: StatementCache,
        bound: Mapping[str, Any] = NOTHING,
    ) -> None:
        self.visible = visible
        self._bound = bound
        self._session = session
        self.statements = statements
        self._made: dict[Hashable, object] = {}

    def once(self, identity: Hashable, make: Callable[[], T]) -> T:
        """What is made once for the operation under this identity, a loader mostly."""
        made = self._made.get(identity)
        if made is None:
            made = self._made[identity] = make()
        return cast(T, made)

    def get(self, kind: Callable[[RequestSession], T]) -> T:
        """A DataLoader of your own: `kind(session)`, made the first time that the operation asks for this kind.

        `await info.context.loaders.get(Likes).load(post.id)`, where `class Likes(DataLoader)` takes the session.
        """
        return self.once(kind, lambda: kind(self._session))

    def to_one(self, link: Link, columns: tuple[str, ...]) -> LevelLoader[Values | None]:
        """The row at the far end of a to-one relationship; keys hold the values of `link.key`."""
        if link.is_first_of_many:
            return self._first(link, columns)
        if link.target_key is not None:  # posts' authors and orders' customers are one loader
            return self.by_key(link.target, link.target_key, columns)

        def source() -> Source:
            return self.visible.seen(link.children(), link.target)

        return self._by_key(("row", link, columns), link.target, source, columns)

    def by_key(self, model: Mapper[Any], key: tuple[str, ...], columns: tuple[str, ...]) -> LevelLoader[Any]:
        """The row whose attributes `key` have the values given; None where there is none, or not for this viewer."""

        def source() -> Source:
            rows = self.visible.seen(root(model.entity), model)
            return rows._replace(key=tuple(getattr(rows.row, name) for name in key))

        return self._by_key(("key", model, key, columns), model, source, columns)

    def first(self, listing: ListQuery, columns: tuple[str, ...]) -> LevelLoader[Values | None]:
        """Any one row of a listing that has at most one; None where there is none."""

        def build() -> Statement:
            return page(self.source(listing), PageShape(columns, ()), self._session.dialect, self.predicates(listing))

        shape = listing.shape("one", columns)
        parameters = {batch.LIMIT: 1, **listing.parameters}
        return self._loader(("one", listing.identity, columns), shape, build, _first, parameters)

    def pages(
        self, listing: ListQuery, order: Order, window: PageArguments, wanted: Projection
    ) -> LevelLoader[FoundRows]:
        """The rows of each parent that `window` makes a page of; at the root, the key is `()`."""

        def build() -> Statement:
            source = self.source(listing)
            shape = PageShape(wanted.columns, order.terms(source), window.backward, window.sides(), wanted.cursors)
            return page(source, shape, self._session.dialect, self.predicates(listing))

        identity = ("page", listing.identity, order.identity, window, wanted)
        shape = listing.shape("page", order.identity, window.backward, window.sides(), wanted)
        parameters = {**window.parameters(), **listing.parameters}
        return self._loader(identity, shape, build, _all, parameters)

    def counts(self, listing: ListQuery) -> LevelLoader[int]:
        """How many rows each parent has."""

        def build() -> Statement:
            return batch.count(self.source(listing), self._session.dialect, self.predicates(listing))

        identity, shape = ("count", listing.identity), listing.shape("count")
        return self._loader(identity, shape, build, _number, listing.parameters)

    def aggregates(self, listing: ListQuery, measures: tuple[Measure, ...]) -> LevelLoader[Values | None]:
        """The measures of each parent's rows, in order; None for a parent without rows."""

        def build() -> Statement:
            source = self.source(listing)
            expressions = [measure.expression(source.row) for measure in measures]
            return batch.aggregate(source, expressions, self._session.dialect, self.predicates(listing))

        names = tuple(measure.name for measure in measures)
        identity, shape = ("aggregate", listing.identity, names), listing.shape("aggregate", names)
        return self._loader(identity, shape, build, _first, listing.parameters)

    def groups(self, listing: ListQuery, grouping: Grouping, measures: tuple[Measure, ...]) -> LevelLoader[FoundRows]:
        """The groups of each parent's rows, the largest first: the columns grouped by, then the measures."""

        def build() -> Statement:
            source = self.source(listing)
            return batch.groups(
                source,
                [getattr(source.row, name) for name in grouping.by],
                [measure.expression(source.row) for measure in measures],
                self._session.dialect,
                self.predicates(listing),
                grouping.having(source.row) if grouping.having else None,
            )

        names = tuple(measure.name for measure in measures)
        identity = ("groups", listing.identity, grouping.by, grouping.limit, grouping.identity, names)
        parameters = {batch.LIMIT: grouping.limit, **listing.parameters}
        return self._loader(identity, None, build, _all, parameters)

    def source(self, listing: ListQuery) -> Source:
        """Where the rows of a listing come from, with null for each value that this viewer may not see."""
        return self.visible.seen(listing.source(), listing.model)

    def predicates(self, listing: ListQuery) -> tuple[Predicate, ...]:
        """Which rows of a listing count: those that were asked for, as far as this viewer may see them."""
        visible = self.visible(listing.model)
        return (*listing.predicates, visible) if visible else listing.predicates

    async def read(
        self, shape: Hashable | None, build: Callable[[str], Statement], parameters: Mapping[str, Any]
    ) -> FoundRows:
        """The rows of a statement without keys, which is built for a dialect and kept by its shape."""
        return await self._read(self._statement(shape, lambda: build(self._session.dialect)), [()], parameters)

    def clear(self) -> None:
        """Forget everything that was read: a change may have made it untrue, or nobody wants it any more."""
        for made in self._made.values():
            if isinstance(made, DataLoader):
                made.clear_all()
        self._made.clear()

    def _first(self, link: Link, columns: tuple[str, ...]) -> LevelLoader[Values | None]:
        visible = self.visible(link.target)

        def build() -> Statement:
            source = self.visible.seen(link.children(), link.target)
            shape = PageShape(columns, total_order(link.target, source.row, source.order))
            return page(source, shape, self._session.dialect, [visible] if visible else [])

        identity = ("first", link, columns)
        return self._loader(identity, identity, build, _first, {batch.LIMIT: 1})

    def _by_key(
        self, identity: Hashable, model: Mapper[Any], source: Callable[[], Source], columns: tuple[str, ...]
    ) -> LevelLoader[Values | None]:
        def build() -> Statement:
            visible = self.visible(model)
            return batch.rows_by_key(source(), columns, self._session.dialect, [visible] if visible else [])

        return self._loader(identity, identity, build, _first)

    def _loader(
        self,
        identity: Hashable,
        shape: Hashable | None,
        build: Callable[[], Statement],
        finish: Callable[[Sequence[Key], Statement, FoundRows], dict[Key, T]],
        parameters: Mapping[str, Any] | None = None,
    ) -> LevelLoader[T]:
        """The loader of this identity; `finish` turns the rows of all keys into values.

        Statements of one `shape` are alike but for what is bound when they run, and are kept for other operations;
        without a shape, a statement is built for this operation alone.
        """
        made = self._made.get(identity)
        if made is None:
            made = self._made[identity] = LevelLoader(self._fetch(shape, build, finish, parameters or {}))
        return cast(LevelLoader[T], made)

    def _fetch(
        self,
        shape: Hashable | None,
        build: Callable[[], Statement],
        finish: Callable[[Sequence[Key], Statement, FoundRows], dict[Key, T]],
        parameters: Mapping[str, Any],
    ) -> Fetch[T]:
        async def fetch(keys: list[Key]) -> dict[Key, T]:
            statement = self._statement(shape, build)
            parts = [await self._read(statement, batch, parameters) for batch in statement.batches(keys)]
            return finish(keys, statement, parts[0] if len(parts) == 1 else list(chain.from_iterable(parts)))

        return fetch

    def _statement(self, shape: Hashable | None, build: Callable[[], Statement]) -> Statement:
        if shape is None:
            return build()
        return self.statements.get((self._session.dialect, self.visible, shape), build)

    async def _read(self, statement: Statement, keys: Sequence[Key], parameters: Mapping[str, Any]) -> FoundRows:
        bound = {**statement.parameters(keys), **parameters, **self._bound}
        if statement.compiled is not None:
            return await self._session.rows(statement.compiled, bound)
        return await self._session.rows(statement.select, bound)


def _number(keys: Sequence[Key], statement: Statement, rows: FoundRows) -> dict[Key, int]:
    found = batch.first_by_key(statement, rows)
    return {key: int(found[key][0]) if key in found else 0 for key in keys}


def _first(keys: Sequence[Key], statement: Statement, rows: FoundRows) -> dict[Key, Values | None]:
    found = batch.first_by_key(statement, rows)
    return {key: found.get(key) for key in keys}


def _all(keys: Sequence[Key], statement: Statement, rows: FoundRows) -> dict[Key, FoundRows]:
    found = batch.by_key(statement, rows)
    return {key: found.get(key, ()) for key in keys}
