"""Connections: a page of a list, its cursors, and what can be asked about the whole of it.

A to-many field works out once for all parents which rows are meant (`ConnectionQuery`); each parent gets a
`ConnectionValue`. The parts of a connection are fields like others: those of all parents begin together, and share one
statement. Source: https://relay.dev/graphql/connections.htm
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from typing import Any, ClassVar

from strawberry.types.arguments import StrawberryArgument

from db.fast import Values
from db.relations import EVERYTHING, Source, Visibility
from db.statements import Key
from graph.context import RequestContext
from graph.entity.aggregates import AggregateField
from graph.entity.cursors import decode_cursor, encode_cursor
from graph.entity.fields import ValueField, object_type
from graph.entity.filters import filter_type, restricted, where_of
from graph.entity.names import made_name
from graph.entity.ordering import ordering, sort_type
from graph.entity.page_parts import PageInfo, PageInfoField, PartField, TotalCountField, check_size
from graph.entity.registry import Deferred, Entity, list_of, optional
from graph.errors import InvalidPage
from graph.loading.counted_pages import Counted, counted_pages, may_count_with_page
from graph.loading.loaders import LevelLoader, Loaders
from graph.loading.queries import FoundRows, ListQuery, Order, PageArguments, Projection
from graph.prepare.fields import CostRule, FieldPlan, Level, LevelField, Rows, Selection, Weight, argument
from graph.settings import MAX_PAGE

DEFAULT_PAGE = 20
PAGE_ARGUMENTS = frozenset({"first", "after", "last", "before"})
"""The arguments that say which part of a list is meant; the others say which list."""
AT_MOST = f"at most {MAX_PAGE} unless the server is set otherwise"


@dataclass(frozen=True, eq=False)
class ConnectionQuery:
    """What a connection's field, its arguments and its selection mean, the same for every parent."""

    entity: Entity
    listing: ListQuery
    order: Order
    arguments: PageArguments
    projection: Projection
    loaders: Loaders
    is_counted: bool
    """Whether the page and the number of all rows are read together."""

    def load_pages(self, level: Level, then: Callable[[list[FoundRows]], None]) -> None:
        """Load the rows of each connection of a level, one more than its page has if there are more."""
        if self.is_counted:
            level.load(self._counted_page, [()], lambda found: then([page.rows for page in found]))
        else:
            loader = self.loaders.pages(self.listing, self.order, self.arguments, self.projection)
            level.load(loader, [connection.key for connection in level.sources], then)

    def load_totals(self, level: Level, then: Callable[[list[int]], None]) -> None:
        """Load the number of all rows of each connection of a level."""
        if self.is_counted:
            level.load(self._counted_page, [()], lambda found: then([page.total for page in found]))
        else:
            level.load(self.loaders.counts(self.listing), [connection.key for connection in level.sources], then)

    def shown_rows(self, pages: Sequence[FoundRows]) -> Rows:
        """The rows of all pages, one after the other."""
        rows = pages[0] if len(pages) == 1 else list(chain.from_iterable(pages))
        return Rows(rows, self.projection.columns, self.entity.instance)

    @property
    def _counted_page(self) -> LevelLoader[Counted]:
        return counted_pages(self.loaders, self.listing, self.order, self.arguments, self.projection)


@dataclass(slots=True)  # made for each object: half as dear as a NamedTuple
class ConnectionValue:
    """The connection of one parent."""

    query: ConnectionQuery
    key: Key

    def cursor(self, row: Values) -> str:
        """Where a row of its page stands."""
        width = len(self.query.projection.columns)
        end = len(row) - len(self.key)
        return encode_cursor(self.query.order.identity, row[width:end])


@dataclass(slots=True)
class EdgeValue:
    """A row and the connection that it is part of."""

    connection: ConnectionValue
    row: Values


class _Parts:
    """What is selected of a connection, worked out once where no variable changes what is selected."""

    __slots__ = ("is_counted", "projection", "settled")

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
        self.is_counted = "totalCount" in parts and not parts.keys().isdisjoint(("nodes", "edges", "pageInfo"))
        """Whether rows and the number of all rows are selected."""
        self.settled: tuple[Visibility, ListQuery, Order] | None = None
        """Which list is meant and in which order, where no variable says so: for a visibility."""


class ConnectionField(LevelField):
    """A to-many field, or a list at the root."""

    cost = CostRule.CONNECTION
    size_arguments: ClassVar[tuple[str, ...]] = ("first", "last")
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
        """What those arguments ask that are the field's own."""
        return self._asked(arguments) if self._asked is not None else 0

    def limit(self, arguments: Mapping[str, Any], max_page: int) -> int:
        """The page's size, as far as it is one; wrong sizes are refused when the field is begun."""
        sizes = [size for name in ("first", "last") if isinstance(size := arguments.get(name), int) and size >= 0]
        return min(*sizes, max_page) if sizes else min(DEFAULT_PAGE, max_page)

    def weight(self, given: Collection[str]) -> Weight:
        """A plain page where all rows are listed, no condition and no other order is asked for."""
        return Weight.PAGE if self._has_all_rows and self.page_arguments.issuperset(given) else Weight.DEAR

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
            order = self._order(arguments, context.loaders)
            asked = level.field.arguments
            if asked is not None and all(name in self.page_arguments for name, _ in asked.variable):
                parts.settled = (context.visible, listing, order)
        page = self.page(arguments, listing, order, context)
        is_counted = parts.is_counted and not self.needs and may_count_with_page(listing, page, parts.projection)
        return ConnectionQuery(self._entity, listing, order, page, parts.projection, context.loaders, is_counted)

    def made_type(self, entity: Entity) -> type[Any]:
        """The type of a page of an entity's rows."""
        return connection_type(entity)

    def made_arguments(self, entity: Callable[[], Entity], *, ordered: bool) -> list[StrawberryArgument]:
        """The arguments that every such list takes."""
        return [
            page_size("first"),
            argument("after", optional(str), "Only rows behind this cursor."),
            argument("last", optional(int), f"How many rows, from the end; {AT_MOST}."),
            argument("before", optional(str), "Only rows in front of this cursor."),
            *restrictions(entity, ordered=ordered),
        ]

    def page(
        self, arguments: Mapping[str, Any], listing: ListQuery, order: Order, context: RequestContext
    ) -> PageArguments:
        """Which part of the list is meant. Raises `InvalidPage` and `InvalidCursor`."""
        max_page = context.max_page
        first, last = arguments.get("first"), arguments.get("last")
        if first is not None and last is not None:
            raise InvalidPage("`first` and `last` exclude each other; give one of them.")
        for name, size in (("first", first), ("last", last)):
            check_size(name, size, max_page)
        cursors: dict[str, tuple[Any, ...]] = {}
        for name in ("after", "before"):
            if arguments.get(name) is not None:
                terms = order.terms(context.visible.seen(listing.source(), listing.model))
                cursors[name] = decode_cursor(name, arguments[name], order.identity, terms)
        limit = first if first is not None else last
        size = min(DEFAULT_PAGE, max_page) if limit is None else limit
        return PageArguments(size, last is not None, cursors.get("after"), cursors.get("before"))

    def _order(self, arguments: Mapping[str, Any], loaders: Loaders) -> Order:
        if not arguments.get("orderBy"):
            return self._natural_order
        entity = self._entity
        asked = ordering(entity, arguments["orderBy"], loaders.visible)
        return asked._replace(identity=f"{entity.name} {asked.identity}")

    @cached_property
    def _entity(self) -> Entity:
        return self._find_entity()

    @cached_property
    def _natural_order(self) -> Order:
        """It belongs to the relationship, so its cursors belong to it too."""
        entity = self._entity
        terms = self._fixed_order or ordering(entity, None, EVERYTHING).terms
        return Order(terms, f"{entity.name} {self.name}")


def page_size(name: str) -> StrawberryArgument:
    """An argument that says how many rows a page has, counted from the start."""
    return argument(name, optional(int), f"How many rows, from the start; {DEFAULT_PAGE} if left out, {AT_MOST}.")


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

        def then(found: list[FoundRows]) -> None:
            shown = query.arguments.shown(found)
            level.share(level.rows(level.below(), query.shown_rows(shown)), shown)

        query.load_pages(level, then)


class _EdgesField(PartField):
    def begin(self, level: Level) -> None:
        """The rows of each page, with the connection that knows their cursors."""
        query: ConnectionQuery = level.sources[0].query

        def then(found: list[FoundRows]) -> None:
            shown = query.arguments.shown(found)
            edges = [
                EdgeValue(connection, row)
                for connection, rows in zip(level.sources, shown, strict=True)
                for row in rows
            ]
            level.share(level.objects(level.below(), edges), shown)

        query.load_pages(level, then)


class _NodeOfEdgeField(LevelField):
    def weight(self, given: Collection[str]) -> Weight:
        """Nothing beside that of its connection."""
        return Weight.LOOK_UP

    def begin(self, level: Level) -> None:
        """The rows that came with the edges."""
        query: ConnectionQuery = level.sources[0].connection.query
        level.fill(level.rows(level.below(), query.shown_rows([[edge.row for edge in level.sources]])))

    def apart(self, source: EdgeValue) -> ConnectionQuery:
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
        _EdgesField("edges", list_of(edge_type(entity)), f"The {entity.many} of the page, each with its cursor."),
        PageInfoField("page_info", PageInfo, "Where the page stands."),
        TotalCountField("total_count", int, "How many rows there are on all pages together."),
        aggregate_of(entity),
    )
