"""`pageInfo` and `totalCount`: where a page stands in its list, and how many there are on all pages.

The pages of all connections of a level enter, an object for each leaves. The number of pages is counted when somebody
asks. Source: https://relay.dev/graphql/connections.htm#sec-undefined.PageInfo
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from graph.entity.connection_values import ConnectionValue, PagedQuery, PartField, keys_of
from graph.entity.fields import ValueField, object_type
from graph.entity.registry import optional
from graph.errors import InvalidPage
from graph.loading.queries import FoundRows, Page, PageArguments
from graph.prepare.fields import CostRule, Level, LevelField, Selection, Weight
from graph.prepare.work import SCAN

ENDS = frozenset({"hasNextPage", "hasPreviousPage"})
COUNTED = frozenset({"pageCount", "startPosition", "__typename"})
"""What is told without a page, as long as the page is not counted from its end."""


def check_size(name: str, size: int | None, most: int, cure: str = "") -> None:
    """Raise `InvalidPage` for a number that is no size of a page; `cure` helps with one that is too large."""
    if size is not None and not 0 <= size <= most:
        told = f" {cure}" if cure and size > most else ""
        raise InvalidPage(f"`{name}` is {size}; it must be between 0 and {most}.{told}")


@dataclass(slots=True)
class PageInfoValue:
    """A page and the connection that it is part of."""

    connection: ConnectionValue
    page: Page


class PageInfoField(PartField):
    """`pageInfo`."""

    cost = CostRule.PAGE_INFO

    def begin(self, level: Level) -> None:
        """Where each page stands."""
        query: PagedQuery = level.sources[0].query
        selection = level.below()

        def then(pages: list[Page]) -> None:
            level.fill(level.objects(selection, list(map(PageInfoValue, level.sources, pages))))

        _load(level, query, selection, then)


def _load(level: Level, query: PagedQuery, selection: Selection, then: Callable[[list[Page]], None]) -> None:
    """Load the pages. Of an empty one nothing is read but what is asked of its ends, from a total if there is one."""
    arguments, keys = query.arguments, keys_of(level)

    def of_rows(found: list[FoundRows]) -> None:
        then(list(map(arguments.page, found)))

    def of_totals(totals: list[int]) -> None:
        then([Page((), total > (arguments.offset or 0)) for total in totals])

    if not _needs_page(arguments, selection):
        of_rows([()] * len(keys))
    elif arguments.around is not None:
        query.load_around(level, keys, then)
    elif arguments.limit:
        query.load_pages(level, keys, of_rows)
    elif query.has_totals and not arguments.sides():
        query.load_totals(level, keys, of_totals)
    else:
        query.load_pages(level, keys, of_rows)


def _needs_page(arguments: PageArguments, selection: Selection) -> bool:
    """Whether a page must be read for what is selected: an empty one for its ends alone."""
    if not arguments.limit:
        return not ENDS.isdisjoint(selection.by_name)
    is_counted_back = arguments.backward or arguments.around is not None
    return not COUNTED.issuperset(selection.by_name) or (is_counted_back and "startPosition" in selection.by_name)


class TotalCountField(PartField):
    """`totalCount`."""

    cost = CostRule.TOTAL
    scan = SCAN // 2  # an index holds less than the rows
    begins_last = True

    def weight(self, given: Collection[str]) -> Weight:
        """Rows are counted one by one."""
        return Weight.DEAR

    def begin(self, level: Level) -> None:
        """The number of all that each connection has."""
        query: PagedQuery = level.sources[0].query
        query.load_totals(level, keys_of(level), level.complete)


class _CountedField(LevelField):
    """What is told of a page by counting rows of its list."""

    cost = CostRule.TOTAL
    scan = SCAN // 2  # as `totalCount`
    begins_last = True

    def apart(self, source: PageInfoValue) -> PagedQuery:
        """As for connections."""
        return source.connection.query

    def weight(self, given: Collection[str]) -> Weight:
        """Rows are counted one by one."""
        return Weight.DEAR


class _StartPositionField(_CountedField):
    """Where a page begins: the rows in front of its cursor, and of the page's own those that are not behind it."""

    def begin(self, level: Level) -> None:
        """The number of rows in front of each page."""
        values: Sequence[PageInfoValue] = level.sources
        query = values[0].connection.query

        def then(found: list[int]) -> None:
            level.complete([count - _in_front(value) for count, value in zip(found, values, strict=True)])

        query.load_positions(level, [value.connection.key for value in values], then)


def _in_front(value: PageInfoValue) -> int:
    """How many rows of a page stand in front of that from which it is counted."""
    return len(value.page.rows) if value.connection.query.arguments.backward else value.page.front


class _PageCountField(_CountedField):
    """How many pages a list has: its rows by the size of the page."""

    def begin(self, level: Level) -> None:
        """The number of pages of each connection."""
        query: PagedQuery = level.sources[0].connection.query
        size = query.arguments.limit
        keys = [value.connection.key for value in level.sources]
        if size:
            query.load_totals(level, keys, lambda totals: level.complete([-(-total // size) for total in totals]))
        else:
            level.complete([None] * len(keys))


def counted_fields() -> Sequence[LevelField]:
    """What every kind of `pageInfo` tells by counting: `pageCount` and `startPosition`."""
    pages = "How many pages of this size the list has; null for `first: 0`."
    return (
        _PageCountField("page_count", optional(int), pages),
        _StartPositionField("start_position", int, "How many rows of the list stand in front of the page."),
    )


def _has_next(value: PageInfoValue) -> bool:
    arguments = value.connection.query.arguments
    return arguments.before is not None if arguments.backward else value.page.has_more


def _has_previous(value: PageInfoValue) -> bool:
    arguments, page = value.connection.query.arguments, value.page
    return page.has_more if arguments.backward else bool(arguments.after or arguments.offset or page.has_less)


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
    *counted_fields(),
)
