"""The DataLoaders of one operation, made on first use: one for each relationship, its columns and its arguments.

Keys enter, one by one or a level at once; each tick or level leaves as one statement. A loader is shared by every
branch that wants the same columns by the same arguments, so that a row reached over two paths is fetched once. How the
document is walked is not known here. The viewer's visibility is added to every statement.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, cast

from aiodataloader import DataLoader
from sqlalchemy.orm import Mapper

from db import statements as batch
from db.dialects import Query
from db.fast import CompiledStatement, Values
from db.relations import (
    Link,
    Predicate,
    Row,
    Source,
    StatementDetails,
    Visibility,
    bare,
    comparable,
    details_of,
    key_table,
    root,
    seen_where,
    total_order,
)
from db.session import RequestSession, RowsByKey
from db.statements import Key, PageShape, Side, Statement, StatementCache, page
from graph.loading.level_loader import Fetch, LevelLoader, Outcome, Reads
from graph.loading.queries import FoundRows, Grouping, ListQuery, Measure, Order, PageArguments, Projection
from graph.settings import MAX_PAGE

NOTHING: Mapping[str, Any] = {}

MOST = MAX_PAGE + 1
"""What the LIMIT of a page may be where it is sent with others, as PostgreSQL is told; see `Reads.part`."""

T = TypeVar("T")


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
        self.dialect = session.dialect
        """The database that is read from, by SQLAlchemy's name."""
        self._made: dict[Hashable, object] = {}
        self._read_before: dict[Hashable, dict[Key, Any]] = {}
        """Values for loaders that are not made yet."""

    @property
    def bound(self) -> Mapping[str, Any]:
        """What every statement binds for the viewer."""
        return self._bound

    def prime(self, identity: Hashable, values: dict[Key, Any]) -> None:
        """Give values that were read another way to the loader of an identity, made or not."""
        made = self._made.get(identity)
        if isinstance(made, LevelLoader):
            made.prime_all(values)
        else:
            self._read_before[identity] = {**values, **self._read_before.get(identity, {})}

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
        if link.target_key is not None and link.binds_alike:  # posts' authors and orders' customers are one loader
            return self.by_key(link.target, link.target_key, columns)

        def source() -> Source:
            return self.visible.seen(link.children(), link.target)

        return self._by_key(("row", link, columns), link.target, source, columns)

    def by_key(self, model: Mapper[Any], key: tuple[str, ...], columns: tuple[str, ...]) -> LevelLoader[Any]:
        """The row whose attributes `key` have the values given; None where there is none, or not for this viewer."""

        def source() -> Source:
            rows = self.visible.seen(root(model.entity), model)
            return rows._replace(key=tuple(comparable(getattr(rows.row, name)) for name in key))

        return self._by_key(("key", model, key, columns), model, source, columns, table=key_table(model, key))

    def by_attribute(self, model: Mapper[Any], name: str, columns: tuple[str, ...]) -> LevelLoader[Values | None]:
        """The row that has a value in an attribute, which is a key, where this viewer may see the value; else None."""

        def source() -> Source:
            rows = self.visible.seen(root(model.entity), model)
            return rows._replace(key=(comparable(getattr(bare(rows.row), name)),))  # an index serves the bare one

        identity = ("attribute", model, name, columns)
        return self._by_key(identity, model, source, columns, lambda row: seen_where(row, name))

    def first(self, listing: ListQuery, columns: tuple[str, ...]) -> LevelLoader[Values | None]:
        """Any one row of a listing that has at most one; None where there is none."""

        def build() -> Statement:
            return page(self.source(listing), PageShape(columns, ()), self.dialect, self.predicates(listing))

        shape = listing.shape("one", columns)
        parameters = {batch.LIMIT: 1, **listing.parameters}
        return self._loader(listing.model, ("one", listing.identity, columns), shape, build, FIRST, parameters)

    def pages(
        self, listing: ListQuery, order: Order, window: PageArguments, wanted: Projection
    ) -> LevelLoader[FoundRows]:
        """The rows of each parent that `window` makes a page of; at the root, the key is `()`."""
        skips = window.offset is not None

        def build(most: int | None = None, most_together: int = 0) -> Statement:
            source = self.source(listing)
            terms = order.terms(source)
            shape = PageShape(
                wanted.columns,
                terms,
                window.backward,
                window.sides(),
                wanted.cursors,
                skips,
                most,
                most_together,
            )
            return page(source, shape, self.dialect, self.predicates(listing))

        identity = ("page", listing.identity, order.identity, window, wanted)
        parts = ("page", order.identity, window.backward, window.sides(), wanted, skips)
        shape = listing.shape(*parts) if order.is_kept else None
        parameters = {**window.parameters(), **listing.parameters}
        numbered = None if skips or listing.only is not None else partial(build, MOST)
        return self._loader(listing.model, identity, shape, build, ALL, parameters, numbered)

    def counts(self, listing: ListQuery) -> LevelLoader[int]:
        """How many rows each parent has."""

        def build() -> Statement:
            return batch.count(self.source(listing), self.dialect, self.predicates(listing))

        identity, shape = ("count", listing.identity), listing.shape("count")
        return self._loader(listing.model, identity, shape, build, NUMBER, listing.parameters)

    def positions(self, listing: ListQuery, order: Order, side: str, values: tuple[Any, ...]) -> LevelLoader[int]:
        """How many rows of each parent are on one side of a cursor with these values."""
        found = Side(side, tuple(value is None for value in values))

        def build() -> Statement:
            source = self.source(listing)
            there = source._replace(only=(*source.only, found.condition(order.terms(source))))
            return batch.count(there, self.dialect, self.predicates(listing))

        identity = ("position", listing.identity, order.identity, side, values)
        shape = listing.shape("position", order.identity, found) if order.is_kept else None
        parameters = {**found.parameters(values), **listing.parameters}
        return self._loader(listing.model, identity, shape, build, NUMBER, parameters)

    def aggregates(self, listing: ListQuery, measures: tuple[Measure, ...]) -> LevelLoader[Values | None]:
        """The measures of each parent's rows, in order; None for a parent without rows."""

        def build() -> Statement:
            source = self.source(listing)
            expressions = [measure.expression(source.row) for measure in measures]
            return batch.aggregate(source, expressions, self.dialect, self.predicates(listing))

        names = tuple(measure.name for measure in measures)
        identity, shape = ("aggregate", listing.identity, names), listing.shape("aggregate", names)
        return self._loader(listing.model, identity, shape, build, FIRST, listing.parameters)

    def groups(
        self,
        listing: ListQuery,
        grouping: Grouping,
        window: PageArguments,
        measures: tuple[Measure, ...],
        *,
        cursors: bool,
    ) -> LevelLoader[FoundRows]:
        """The groups of each parent's rows that `window` makes a page of: what is shared, the measures, the cursors."""

        def build() -> Statement:
            source = self.source(listing)
            shape = _group_shape(source.row, grouping, measures)
            shape = shape._replace(backward=window.backward, sides=window.sides(), cursors=cursors)
            return batch.groups(source, shape, self.dialect, self.predicates(listing))

        names = tuple(measure.name for measure in measures)
        identity = ("groups", listing.identity, grouping.identity, window, names, cursors)
        return self._loader(listing.model, identity, None, build, ALL, {**window.parameters(), **listing.parameters})

    def group_counts(
        self, listing: ListQuery, grouping: Grouping, side: str = "", values: tuple[Any, ...] = ()
    ) -> LevelLoader[int]:
        """How many groups the rows of each parent fall into; on one side of a cursor, or in all."""
        sides = [Side(side, tuple(value is None for value in values))] if side else []

        def build() -> Statement:
            source = self.source(listing)
            shape = _group_shape(source.row, grouping, ())._replace(sides=sides)
            return batch.count_groups(source, shape, self.dialect, self.predicates(listing))

        identity = ("group count", listing.identity, grouping.identity, side, values)
        parameters = {name: value for each in sides for name, value in each.parameters(values).items()}
        return self._loader(listing.model, identity, None, build, NUMBER, {**parameters, **listing.parameters})

    def judged(self, listing: ListQuery, key: tuple[str, ...]) -> LevelLoader[Values | None]:
        """Of the row whose attributes `key` have the values given, whether a listing has it for this viewer: 1 or 0.

        None where there is no such row at all. It is for the server alone: a viewer may not know which rows there are.
        """

        def build() -> Statement:
            return self._judgement(listing, key)

        identity, shape = ("judged", listing.identity, key), listing.shape("judged", key)
        return self._loader(listing.model, identity, shape, build, FIRST, listing.parameters)

    def judged_by(self, listing: ListQuery, key: tuple[str, ...]) -> StatementDetails:
        """What the statement of `judged` reads."""
        return details_of(self._judgement(listing, key).select)

    def _judgement(self, listing: ListQuery, key: tuple[str, ...]) -> Statement:
        source = self.source(listing)
        found_by = tuple(comparable(getattr(bare(source.row), name)) for name in key)
        return batch.rows_judged(source._replace(key=found_by), self.dialect, self.predicates(listing))

    def source(self, listing: ListQuery) -> Source:
        """Where the rows of a listing come from, with null for each value that this viewer may not see."""
        source = self.visible.seen(listing.source(), listing.model)
        if listing.only is None:
            return source
        again, predicates = self.visible.seen(listing.source(), listing.model), self.predicates(listing)
        by, terms = listing.only.by, listing.only.order.terms(again)
        return batch.first_of_each(source, again, listing.model, by, terms, self.dialect, predicates)

    def predicates(self, listing: ListQuery) -> tuple[Predicate, ...]:
        """Which rows of a listing count: those that were asked for, as far as this viewer may see them."""
        visible = self.visible(listing.model)
        return (*listing.predicates, visible) if visible else listing.predicates

    async def read(
        self, shape: Hashable | None, build: Callable[[str], Statement], parameters: Mapping[str, Any]
    ) -> FoundRows:
        """The rows of a statement without keys, which is built for a dialect and kept by its shape."""
        return await self._read(self._statement(shape, lambda: build(self.dialect)), [()], parameters)

    def clear(self) -> None:
        """Forget everything that was read: a change may have made it untrue."""
        for made in self._made.values():
            if isinstance(made, DataLoader):
                made.clear_all()
        self.release()

    def release(self) -> None:
        """Let go of the loaders: they know these, and all rows would wait for the garbage collector."""
        self._made.clear()
        self._read_before.clear()

    def _first(self, link: Link, columns: tuple[str, ...]) -> LevelLoader[Values | None]:
        visible = self.visible(link.target)

        def build() -> Statement:
            source = self.visible.seen(link.children(), link.target)
            shape = PageShape(columns, total_order(link.target, source.row, source.order))
            return page(source, shape, self.dialect, [visible] if visible else [])

        identity = ("first", link, columns)
        return self._loader(link.target, identity, identity, build, FIRST, {batch.LIMIT: 1})

    def _by_key(
        self,
        identity: Hashable,
        model: Mapper[Any],
        source: Callable[[], Source],
        columns: tuple[str, ...],
        *predicates: Predicate,
        table: str | None = None,
    ) -> LevelLoader[Values | None]:
        def build() -> Statement:
            visible = self.visible(model)
            seen = (*predicates, visible) if visible else predicates
            return batch.rows_by_key(source(), columns, self.dialect, seen)

        return self._loader(model, identity, identity, build, FIRST, table=table)

    def _loader(
        self,
        model: Mapper[Any],
        identity: Hashable,
        shape: Hashable | None,
        build: Callable[[], Statement],
        outcome: Outcome,
        parameters: Mapping[str, Any] = NOTHING,
        part: Callable[[int], Statement] | None = None,
        table: str | None = None,
    ) -> LevelLoader[T]:
        """The loader of this identity; `outcome` turns the rows of all keys into values.

        Statements of one `shape` are alike but for what is bound when they run, and are kept for other operations;
        without a shape, a statement is built for this operation alone. `table`: whose primary keys the keys are.
        """
        made: Any = self._made.get(identity)
        if made is None:
            fetch: Fetch[T] = self._fetch(shape, build, outcome, parameters, table)

            def tell() -> Reads:
                built = None if part is None else partial(self._part, shape, part)
                return Reads(identity, partial(self._statement, shape, build), built, parameters)

            values = self._read_before.pop(identity, None) if self._read_before else None
            made = self._made[identity] = LevelLoader(fetch, model, None if shape is None else tell, values, outcome)
        found: LevelLoader[T] = made
        return found

    def _fetch(
        self,
        shape: Hashable | None,
        build: Callable[[], Statement],
        outcome: Outcome,
        parameters: Mapping[str, Any],
        table: str | None,
    ) -> Fetch[T]:
        async def fetch(keys: list[Key]) -> dict[Key, T]:
            statement = self._statement(shape, build)
            return outcome.values(keys, statement, await self._read(statement, keys, parameters, table))

        return fetch

    def _part(self, shape: Hashable, build: Callable[[int], Statement], most_together: int) -> Statement:
        return self._statement((shape, "part", most_together), lambda: build(most_together))

    def _statement(self, shape: Hashable | None, build: Callable[[], Statement]) -> Statement:
        if shape is None:
            return build()
        return self.statements.get((self.dialect, self.visible, shape), build)

    def _read(
        self, statement: Statement, keys: Sequence[Key], parameters: Mapping[str, Any], table: str | None = None
    ) -> Awaitable[FoundRows]:
        """The rows of these keys; no coroutine of its own is entered at the wait for a single run."""
        select, (first, *others) = statement.compiled or statement.select, statement.parameters(keys)
        found_by = None if table is None else RowsByKey(table, keys)
        reading = self._session.rows(select, {**first, **parameters, **self._bound}, found_by)
        return self._with_rows_of(others, select, parameters, reading, found_by) if others else reading

    async def _with_rows_of(
        self,
        others: Iterable[Mapping[str, object]],
        select: Query | CompiledStatement,
        parameters: Mapping[str, Any],
        reading: Awaitable[FoundRows],
        found_by: RowsByKey | None,
    ) -> FoundRows:
        """The rows of one run and of others, for keys that are too many for one."""
        rows = await reading
        for of_keys in others:
            rows = [*rows, *await self._session.rows(select, {**of_keys, **parameters, **self._bound}, found_by)]
        return rows


def _group_shape(row: Row, grouping: Grouping, measures: Sequence[Measure]) -> batch.GroupShape:
    by = grouping.by(row)
    having = None if grouping.having is None else grouping.having(row)
    flat = [expression for each in by for expression in each]
    return batch.GroupShape(flat, [measure.expression(row) for measure in measures], having, grouping.terms(row, by))


def _number(keys: Sequence[Key], statement: Statement, rows: FoundRows) -> dict[Key, int]:
    found = batch.first_by_key(statement, rows)
    return {key: int(found[key][0]) if key in found else 0 for key in keys}


def _first(keys: Sequence[Key], statement: Statement, rows: FoundRows) -> dict[Key, Values | None]:
    found = batch.first_by_key(statement, rows)
    return {key: found.get(key) for key in keys}


def _all(keys: Sequence[Key], statement: Statement, rows: FoundRows) -> dict[Key, FoundRows]:
    found = batch.by_key(statement, rows)
    return {key: found.get(key, ()) for key in keys}


FIRST = Outcome(_first, lambda row: row, lambda row: () if row is None else (row,))
"""The one row of a key, or None."""
ALL = Outcome(_all, lambda row: [row], lambda rows: rows)
"""All rows of a key."""
NUMBER = Outcome(_number, lambda _row: 0, lambda _number: ())
"""A number."""
