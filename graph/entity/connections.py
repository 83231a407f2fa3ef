"""Connections: a page of a list, its cursors, and what can be asked about the whole of it.

The fields and types are here; what a parent's connection is, in `graph.entity.pages`; how those of one level are
filled together, in `graph.entity.shape`. Source: https://relay.dev/graphql/connections.htm
"""

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from itertools import chain
from typing import Any, cast

from graphql import GraphQLObjectType

from db.relations import EVERYTHING, Source
from graph.context import RequestContext
from graph.entity.aggregates import AggregateField
from graph.entity.cursors import decode_cursor
from graph.entity.fields import ValueField, memoised, object_type
from graph.entity.filters import filter_type, restricted
from graph.entity.ordering import order_type, ordering
from graph.entity.pages import ConnectionPlan, ConnectionValue, EdgeValue, PageInfoValue
from graph.entity.registry import Deferred, Entity, list_of, optional
from graph.entity.shape import ConnectionShape, shape_of
from graph.errors import InvalidPage
from graph.execute.level import Batch
from graph.execute.scheduler import Run
from graph.loading.loaders import ListQuery, Loaders, Order, Page, PageArguments, Projection
from graph.prepare.fields import CostRule, PlannedField, argument
from graph.prepare.plan import FieldPlan
from graph.prepare.selection import Document, Info, columns, document_of, leads_to, selected_fields
from graph.settings import MAX_PAGE

DEFAULT_PAGE = 20
WINDOW = frozenset({"first", "after", "last", "before"})
"""The arguments that say which part of a list is meant; the others say which list."""
AT_MOST = f"at most {MAX_PAGE} unless the server is set otherwise"


class ConnectionField(PlannedField):
    """A to-many field, or a list at the root."""

    cost = CostRule.CONNECTION

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
    ) -> None:
        super().__init__(
            name,
            Deferred(f"connection of {name}", lambda: connection_type(entity())),
            description,
            (*arguments, *_arguments(entity, ordered=order is None)),
        )
        self.needs = needs
        self._entity = entity
        self._listing = listing
        self._fixed_order = order
        self.sizes = ("first", "last")
        self.begin = self._begin
        self.planned_resolver = self._resolve

    def limit(self, arguments: Mapping[str, Any], max_page: int) -> int:
        """The page's size, as far as it is one; wrong sizes are refused when the field is resolved."""
        sizes = [size for name in ("first", "last") if isinstance(size := arguments.get(name), int) and size >= 0]
        return min(*sizes, max_page) if sizes else min(DEFAULT_PAGE, max_page)

    def _begin(self, batch: Batch, field: FieldPlan) -> None:
        run = batch.run
        shape = shape_of(run, field)
        plan = self._plan_of(run, field, shape)
        keys = batch.keys(self.needs)
        parents = list(dict.fromkeys(keys))
        answers = shape.begin(run, plan, parents)
        if len(parents) < len(keys):
            by_key = dict(zip(parents, answers, strict=True))
            answers = [by_key[key] for key in keys]
        run.fill(batch, field, answers)

    def _plan_of(self, run: Run, field: FieldPlan, shape: ConnectionShape) -> ConnectionPlan:
        """The plan for one run; the part that no variable changes is kept with the shape."""
        context: RequestContext = run.context
        arguments = run.arguments(field)
        if shape.settled is not None and shape.settled[0] is context.visible:
            _, listing, order = shape.settled
            window = _window(arguments, listing, order, context)
            return ConnectionPlan(self._entity(), listing, order, window, shape.wanted, context.loaders)
        plan = self.plan(arguments, shape.wanted, context)
        if field.arguments is not None and all(name in WINDOW for name, _ in field.arguments.variable):
            shape.settled = (context.visible, plan.listing, plan.order)
        return plan

    def _resolve(self, source: Any, info: Info, **arguments: Any) -> ConnectionValue:
        def plan() -> ConnectionPlan:
            document = document_of(info)
            connection = cast(GraphQLObjectType, document.schema.get_type(f"{self._entity().name}Connection"))
            return self.plan(arguments, _wanted(document, connection, info.field_nodes), info.context)

        key = tuple([getattr(source, name) for name in self.needs])
        return ConnectionValue(memoised(info, "connection", plan), key)

    def plan(self, arguments: Mapping[str, Any], wanted: Projection, context: RequestContext) -> ConnectionPlan:
        """Work out what the field means with these arguments. Raises `ClientError` for what makes no sense."""
        entity, loaders = self._entity(), context.loaders
        listing = restricted(self._listing(arguments), entity, arguments.get("where"), loaders)
        order = self._order(entity, arguments, loaders)
        window = _window(arguments, listing, order, context)
        return ConnectionPlan(entity, listing, order, window, wanted, loaders)

    def _order(self, entity: Entity, arguments: Mapping[str, Any], loaders: Loaders) -> Order:
        if not arguments.get("orderBy"):
            return self._natural_order
        asked = ordering(entity, arguments["orderBy"], loaders.visible)
        return asked._replace(identity=f"{entity.name} {asked.identity}")

    @cached_property
    def _natural_order(self) -> Order:
        """It belongs to the relationship, so its cursors belong to it too."""
        entity = self._entity()
        terms = self._fixed_order or ordering(entity, None, EVERYTHING).terms
        return Order(terms, f"{entity.name} {self.name}")


def _arguments(entity: Callable[[], Entity], *, ordered: bool) -> tuple[Any, ...]:
    where = Deferred("filter of a connection", lambda: filter_type(entity()))
    order = Deferred("order of a connection", lambda: order_type(entity()))
    found = [
        argument("first", optional(int), f"How many rows, from the start; {DEFAULT_PAGE} if left out, {AT_MOST}."),
        argument("after", optional(str), "Only rows behind this cursor."),
        argument("last", optional(int), f"How many rows, from the end; {AT_MOST}."),
        argument("before", optional(str), "Only rows in front of this cursor."),
        argument("where", optional(where), "Only rows that fit."),
    ]
    if ordered:
        found.append(argument("order_by", optional(list_of(order)), "The order, the most important term first."))
    return tuple(found)


def _window(arguments: Mapping[str, Any], listing: ListQuery, order: Order, context: RequestContext) -> PageArguments:
    max_page = context.max_page
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise InvalidPage("`first` and `last` exclude each other; give one of them.")
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 0 <= size <= max_page:
            raise InvalidPage(f"`{name}` is {size}; it must be between 0 and {max_page}.")
    cursors: dict[str, tuple[Any, ...]] = {}
    for name in ("after", "before"):
        if arguments.get(name) is not None:
            terms = order.terms(context.visible.seen(listing.source(), listing.model))
            cursors[name] = decode_cursor(name, arguments[name], order.identity, terms)
    limit = first if first is not None else last
    return PageArguments(min(DEFAULT_PAGE, max_page) if limit is None else limit, last is not None, **cursors)


def _wanted(document: Document, connection: GraphQLObjectType, nodes: Any) -> Projection:
    fields = selected_fields(document, connection, nodes)
    edge_type, info_type = leads_to(connection, "edges"), leads_to(connection, "pageInfo")
    edge = selected_fields(document, edge_type, fields["edges"].nodes) if "edges" in fields else {}
    info = selected_fields(document, info_type, fields["pageInfo"].nodes) if "pageInfo" in fields else {}
    shown = [found[name].nodes for found, name in ((fields, "nodes"), (edge, "node")) if name in found]
    cursors = "cursor" in edge or "startCursor" in info or "endCursor" in info
    return Projection(columns(document, leads_to(connection, "nodes"), chain.from_iterable(shown)), cursors)


class _PagePart(PlannedField):
    """A field of a connection that is read off its page."""

    cost = CostRule.PAGE

    def __init__(self, name: str, annotation: object, description: str, read: Callable[[Any, Page], Any]) -> None:
        super().__init__(name, annotation, description)

        async def resolve(source: ConnectionValue, _info: Info, **_: Any) -> Any:
            return read(source, await source.page())

        self.planned_resolver = resolve


class _TotalCount(PlannedField):
    cost = CostRule.TOTAL

    def __init__(self) -> None:
        super().__init__("total_count", int, "How many rows there are on all pages together.")

        async def resolve(source: ConnectionValue, _info: Info, **_: Any) -> int:
            return await source.plan.loaders.counts(source.plan.listing).load(source.key)

        self.planned_resolver = resolve


def _has_next(value: PageInfoValue) -> bool:
    window = value.connection.plan.window
    return window.before is not None if window.backward else value.page.has_more


def _has_previous(value: PageInfoValue) -> bool:
    window = value.connection.plan.window
    return value.page.has_more if window.backward else window.after is not None


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


@cache
def edge_type(entity: Entity) -> type[Any]:
    """A row of a connection, with its cursor."""
    return object_type(
        f"{entity.name}Edge",
        f"One of the {entity.many} of a page, and where it stands.",
        ValueField(
            "cursor", str, "Where the row stands; for `after` and `before`.", lambda e: e.connection.cursor(e.row)
        ),
        ValueField("node", entity.cls, f"The {entity.one}.", lambda edge: edge.connection.node(edge.row)),
    )


@cache
def connection_type(entity: Entity) -> type[Any]:
    """A page of an entity's rows."""
    return object_type(
        f"{entity.name}Connection",
        f"A page of {entity.many}, and what can be said about all of them.",
        _PagePart(
            "nodes",
            list_of(entity.cls),
            f"The {entity.many} of the page.",
            lambda connection, page: [connection.node(row) for row in page.rows],
        ),
        _PagePart(
            "edges",
            list_of(edge_type(entity)),
            f"The {entity.many} of the page, each with its cursor.",
            lambda connection, page: [EdgeValue(connection, row) for row in page.rows],
        ),
        _PagePart("page_info", PageInfo, "Where the page stands.", PageInfoValue),
        _TotalCount(),
        AggregateField(
            "aggregate",
            f"Counts and sums over the {entity.many} on all pages together.",
            lambda: entity,
            lambda source, _arguments, _loaders: (source.plan.listing, source.key),
        ),
    )
