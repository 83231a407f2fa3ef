"""Connections: a page of a list, its cursors, and what can be asked about the whole of it.

A to-many field works out once for all parents which rows are meant (`ConnectionQuery`); each parent gets a
`ConnectionValue`. The parts of a connection are fields like others: those of all parents begin together, and share one
statement. Source: https://relay.dev/graphql/connections.htm
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import Enum
from functools import cache, cached_property
from typing import Any, ClassVar

from strawberry.types.arguments import StrawberryArgument

from db.relations import Source, Visibility
from graph.context import RequestContext
from graph.entity.aggregates import AggregateField
from graph.entity.connection_values import (
    ConnectionQuery,
    ConnectionValue,
    EdgesField,
    EdgeValue,
    PagedQuery,
    PartField,
    keys_of,
)
from graph.entity.cursors import decode_cursor
from graph.entity.fields import ValueField, object_type
from graph.entity.filters import filter_type, restricted, where_of
from graph.entity.group_values import group_enum, group_fields
from graph.entity.names import made_name
from graph.entity.ordering import natural_order, order_of, sort_type
from graph.entity.page_info import PageInfo, PageInfoField, TotalCountField, check_size
from graph.entity.registry import Deferred, Entity, list_of, optional
from graph.errors import InvalidPage
from graph.loading.counted_pages import may_count_with_page
from graph.loading.queries import FirstOfEach, FoundRows, ListQuery, Order, PageArguments, Projection
from graph.prepare.fields import CostRule, FieldPlan, Level, LevelField, Selection, Weight, argument
from graph.prepare.work import GROUPING, SCAN
from graph.settings import MAX_PAGE

DEFAULT_PAGE = 20
CURSOR_ARGUMENTS = frozenset({"first", "after", "last", "before", "around"})
"""Those that ask for a few rows in an order, which an index may serve."""
PAGE_ARGUMENTS = CURSOR_ARGUMENTS | {"offset"}
"""The arguments that say which part of a list is meant; the others say which list."""
AROUND_ALONE = (
    "`around` says where the page stands; give it with `first` alone, or leave it out beside `last`, `after`, `before`"
    " and `offset`."
)
OFFSET_ALONE = (
    "`offset` counts from the start of the list; give it with `first` alone, or leave it out beside `last`, `after` and"
    " `before`."
)
DISTINCT_BY_NOTHING = (
    "`distinctBy` is empty; name what tells the rows apart that you want, or leave `distinctBy` out for all rows."
)
FIRST_OF_EACH = SCAN + GROUPING
"""The work of `distinctBy`: to read the list once more, and to put its rows into groups."""


class _Parts:
    """What is selected of a connection, worked out once where no variable changes what is selected."""

    __slots__ = ("has_totals", "is_counted", "projection", "settled")

    def __init__(self, entity: Entity, selection: Selection, below: Callable[[FieldPlan], Selection]) -> None:
        parts = selection.by_name
        edges = [below(field) for field in parts.get("edges", ())]
        infos = [below(field) for field in parts.get("pageInfo", ())]
        nodes = [below(field) for field in parts.get("nodes", ())]
        nodes += [below(field) for edge in edges for field in edge.by_name.get("node", ())]
        columns = sorted({name for node in nodes for name in node.needs})
        cursors = any("cursor" in edge.by_name for edge in edges) or any(
            name in info.by_name for info in infos for name in ("startCursor", "endCursor")
        )
        if not columns and not entity.key:
            columns = [entity.columns[0]]  # a SELECT needs a column, and here no key stands in for one
        self.projection = Projection(tuple(columns), cursors)
        """What must be read of each row."""
        self.has_totals = "totalCount" in parts or any("pageCount" in info.by_name for info in infos)
        """Whether the number of all rows is selected, or that of all pages."""
        self.is_counted = self.has_totals and not parts.keys().isdisjoint(("nodes", "edges", "pageInfo"))
        """Whether rows and the number of all rows are selected."""
        self.settled: tuple[Visibility, ListQuery, Order] | None = None
        """Which list is meant and in which order, where no variable says so: for a visibility."""


class ConnectionField(LevelField):
    """A to-many field, or a list at the root."""

    cost = CostRule.CONNECTION
    size_arguments: ClassVar[tuple[str, ...]] = ("first", "last", "offset", "distinctBy")
    """The arguments that say how many rows are meant, or where they begin."""
    page_arguments: ClassVar[frozenset[str]] = PAGE_ARGUMENTS

    def __init__(
        self,
        name: str,
        description: str,
        entity: Callable[[], Entity],
        listing: Callable[[Mapping[str, Any]], ListQuery],
        needs: tuple[str, ...] = (),
        *,
        order: Callable[[Source], tuple[Any, ...]] | None = None,
        arguments: tuple[Any, ...] = (),
        has_all_rows: bool = False,
        work: Callable[[Mapping[str, Any]], int] | None = None,
    ) -> None:
        """Make it. `work` says what the values of `arguments` ask of a database.

        `has_all_rows`: of a table, in the order of the primary key unless something else is asked for.
        """
        super().__init__(
            name,
            Deferred(f"connection of {name}", lambda: self.made_type(entity())),
            description,
            (*arguments, *self.made_arguments(entity, ordered=order is None)),
        )
        self.needs = needs
        self.sizes = (*self.size_arguments, *(it.python_name for it in arguments if work is not None))
        self._asked = work
        self._find_entity = entity
        self._listing = listing
        self._fixed_order = order
        self._has_all_rows = has_all_rows

    def work(self, arguments: Mapping[str, Any]) -> int:
        """What those arguments ask that are the field's own, and to find the first row of each value."""
        own = self._asked(arguments) if self._asked is not None else 0
        return own + FIRST_OF_EACH if arguments.get("distinctBy") else own

    @property
    def arguments(self) -> list[StrawberryArgument]:
        """Those that the entity has something to ask for: an enumeration has at least one value, as inputs have."""
        return [taken for taken in self._taken if self.takes(taken.python_name)]

    @arguments.setter
    def arguments(self, value: list[StrawberryArgument]) -> None:
        """Keep them; the entity may not be declared yet."""
        self._taken = value

    def shows(self) -> type[Any] | None:
        """The type of its rows."""
        return self._entity.cls

    def takes(self, name: str) -> bool:
        """Whether there is anything to ask for by an argument."""
        return name != "distinct_by" or bool(group_fields(self._entity))

    def limit(self, arguments: Mapping[str, Any], max_page: int) -> int:
        """The page's size, as far as it is one; wrong sizes are refused when the field is begun."""
        sizes = [size for name in ("first", "last") if isinstance(size := arguments.get(name), int) and size >= 0]
        return min(*sizes, max_page) if sizes else min(DEFAULT_PAGE, max_page)

    def statements(self, arguments: Mapping[str, Any]) -> int:
        """A page around a row has two halves, each of them with a statement of its own."""
        return 2 if "around" in arguments else 1

    def skipped(self, arguments: Mapping[str, Any]) -> int:
        """The rows in front of the page are read, too, and one behind each half."""
        offset = arguments.get("offset")
        return (offset if isinstance(offset, int) and offset > 0 else 0) + self.statements(arguments) - 1

    def weight(self, given: Collection[str]) -> Weight:
        """A plain page where all rows are listed, no condition and no other order is asked for."""
        return Weight.PAGE if self._has_all_rows and CURSOR_ARGUMENTS.issuperset(given) else Weight.DEAR

    def begin(self, level: Level) -> None:
        """Give each parent its connection; parents with equal keys share one."""
        selection = level.below()
        parts = (
            selection.remember(_Parts, lambda: _Parts(self._entity, selection, level.below))
            if selection.fixed
            else _Parts(self._entity, selection, level.below)
        )
        query = self._query(level, parts)
        keys = level.keys(self.needs)
        parents = list(dict.fromkeys(keys))
        shown = level.objects(selection, [ConnectionValue(query, key) for key in parents])
        if len(parents) < len(keys):
            level.share_at_most(len(keys) - len(parents) + 1)
            by_key = dict(zip(parents, shown, strict=True))
            shown = [by_key[key] for key in keys]
        level.fill(shown)

    def _query(self, level: Level, parts: _Parts) -> ConnectionQuery:
        """What the field means with its arguments. Raises `ClientError` for what makes no sense."""
        context, arguments = level.context, level.arguments
        if parts.settled is not None and parts.settled[0] is context.visible:
            _, listing, order = parts.settled
        else:
            where = where_of(arguments, self._entity, context)
            listing = restricted(self._listing(arguments), self._entity, where, context.loaders)
            order = self._order(arguments, context)
            if arguments.get("distinctBy") is not None:
                listing = listing.first_of_each(FirstOfEach(self._shared(arguments["distinctBy"]), order))
            asked = level.field.arguments
            if asked is not None and asked.vary_only_in(self.page_arguments):
                parts.settled = (context.visible, listing, order)
        page = self.page(arguments, listing, order, context)
        may_count = parts.is_counted and page.limit > 0 and not self.needs
        is_counted = may_count and may_count_with_page(listing, page, parts.projection)
        return ConnectionQuery(
            page,
            order.identity,
            len(parts.projection.columns),
            parts.has_totals,
            entity=self._entity,
            listing=listing,
            terms=order,
            projection=parts.projection,
            loaders=context.loaders,
            is_counted=is_counted,
        )

    def made_type(self, entity: Entity) -> type[Any]:
        """The type of a page of an entity's rows."""
        return connection_type(entity)

    def made_arguments(self, entity: Callable[[], Entity], *, ordered: bool) -> list[StrawberryArgument]:
        """The arguments that every such list takes."""
        shared = Deferred("what tells rows apart", lambda: group_enum(entity()).__strawberry_definition__)
        return [
            page_size("first"),
            argument("after", optional(str), "Only rows behind this cursor."),
            argument("last", optional(int), f"How many, from the end; by default at most {MAX_PAGE}."),
            argument("before", optional(str), "Only rows in front of this cursor."),
            argument("around", optional(str), "The rows around this cursor, and its own; with `first`."),
            argument("offset", optional(int), "How many to leave out in front; with `first`."),
            argument(
                "distinct_by",
                optional(list_of(shared)),
                "Of rows that share these values, only the first.",
            ),
            *restrictions(entity, ordered=ordered),
        ]

    def page(
        self, arguments: Mapping[str, Any], listing: ListQuery, order: Order, context: RequestContext
    ) -> PageArguments:
        """Which part of the list is meant. Raises `InvalidPage` and `InvalidCursor`."""
        max_page = context.bounds.max_page
        first, last = arguments.get("first"), arguments.get("last")
        if first is not None and last is not None:
            raise InvalidPage("`first` and `last` exclude each other; give one of them.")
        for name, size in (("first", first), ("last", last)):
            check_size(name, size, max_page)
        cursors: dict[str, tuple[Any, ...]] = {}
        for name in ("after", "before", "around"):
            if arguments.get(name) is not None:
                terms = order.terms(context.visible.seen(listing.source(), listing.model))
                cursors[name] = decode_cursor(name, arguments[name], order.identity, terms)
        offset = arguments.get("offset")
        if offset is not None and (cursors or last is not None):
            raise InvalidPage(OFFSET_ALONE)
        if "around" in cursors and (len(cursors) > 1 or last is not None):
            raise InvalidPage(AROUND_ALONE)
        check_size("offset", offset, context.bounds.max_offset, "Page by `after` to go further.")
        limit = first if first is not None else last
        size = min(DEFAULT_PAGE, max_page) if limit is None else limit
        return PageArguments(size, last is not None, offset=offset or None, **cursors)

    def _shared(self, asked: Sequence[Enum]) -> tuple[str, ...]:
        """The attributes whose values tell rows apart. Raises `InvalidPage`."""
        if not asked:
            raise InvalidPage(DISTINCT_BY_NOTHING)
        fields = group_fields(self._entity)
        return tuple(dict.fromkeys(column for one in asked for column in fields[one.name].columns))

    def _order(self, arguments: Mapping[str, Any], context: RequestContext) -> Order:
        if not arguments.get("orderBy"):
            return self._natural_order
        entity = self._entity
        asked = order_of(entity, arguments["orderBy"], context)
        return asked._replace(identity=f"{entity.name} {asked.identity}")

    @cached_property
    def _entity(self) -> Entity:
        return self._find_entity()

    @cached_property
    def _natural_order(self) -> Order:
        """It belongs to the relationship, so its cursors belong to it too."""
        entity = self._entity
        terms = self._fixed_order or natural_order(entity)
        return Order(terms, f"{entity.name} {self.name}")


def page_size(name: str) -> StrawberryArgument:
    """An argument that says how many rows a page has, counted from the start."""
    return argument(name, optional(int), f"How many, from the start; by default {DEFAULT_PAGE}, at most {MAX_PAGE}.")


def restrictions(
    entity: Callable[[], Entity], *, ordered: bool, order: str = "The order, the most important term first."
) -> list[StrawberryArgument]:
    """The arguments that say which rows a list has and, where it is put in order, in which."""
    where = Deferred("filter of a connection", lambda: filter_type(entity()))
    sort = Deferred("sort of a connection", lambda: sort_type(entity()))
    found = [argument("where", optional(where), "Only rows that fit.")]
    if ordered:
        found.append(argument("order_by", optional(list_of(sort)), order))
    return found


class NodesField(PartField):
    """`nodes`."""

    def begin(self, level: Level) -> None:
        """The rows of each page."""
        query: ConnectionQuery = level.sources[0].query

        def then(shown: Sequence[FoundRows]) -> None:
            level.share(level.rows(level.below(), query.shown_rows(shown)), shown)

        query.load_rows(level, keys_of(level), then)


class _NodeOfEdgeField(LevelField):
    def weight(self, given: Collection[str]) -> Weight:
        """Nothing beside that of its connection."""
        return Weight.LOOK_UP

    def begin(self, level: Level) -> None:
        """The rows that came with the edges."""
        query: ConnectionQuery = level.sources[0].connection.query
        level.fill(level.rows(level.below(), query.shown_rows([[edge.row for edge in level.sources]])))

    def apart(self, source: EdgeValue) -> PagedQuery:
        """As for connections."""
        return source.connection.query


@cache
def edge_type(entity: Entity) -> type[Any]:
    """A row of a connection, with its cursor."""
    return object_type(
        made_name(entity, "Edge"),
        f"One of the {entity.many} of a page, and where it stands.",
        ValueField(
            "cursor", str, "Where the row stands; for `after` and `before`.", lambda e: e.connection.cursor(e.row)
        ),
        _NodeOfEdgeField("node", entity.cls, f"The {entity.one}."),
    )


def aggregate_of(entity: Entity) -> AggregateField:
    """Aggregates over a list, whatever its page."""
    return AggregateField(
        "aggregate",
        f"Counts and sums over the {entity.many} on all pages together.",
        lambda: entity,
        lambda level: (level.sources[0].query.listing, [connection.key for connection in level.sources]),
    )


@cache
def connection_type(entity: Entity) -> type[Any]:
    """A page of an entity's rows."""
    return object_type(
        made_name(entity, "Connection"),
        f"A page of {entity.many}, and what can be said about all of them.",
        NodesField("nodes", list_of(entity.cls), f"The {entity.many} of the page."),
        EdgesField("edges", list_of(edge_type(entity)), f"The {entity.many} of the page, each with its cursor."),
        PageInfoField("page_info", PageInfo, "Where the page stands."),
        TotalCountField("total_count", int, "How many rows there are on all pages together."),
        aggregate_of(entity),
    )
