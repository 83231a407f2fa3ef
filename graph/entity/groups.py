"""Groups: the measures of rows that share values, as a connection of their own.

`groupBy` works out once for all parents how rows fall into groups (`GroupQuery`); each parent gets a `GroupsValue`. One
statement reads a page of groups for all parents together, another one counts the groups, where somebody asks. What rows
are grouped by: `graph.entity.group_parts`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy.orm import aliased
from strawberry.scalars import JSON

from db.fast import Values
from db.relations import Expression, Row, Source
from db.statements import Key
from graph.context import RequestContext
from graph.entity.completeness import check_list_complete
from graph.entity.connection_values import ConnectionValue, PagedQuery, PartField, keys_of
from graph.entity.cursors import decode_cursor
from graph.entity.distinct_counts import distinct_fields, selected_distinct
from graph.entity.fields import ToOneField, ValueField, object_type
from graph.entity.filters import list_filter_type
from graph.entity.group_filters import having, place_of
from graph.entity.group_firsts import FirstField, selected_firsts
from graph.entity.group_order import GroupOrder, group_order
from graph.entity.group_parts import GroupedBy, group_by_type, grouped_by, spelled
from graph.entity.group_values import GroupField, group_fields
from graph.entity.measures import Results, selected_measures, value_fields
from graph.entity.names import called, made_name
from graph.entity.ordering import Viewing, check_list_order, list_sort_type
from graph.entity.page_info import PageInfo, PageInfoField, TotalCountField, check_size
from graph.entity.registry import Deferred, Entity, list_of, optional
from graph.entity.types import TYPES
from graph.errors import InvalidPage
from graph.loading.level_loader import LevelLoader
from graph.loading.loaders import Loaders
from graph.loading.queries import FoundRows, Grouping, ListQuery, Measure, PageArguments
from graph.prepare.fields import CostRule, Level, LevelField, PlannedField, argument
from graph.prepare.work import GROUPING, SCAN

DEFAULT_GROUPS = 100
MAX_GROUPS = 1_000
AT_MOST = f"at most {MAX_GROUPS}"


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupQuery(PagedQuery):
    """What a connection of groups means: `groupBy`, its arguments and its selection."""

    listing: ListQuery
    by: Sequence[GroupedBy]
    grouping: Grouping
    measures: tuple[Measure, ...]
    has_cursors: bool
    loaders: Loaders

    def load_pages(self, level: Level, keys: Sequence[Key], then: Callable[[list[FoundRows]], None]) -> None:
        """Load the groups of each parent of a level, one more than its page has if there are more."""
        level.load(self.part(self.arguments), keys, then)

    def load_totals(self, level: Level, keys: Sequence[Key], then: Callable[[list[int]], None]) -> None:
        """Load the number of all groups of each parent of a level."""
        level.load(self.loaders.group_counts(self.listing, self.grouping), keys, then)

    def part(self, arguments: PageArguments) -> LevelLoader[FoundRows]:
        """The groups of a page."""
        return self.loaders.groups(self.listing, self.grouping, arguments, self.measures, cursors=self.has_cursors)

    def position(self, side: str, cursor: tuple[Any, ...]) -> LevelLoader[int]:
        """How many groups there are on one side of a cursor."""
        return self.loaders.group_counts(self.listing, self.grouping, side, cursor)

    def results(self, row: Values) -> Results:
        """A group, of its row."""
        values = iter(row)
        shared = [[next(values) for _ in range(one.width)] for one in self.by]
        names = (measure.name for measure in self.measures)
        return Results(dict(zip(names, values, strict=False)), shared=Shared(self.by, shared))


class Shared:
    """The values that a group shares, as attributes; null for what was not grouped by."""

    def __init__(self, by: Sequence[GroupedBy], values: Sequence[Sequence[Any]]) -> None:
        for one, found in zip(by, values, strict=True):
            self.__dict__.update(zip(one.columns, found, strict=False))
        self._parts: dict[str, Any] = {}
        for one, found in zip(by, values, strict=True):
            if one.attribute is not None:
                self._parts.setdefault(one.attribute, found[0])
        self._by, self._values = by, values

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)

    def value(self, attribute: str) -> Any:
        """The value of an attribute, or the part that was grouped by first."""
        return self._parts[attribute] if attribute in self._parts else getattr(self, attribute)

    def listed(self) -> list[Any]:
        """Everything that was grouped by, as JSON, in order."""
        return [one.show(found) for one, found in zip(self._by, self._values, strict=True)]


class GroupByField(LevelField):
    """Groups of a listing: one statement for all parents."""

    cost = CostRule.CONNECTION
    scan = SCAN // 2
    sizes = ("first", "last")

    def __init__(self, entity: Entity) -> None:
        by = Deferred("group by", lambda: group_by_type(entity))
        asked = Deferred("filter of groups", lambda: list_filter_type(entity))
        sort = Deferred("sort of groups", lambda: list_sort_type(entity))
        super().__init__(
            "group_by",
            Deferred("groups", lambda: groups_type(entity)),
            "The same for each group of rows that share values.",
            (
                argument("by", list_of(by), "What the rows of a group share."),
                argument("having", optional(list_of(asked)), "Only groups of which all of this holds."),
                argument("order_by", optional(list_of(sort)), "The order; the largest first if left out."),
                argument("first", optional(int), f"How many, from the start; {DEFAULT_GROUPS} if left out, {AT_MOST}."),
                argument("after", optional(str), "Only groups behind this cursor."),
                argument("last", optional(int), f"How many, from the end; {AT_MOST}."),
                argument("before", optional(str), "Only groups in front of this cursor."),
            ),
        )
        self._entity = entity

    def work(self, arguments: Mapping[str, Any]) -> int:
        """All rows are put into groups for each statement: for the page, and for each number of groups."""
        return GROUPING

    def limit(self, arguments: Mapping[str, Any], max_page: int) -> int:
        """The number of groups, as far as it is one; wrong ones are refused when the field is begun."""
        sizes = [size for name in self.sizes if isinstance(size := arguments.get(name), int) and size >= 0]
        return min(*sizes, MAX_GROUPS) if sizes else DEFAULT_GROUPS

    def begin(self, level: Level) -> None:
        """Give each parent its groups."""
        query = self._query(level)
        level.fill(level.objects(level.below(), [ConnectionValue(query, results.key) for results in level.sources]))

    def apart(self, source: Results) -> ListQuery | None:
        """Groups of several listings are several levels."""
        return source.listing

    def _query(self, level: Level) -> GroupQuery:
        entity, arguments, loaders = self._entity, level.arguments, level.context.loaders
        listing: ListQuery = level.sources[0].listing
        by = grouped_by(entity, arguments["by"], loaders.visible)
        grouping = self._grouping(level, by)
        parts = level.below().by_name
        infos = [level.below(field) for field in parts.get("pageInfo", ())]
        groups = [level.below(field) for field in parts.get("nodes", ())]
        cursors = any(name in info.by_name for info in infos for name in ("startCursor", "endCursor"))
        measures = (
            *selected_measures(entity, groups, level.below),
            *selected_distinct(entity, groups, level.arguments_of),
            *selected_firsts(entity, level, groups),
        )
        return GroupQuery(
            _window(arguments, grouping, loaders.source(listing)),
            grouping.order,
            sum(one.width for one in by) + len(measures),
            "totalCount" in parts or any("pageCount" in info.by_name for info in infos),
            listing=listing,
            by=by,
            grouping=grouping,
            measures=measures,
            has_cursors=cursors,
            loaders=loaders,
        )

    def _grouping(self, level: Level, by: Sequence[GroupedBy]) -> Grouping:
        entity, arguments = self._entity, level.arguments
        viewing = Viewing.of(level.context)
        asked, order_by = arguments.get("having") or (), arguments.get("orderBy") or ()
        order = group_order(entity, order_by, len(by), viewing)
        condition = having(entity, asked, viewing)
        _check(entity, level.context, asked, order)

        def expressions(row: Row) -> list[list[Expression]]:
            return [list(one.expressions(row)) for one in by]

        if order_by or condition is not None:  # finds what is wrong before it is run
            row = aliased(entity.model)
            order.terms(row, expressions(row))
            if condition is not None:
                condition(row)
        spelled_order = f"{entity.name} groups {spelled(arguments['by'])} {spelled(order_by)}"
        return Grouping(expressions, condition, order.terms, spelled_order, (spelled_order, spelled(asked)))


def _check(entity: Entity, context: RequestContext, having: Sequence[Mapping[str, Any]], order: GroupOrder) -> None:
    """Raise `InvalidPage` for too much of an order, and `InvalidFilter` for gaps, if the settings say so."""
    if context.bounds.refuse_empty_comparisons:
        for number, one in enumerate(having):
            check_list_complete(entity, one, place_of(having, number))
    for each in order.asked:
        check_list_order(entity, each, context)


def _window(arguments: Mapping[str, Any], grouping: Grouping, source: Source) -> PageArguments:
    """Which groups are meant. Raises `InvalidPage` and `InvalidCursor`."""
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise InvalidPage("`first` and `last` exclude each other; give one of them.")
    check_size("first", first, MAX_GROUPS)
    check_size("last", last, MAX_GROUPS)
    cursors: dict[str, tuple[Any, ...]] = {}
    for name in ("after", "before"):
        if arguments.get(name) is not None:
            terms = grouping.terms(source.row, grouping.by(source.row))
            cursors[name] = decode_cursor(name, arguments[name], grouping.order, terms)
    size = first if first is not None else last
    limit = DEFAULT_GROUPS if size is None else size
    return PageArguments(limit, last is not None, cursors.get("after"), cursors.get("before"))


class _NodesField(PartField):
    """`nodes`."""

    def begin(self, level: Level) -> None:
        """The groups of each parent."""
        query: GroupQuery = level.sources[0].query

        def then(shown: Sequence[FoundRows]) -> None:
            groups = [query.results(row) for row in chain.from_iterable(shown)]
            level.share(level.objects(level.below(), groups), shown)

        query.load_rows(level, keys_of(level), then)


@cache
def groups_type(entity: Entity) -> type[Any]:
    """A page of groups of an entity's rows. It has no edges, and so is not called a connection."""
    group = Deferred("group", lambda: group_type(entity))
    return object_type(
        made_name(entity, "Groups"),
        f"A page of groups of {entity.many}.",
        _NodesField("nodes", list_of(group), "The groups of the page."),
        PageInfoField("page_info", PageInfo, "Where the page stands."),
        TotalCountField("total_count", int, "How many groups there are on all pages together."),
    )


@cache
def group_type(entity: Entity) -> type[Any]:
    """What can be computed over a group of an entity's rows."""
    keys = ValueField(
        "keys",
        list_of(optional(JSON)),
        "What they share, in the order of `by`.",
        lambda results: results.shared.listed(),
    )
    return object_type(
        made_name(entity, "Group"),
        f"Those {entity.many} that share the values they were grouped by.",
        *_typed_key(entity),
        keys,
        *value_fields(entity),
        *distinct_fields(entity),
        *([FirstField(entity)] if entity.key else []),
    )


def _typed_key(entity: Entity) -> list[PlannedField]:
    if not group_fields(entity):
        return []
    described = "What the rows of the group share."
    return [ValueField("key", _group_key_type(entity), described, lambda results: results.shared)]


@cache
def _group_key_type(entity: Entity) -> type[Any]:
    return object_type(
        made_name(entity, "GroupKey"),
        f"What a group of {entity.many} shares; null for all else.",
        *(_group_key_field(entity, field) for field in group_fields(entity).values()),
    )


def _group_key_field(entity: Entity, field: GroupField) -> PlannedField:
    relation = entity.relations.get(field.graphql_name)
    if relation is not None:
        one = ToOneField(relation.name, field.description, relation.link, relation.target, nullable=True)
        return called(one, field.graphql_name)
    attribute = entity.attributes[field.graphql_name]
    name, type_ = attribute.name, optional(TYPES.known(attribute.type).shown)
    return called(ValueField(name, type_, field.description, lambda shared: shared.value(name)), field.graphql_name)
