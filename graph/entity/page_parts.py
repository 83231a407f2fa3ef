"""The parts that every connection has: where a page stands, and how many there are on all pages.

Connections of rows and of groups enter, each with a query that knows how to load; fields leave. What a page holds, and
how it is read, is not known here. Source: https://relay.dev/graphql/connections.htm
"""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from typing import Protocol

from db.fast import Values
from graph.entity.fields import ValueField, object_type
from graph.entity.registry import optional
from graph.errors import InvalidPage
from graph.loading.queries import FoundRows, Page, PageArguments
from graph.prepare.fields import CostRule, Level, LevelField, Weight
from graph.prepare.work import SCAN


class PagedQuery(Protocol):
    """What the connections of one level mean, the same for every parent."""

    @property
    def arguments(self) -> PageArguments:
        """Which part is meant."""

    def load_pages(self, level: Level, then: Callable[[list[FoundRows]], None]) -> None:
        """Load the page of each connection of a level, with one more than is shown if there are more."""

    def load_totals(self, level: Level, then: Callable[[list[int]], None]) -> None:
        """Load the number of all that each connection of a level has."""


class Paged(Protocol):
    """The connection of one parent."""

    @property
    def query(self) -> PagedQuery:
        """What it means."""

    def cursor(self, row: Values) -> str:
        """Where a row of its page stands."""


def check_size(name: str, size: int | None, most: int) -> None:
    """Raise `InvalidPage` for a number that is no size of a page."""
    if size is not None and not 0 <= size <= most:
        raise InvalidPage(f"`{name}` is {size}; it must be between 0 and {most}.")


@dataclass(slots=True)
class PageInfoValue:
    """A page and the connection that it is part of."""

    connection: Paged
    page: Page


class PartField(LevelField):
    """A field of a connection. All connections of one level have one query."""

    cost = CostRule.PAGE

    def apart(self, source: Paged) -> Hashable:
        """Connections of several queries are several levels."""
        query: Hashable = source.query  # type: ignore[assignment]  # a protocol says nothing of `__hash__`
        return query

    def weight(self, given: Collection[str]) -> Weight:
        """Nothing beside that of its connection."""
        return Weight.LOOK_UP


class PageInfoField(PartField):
    """`pageInfo`."""

    def begin(self, level: Level) -> None:
        """Where each page stands."""
        query: PagedQuery = level.sources[0].query

        def then(found: list[FoundRows]) -> None:
            pages = map(query.arguments.page, found)
            level.fill(level.objects(level.below(), list(map(PageInfoValue, level.sources, pages))))

        query.load_pages(level, then)


class TotalCountField(PartField):
    """`totalCount`."""

    cost = CostRule.TOTAL
    scan = SCAN // 2  # an index holds less than the rows
    begins_last = True

    def weight(self, given: Collection[str]) -> Weight:
        """Rows are counted one by one."""
        return Weight.DEAR

    def begin(self, level: Level) -> None:
        """The number of all rows of each connection."""
        query: PagedQuery = level.sources[0].query
        query.load_totals(level, level.complete)


def _has_next(value: PageInfoValue) -> bool:
    arguments = value.connection.query.arguments
    return arguments.before is not None if arguments.backward else value.page.has_more


def _has_previous(value: PageInfoValue) -> bool:
    arguments = value.connection.query.arguments
    return value.page.has_more if arguments.backward else arguments.after is not None


def _cursor_at(position: int) -> Callable[[PageInfoValue], str | None]:
    return lambda value: value.connection.cursor(value.page.rows[position]) if value.page.rows else None


PageInfo = object_type(
    "PageInfo",
    "Where a page stands in its list.",
    ValueField("has_next_page", bool, "Whether rows follow behind the page.", _has_next),
    ValueField("has_previous_page", bool, "Whether rows stand in front of the page.", _has_previous),
    ValueField(
        "start_cursor", optional(str), "The cursor of the page's first row; null for an empty page.", _cursor_at(0)
    ),
    ValueField(
        "end_cursor", optional(str), "The cursor of the page's last row; null for an empty page.", _cursor_at(-1)
    ),
)
