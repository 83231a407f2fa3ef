"""What a connection's parts share: which list is meant, which page of it, and what is loaded for them.

A `PagedQuery` is the same for every parent; each parent has a `ConnectionValue`, of rows or of groups. Parts ask it for
pages and totals of a whole level, and never load otherwise, so that those of one connection share a statement.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from db.fast import Values
from db.statements import Key
from graph.entity.cursors import encode_cursor
from graph.entity.registry import Entity
from graph.loading.counted_pages import Counted, counted_pages
from graph.loading.level_loader import LevelLoader
from graph.loading.loaders import Loaders
from graph.loading.queries import FoundRows, ListQuery, Order, Page, PageArguments, Projection
from graph.prepare.fields import CostRule, Level, LevelField, Rows, Weight


@dataclass(frozen=True, eq=False)
class PagedQuery(ABC):
    """What a connection of rows or of groups means, the same for every parent: which page, and how it is read."""

    arguments: PageArguments
    order: str
    """The identity of the order, which cursors carry."""
    width: int
    """How many values of a row stand in front of those of its cursor."""
    has_totals: bool
    """Whether the number of all is read anyway."""

    @abstractmethod
    def load_pages(self, level: Level, keys: Sequence[Key], then: Callable[[list[FoundRows]], None]) -> None:
        """Load the page of each connection of a level, with one more than is shown if there are more."""

    @abstractmethod
    def load_totals(self, level: Level, keys: Sequence[Key], then: Callable[[list[int]], None]) -> None:
        """Load the number of all that each connection of a level has."""

    @abstractmethod
    def part(self, arguments: PageArguments) -> LevelLoader[FoundRows]:
        """The loader of any page of the same list."""

    @abstractmethod
    def position(self, side: str, cursor: tuple[Any, ...]) -> LevelLoader[int]:
        """The loader of how many there are on one side of a cursor."""

    def load_rows(self, level: Level, keys: Sequence[Key], then: Callable[[Sequence[FoundRows]], None]) -> None:
        """Load the rows of each page; nothing is sent for pages that have none, as clients ask that want totals."""
        if not self.arguments.limit:
            then([()] * len(keys))
        elif self.arguments.around is not None:
            self.load_around(level, keys, lambda pages: then([page.rows for page in pages]))
        else:
            self.load_pages(level, keys, lambda found: then(self.arguments.shown(found)))

    def load_around(self, level: Level, keys: Sequence[Key], then: Callable[[list[Page]], None]) -> None:
        """Load pages around a row: what is in front of the row, and what follows."""
        halves = self.arguments.halves()
        found: dict[PageArguments, list[FoundRows]] = {}

        def arrived(half: PageArguments, rows: list[FoundRows]) -> None:
            found[half] = rows
            if len(found) == len(halves):
                then(self.arguments.joined(*(found[it] for it in halves)))

        for half in halves:
            level.load(self.part(half), keys, partial(arrived, half))

    def load_positions(self, level: Level, keys: Sequence[Key], then: Callable[[list[int]], None]) -> None:
        """Load from where each page is counted: how many rows of the list are in front of its cursor, or of its end."""
        arguments = self.arguments
        side = "until" if arguments.around is None and not arguments.backward else "before"
        cursor = arguments.around or (arguments.before if arguments.backward else arguments.after)
        if cursor is not None:
            level.load(self.position(side, cursor), keys, then)
        elif arguments.backward:
            self.load_totals(level, keys, then)
        else:
            then([arguments.offset or 0] * len(keys))


@dataclass(frozen=True, eq=False, kw_only=True)
class ConnectionQuery(PagedQuery):
    """What a connection of rows means: its field, its arguments and its selection."""

    entity: Entity
    listing: ListQuery
    terms: Order
    projection: Projection
    loaders: Loaders
    is_counted: bool
    """Whether the page and the number of all rows are read together."""

    def load_pages(self, level: Level, keys: Sequence[Key], then: Callable[[list[FoundRows]], None]) -> None:
        """Load the rows of each connection of a level, one more than its page has if there are more."""
        if self.is_counted:
            level.load(self._counted_page, [()], lambda found: then([page.rows for page in found]))
        else:
            level.load(self.part(self.arguments), keys, then)

    def load_totals(self, level: Level, keys: Sequence[Key], then: Callable[[list[int]], None]) -> None:
        """Load the number of all rows of each connection of a level."""
        if self.is_counted:
            level.load(self._counted_page, [()], lambda found: then([page.total for page in found]))
        else:
            level.load(self.loaders.counts(self.listing), keys, then)

    def part(self, arguments: PageArguments) -> LevelLoader[FoundRows]:
        """The rows of a page."""
        return self.loaders.pages(self.listing, self.terms, arguments, self.projection)

    def position(self, side: str, cursor: tuple[Any, ...]) -> LevelLoader[int]:
        """How many rows there are on one side of a cursor."""
        return self.loaders.positions(self.listing, self.terms, side, cursor)

    def shown_rows(self, pages: Sequence[FoundRows]) -> Rows:
        """The rows of all pages, one after the other."""
        rows = pages[0] if len(pages) == 1 else list(chain.from_iterable(pages))
        return Rows(rows, self.projection.columns, self.entity.instance)

    @property
    def _counted_page(self) -> LevelLoader[Counted]:
        return counted_pages(self.loaders, self.listing, self.terms, self.arguments, self.projection)


@dataclass(slots=True)  # made for each object: half as dear as a NamedTuple
class ConnectionValue:
    """The connection of one parent."""

    query: PagedQuery
    key: Key

    def cursor(self, row: Values) -> str:
        """Where a row of its page stands."""
        return encode_cursor(self.query.order, row[self.query.width : len(row) - len(self.key)])


@dataclass(slots=True)
class EdgeValue:
    """A row and the connection that it is part of."""

    connection: ConnectionValue
    row: Values


class PartField(LevelField):
    """A field of a connection. All connections of one level have one query."""

    cost = CostRule.PAGE

    def apart(self, source: ConnectionValue) -> PagedQuery:
        """Connections of several queries are several levels."""
        return source.query

    def weight(self, given: Collection[str]) -> Weight:
        """Nothing beside that of its connection."""
        return Weight.LOOK_UP


class EdgesField(PartField):
    """`edges`."""

    def begin(self, level: Level) -> None:
        """The rows of each page, with the connection that knows their cursors."""
        query: PagedQuery = level.sources[0].query

        def then(shown: Sequence[FoundRows]) -> None:
            edges = [
                EdgeValue(connection, row)
                for connection, rows in zip(level.sources, shown, strict=True)
                for row in rows
            ]
            level.share(level.objects(level.below(), edges), shown)

        query.load_rows(level, keys_of(level), then)


def keys_of(level: Level) -> list[Key]:
    """The parents' keys of the connections of a level."""
    return [connection.key for connection in level.sources]
