"""Groups: the measures of rows that share values.

One statement for each `groupBy`, for all parents together. Rows are grouped by columns, and by to-one relations
through the columns that make them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, and_, true

from db.relations import Row
from graph.entity.column_comparisons import name_columns
from graph.entity.comparisons import check_size, input_type
from graph.entity.completeness import check_having_complete
from graph.entity.fields import ToOneField, ValueField, described_enum, object_type
from graph.entity.measure_filters import measure_conditions, measure_filter_fields
from graph.entity.measures import Results, selected_measures, value_fields
from graph.entity.names import called, constant, made_name
from graph.entity.ordering import is_ordered
from graph.entity.registry import Deferred, Entity, list_of, optional
from graph.entity.types import TYPES
from graph.errors import InvalidPage
from graph.loading.queries import FoundRows, Grouping, ListQuery
from graph.prepare.fields import CostRule, Level, LevelField, PlannedField, argument
from graph.prepare.work import GROUPING, SCAN

DEFAULT_GROUPS = 100
MAX_GROUPS = 1_000


class GroupByField(LevelField):
    """Groups of a listing: one statement for all parents."""

    cost = CostRule.LIST
    scan = SCAN + GROUPING

    def __init__(self, entity: Entity) -> None:
        super().__init__(
            "group_by",
            list_of(Deferred("group", lambda: group_type(entity))),
            "The same for each group of rows that share values; the largest groups first.",
            (
                argument(
                    "fields",
                    list_of(Deferred("group field", lambda: _group_enum(entity).__strawberry_definition__)),
                    "What the rows of a group share.",
                ),
                argument("having", optional(Deferred("having", lambda: _having_type(entity))), "Only groups that fit."),
                argument(
                    "first", optional(int), f"How many groups; {DEFAULT_GROUPS} if left out, at most {MAX_GROUPS}."
                ),
            ),
        )
        self._entity = entity
        self.sizes = ("first",)

    def limit(self, arguments: Mapping[str, Any], max_page: int) -> int:
        """The number of groups."""
        asked = arguments.get("first")
        return min(asked, MAX_GROUPS) if isinstance(asked, int) and asked >= 0 else DEFAULT_GROUPS

    def begin(self, level: Level) -> None:
        """Compute the measures that are selected, for each group."""
        arguments = level.arguments
        first = arguments.get("first")
        if first is not None and not 0 <= first <= MAX_GROUPS:
            raise InvalidPage(f"`first` is {first}; it must be between 0 and {MAX_GROUPS}.")
        fields = group_fields(self._entity)
        by = tuple(dict.fromkeys(column for name in arguments["fields"] for column in fields[name.name].columns))
        if not by:
            raise InvalidPage("`fields` is empty; name what the rows of a group share, or leave `groupBy` out.")
        asked = arguments.get("having")
        if asked is not None and level.context.bounds.refuse_empty_comparisons:
            check_having_complete(asked, "having")
        having = _having(self._entity, asked)
        grouping = Grouping(by, DEFAULT_GROUPS if first is None else first, having, repr(asked))
        selection = level.below()
        measures = selected_measures(level, self._entity, selection)
        names = [measure.name for measure in measures]

        def then(found: list[FoundRows]) -> None:
            groups = [
                Results(
                    dict(zip(names, row[len(by) :], strict=False)), shared=_Shared(dict(zip(by, row, strict=False)))
                )
                for rows in found
                for row in rows
            ]
            level.share(level.objects(selection, groups), found)

        loader = level.context.loaders.groups(self._listing(level), grouping, measures)
        level.load(loader, [results.key for results in level.sources], then)

    def apart(self, source: Results) -> ListQuery | None:
        """Groups of several listings are several levels."""
        return source.listing

    def _listing(self, level: Level) -> ListQuery:
        listing: ListQuery = level.sources[0].listing
        return listing


class _Shared:
    """The values that a group shares, as attributes; null for what was not grouped by."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


@cache
def group_type(entity: Entity) -> type[Any]:
    """What can be computed over a group of an entity's rows."""
    key = ValueField(
        "key", _group_key_type(entity), "What the rows of the group share.", lambda results: results.shared
    )
    return object_type(
        made_name(entity, "Group"),
        f"Those {entity.many} that share the values they were grouped by.",
        key,
        *value_fields(entity),
    )


@dataclass(frozen=True)
class _GroupField:
    """Something that rows can be grouped by: a column, or a to-one relation by its columns."""

    graphql_name: str
    columns: tuple[str, ...]
    description: str


@cache
def group_fields(entity: Entity) -> Mapping[str, _GroupField]:
    """What an entity's rows can be grouped by, by the names that the API has for it; some have nothing."""
    found = [
        _GroupField(name, (attribute.name,), attribute.description)
        for name, attribute in entity.attributes.items()
        if attribute.is_column and is_ordered(attribute)
    ]
    found += [
        _GroupField(name, relation.link.key, relation.description)
        for name, relation in entity.relations.items()
        if not relation.link.to_many and relation.link.key != entity.key
    ]
    return {constant(field.graphql_name): field for field in found}


@cache
def _group_enum(entity: Entity) -> Any:
    fields = group_fields(entity)
    made = Enum(made_name(entity, "GroupField"), {name: name.lower() for name in fields})  # type: ignore[misc]  # made of the model
    return described_enum(
        made,
        f"What {entity.many} can be grouped by.",
        {name: field.description for name, field in fields.items()},
    )


name_columns(_group_enum)


@cache
def _group_key_type(entity: Entity) -> type[Any]:
    return object_type(
        made_name(entity, "GroupKey"),
        f"The values that a group of {entity.many} shares; null for what was not grouped by.",
        *(_group_key_field(entity, field) for field in group_fields(entity).values()),
    )


def _group_key_field(entity: Entity, field: _GroupField) -> PlannedField:
    relation = entity.relations.get(field.graphql_name)
    if relation is not None:
        one = ToOneField(relation.name, field.description, relation.link, relation.target, nullable=True)
        return called(one, field.graphql_name)
    attribute = entity.attributes[field.graphql_name]
    name, type_ = attribute.name, optional(TYPES.known(attribute.type).shown)
    return called(ValueField(name, type_, field.description, attrgetter(name)), field.graphql_name)


@cache
def _having_type(entity: Entity) -> type[Any]:
    described = f"What is asked of a group of {entity.many}; every condition given must hold."
    return input_type(made_name(entity, "Having"), described, measure_filter_fields(entity, "How many rows it has."))


def _having(entity: Entity, asked: Mapping[str, Any] | None) -> Callable[[Row], ColumnElement[bool]] | None:
    if not asked:
        return None
    check_size("having", asked)
    return lambda row: and_(true(), *measure_conditions(entity, row, asked, "having"))
