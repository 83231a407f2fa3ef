"""Lists of rows that have no key: a page by its number, and what can be asked about the whole of the list.

A to-many field enters, a list's value for each parent leaves, as in `graph.entity.connections`. No row is named: there
are no cursors and no ids. Two rows with the same values are two rows. Why: docs/decisions/0042-rows-without-a-key.md.
"""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, ClassVar

from strawberry.types.arguments import StrawberryArgument

from graph.context import RequestContext
from graph.entity.connections import (
    DEFAULT_PAGE,
    ConnectionField,
    NodesField,
    aggregate_of,
    page_size,
    restrictions,
)
from graph.entity.fields import ValueField, object_type
from graph.entity.names import made_name
from graph.entity.ordering import can_be_ordered
from graph.entity.page_info import PageInfoField, PageInfoValue, TotalCountField, check_size, counted_fields
from graph.entity.registry import Entity, list_of, optional
from graph.loading.queries import ListQuery, Order, PageArguments
from graph.prepare.fields import Weight, argument

ROWS_PER_WORK = 40_000
"""So many rows in front of a page are read in about a millisecond, which is one of `graph.prepare.work`."""

MAX_OFFSET = 2**31 - 1
"""As far as GraphQL counts."""

ORDER = (
    "The order, the most important term first. Rows that it takes for equal stand in any order, which may differ from "
    "page to page."
)


class OffsetListField(ConnectionField):
    """A to-many field, or a list at the root, of rows without a key."""

    size_arguments: ClassVar[tuple[str, ...]] = ("limit", "offset")
    page_arguments: ClassVar[frozenset[str]] = frozenset(size_arguments)

    def made_type(self, entity: Entity) -> type[Any]:
        """The type of a page of an entity's rows."""
        return offset_list_type(entity)

    def made_arguments(self, entity: Callable[[], Entity], *, ordered: bool) -> list[StrawberryArgument]:
        """The arguments that every such list takes."""
        return [
            page_size("limit"),
            argument("offset", optional(int), "How many rows to leave out in front; none if left out."),
            *restrictions(entity, ordered=ordered, order=ORDER),
        ]

    def takes(self, name: str) -> bool:
        """No order where there is nothing to put rows in order by."""
        return name != "order_by" or can_be_ordered(self._entity)

    def skipped(self, arguments: Mapping[str, Any]) -> int:
        """None that count as rows: as offsets have no bound here, those rows are priced as work."""
        return 0

    def work(self, arguments: Mapping[str, Any]) -> int:
        """The rows in front of the page are read, too."""
        offset = arguments.get("offset")
        return 1 + offset // ROWS_PER_WORK if isinstance(offset, int) and offset > 0 else 0

    def limit(self, arguments: Mapping[str, Any], max_page: int) -> int:
        """The page's size, as far as it is one; wrong sizes are refused when the field is begun."""
        asked = arguments.get("limit")
        return min(asked if isinstance(asked, int) and asked >= 0 else DEFAULT_PAGE, max_page)

    def weight(self, given: Collection[str]) -> Weight:
        """Nothing is certain: without a key, no index is known to serve a page."""
        return Weight.DEAR

    def page(
        self, arguments: Mapping[str, Any], listing: ListQuery, order: Order, context: RequestContext
    ) -> PageArguments:
        """Which part of the list is meant. Raises `InvalidPage`."""
        limit, offset = arguments.get("limit"), arguments.get("offset")
        check_size("limit", limit, context.bounds.max_page)
        check_size("offset", offset, MAX_OFFSET)
        size = min(DEFAULT_PAGE, context.bounds.max_page) if limit is None else limit
        return PageArguments(size, offset=offset or None)


def list_field(
    name: str,
    description: str,
    entity: Callable[[], Entity],
    listing: Callable[[Mapping[str, Any]], ListQuery],
    needs: tuple[str, ...] = (),
    *,
    keyed: bool,
    has_all_rows: bool = False,
) -> ConnectionField:
    """A list at the root, or of a relationship: by cursors where rows have a key, else by numbers."""
    if keyed:
        return ConnectionField(name, description, entity, listing, needs, has_all_rows=has_all_rows)
    return OffsetListField(name, description, entity, listing, needs)


def _has_previous(value: PageInfoValue) -> bool:
    return value.connection.query.arguments.offset is not None


OffsetPageInfo = object_type(
    "OffsetPageInfo",
    "Where a page stands in its list, whose rows have no key and so no cursors.",
    ValueField("has_next_page", bool, "Whether rows follow behind the page.", lambda value: value.page.has_more),
    ValueField("has_previous_page", bool, "Whether rows were left out in front of the page.", _has_previous),
    *counted_fields(),
)


@cache
def offset_list_type(entity: Entity) -> type[Any]:
    """A page of an entity's rows, which have no key."""
    return object_type(
        made_name(entity, "List"),
        f"A page of {entity.many}, and what can be said about all of them.",
        NodesField(
            "nodes",
            list_of(entity.cls),
            f"The {entity.many} of the page. Equal rows stand there as often as they are there.",
        ),
        PageInfoField("page_info", OffsetPageInfo, "Where the page stands."),
        TotalCountField("total_count", int, "How many rows there are on all pages together."),
        aggregate_of(entity),
    )
