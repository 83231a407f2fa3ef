"""Sorting: one input type for each entity, and the terms that it means.

An `orderBy` enters as graphql-core coerced it, terms leave. Every order is made total by the primary key at its end,
in the direction of the last term, so that one index can serve both. Rows without a key keep the order that was asked
for, and no more.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from db.dialects import dialect_of
from db.relations import Row, Source, Term, Visibility, leads_an_index, may_hide, total_order
from graph.context import RequestContext
from graph.entity import value_sorts
from graph.entity.comparisons import InputField, check_size, input_type
from graph.entity.completeness import check_complete
from graph.entity.directions import Direction, is_ordered
from graph.entity.distances import DIRECTION, Measures
from graph.entity.distinct_counts import NAME as DISTINCT
from graph.entity.distinct_counts import OF, distinct_measure
from graph.entity.filters import condition_on_related, filter_type
from graph.entity.measure_sorts import measure_sort_fields
from graph.entity.measures import COUNT, FUNCTIONS, applicable, steady_measure_of
from graph.entity.names import made_name
from graph.entity.registry import Attribute, Deferred, Entity, Relation, list_of, optional
from graph.entity.related_rows import first, first_value, measured, related
from graph.entity.types import TYPES
from graph.errors import InvalidPage
from graph.loading.queries import Measure, Order
from graph.prepare.work import Weight

VALUE = Weight(2)
"""To put rows in the order of a column, where no index has them in it."""
TO_ONE = Weight(10, times=6)
"""To read the one row that a relation leads to; what is counted of that is counted for the same row many times."""
MEASURED = Weight(40)
"""To count the rows that a relation leads to, or to compute something else over them."""
FIRST = Weight(60)
"""To find the first of them."""

MAX_TERMS = 10
MAX_STEPS = 5
"""How many relations one term may lead over."""


Asked: TypeAlias = Mapping[str, Any]
"""One term: a direction by the name of a column, or what is asked of the rows that a relation leads to."""

FIRST_OF, FILTERED = "first", "filtered"
ORDER_BY, BY, WHERE = "orderBy", "by", "where"


@cache
def sort_type(entity: Entity) -> type[Any]:
    """The input type of one term of an entity's order."""
    fields: dict[str, InputField] = {
        f"{name}_": (optional(Direction), name, attribute.description)
        for name, attribute in entity.attributes.items()
        if is_ordered(attribute)
    }
    for name, attribute in entity.attributes.items():
        measures = _measures(attribute)
        if measures is not None:
            fields[f"{name}_"] = (optional(_distance_sort(measures)), name, attribute.description)
    for name, relation in entity.relations.items():
        if relation.link.to_many or can_be_ordered(relation.target()):
            fields[f"{name}_"] = (optional(_relation_sort(relation)), name, relation.description)
    fields |= value_sorts.fields_of(entity)
    if entity.key:
        fields["id_"] = (optional(Direction), "id", "The primary key, which is the order in which rows came.")
    weights = {
        name: VALUE
        for name, attribute in entity.attributes.items()
        if not leads_an_index(entity.mapper.columns.get(attribute.name))
    }
    weights |= {name: TO_ONE for name, relation in entity.relations.items() if not relation.link.to_many}
    described = f"By what {entity.many} are ordered: one field for each term."
    return input_type(made_name(entity, "Sort"), described, fields, one_of=True, weights=weights)


def can_be_ordered(entity: Entity) -> bool:
    """Whether there is anything that an entity's rows are put in order by."""
    by_value = any(
        is_ordered(it) or value_sorts.is_json(it) or _measures(it) is not None for it in entity.attributes.values()
    )
    return bool(entity.key) or by_value or any(relation.link.to_many for relation in entity.relations.values())


def _relation_sort(relation: Relation) -> Deferred:
    make = list_sort_type if relation.link.to_many else sort_type
    return Deferred(f"sort of {relation.name}", lambda: make(relation.target()))


@cache
def list_sort_type(entity: Entity) -> type[Any]:
    """The input type of an order by a list of an entity's rows: of the row that has the list."""
    fields: dict[str, InputField] = {"count_": (optional(Direction), COUNT.name, "By how many there are.")}
    fields |= measure_sort_fields(entity)
    weights = {name: MEASURED for _, name, _ in fields.values()}
    if can_be_ordered(entity):
        first_of = Deferred("sort by the first", lambda: _first_sort_type(entity))
        fields["first_"] = (optional(first_of), FIRST_OF, "By a value of the one that comes first in an order.")
        weights[FIRST_OF] = FIRST
    filtered = Deferred("sort by a filtered list", lambda: _filtered_sort_type(entity))
    fields["filtered_"] = (optional(filtered), FILTERED, "By what of those that fit a filter.")
    described = f"By what of a list of {entity.many} the row that has the list is ordered."
    return input_type(made_name(entity, "ListSort"), described, fields, one_of=True, weights=weights)


@cache
def _first_sort_type(entity: Entity) -> type[Any]:
    this = Deferred("sort of the first", lambda: sort_type(entity))
    return input_type(
        made_name(entity, "FirstSort"),
        f"By a value of the first of many {entity.many}; null where there are none.",
        {},
        required={
            "order_by_": (list_of(this), ORDER_BY, "In which order, the most important term first."),
            "by_": (this, BY, "By what of the first one."),
        },
    )


@cache
def _filtered_sort_type(entity: Entity) -> type[Any]:
    return input_type(
        made_name(entity, "FilteredSort"),
        f"By what of those {entity.many} that fit a filter.",
        {},
        required={
            "where_": (Deferred("filter of a list", lambda: filter_type(entity)), WHERE, "Which are looked at."),
            "by_": (Deferred("sort of a list", lambda: list_sort_type(entity)), BY, "By what of them."),
        },
    )


@cache
def _distance_sort(measures: Measures) -> type[Any]:
    return measures.sort_type(Direction)


def _measures(attribute: Attribute) -> Measures | None:
    """The distances by which rows are put in order, of types that have some."""
    type_ = TYPES.of(attribute.type)
    found = None if type_ is None else type_.measures
    return found if isinstance(found, Measures) else None


class Viewing(NamedTuple):
    """How rows of related models are looked at."""

    visible: Visibility
    relates_once: bool = False
    """As of the dialect: whether filters behind a second relation are asked once for all rows."""

    def children(self, relation: Relation) -> Source:
        """The rows that a relation leads to, without hidden values."""
        return self.visible.seen(relation.link.children(), relation.link.target)


def order_of(entity: Entity, asked: Sequence[Asked], context: RequestContext) -> Order:
    """The order of a field that reads.

    Raises `InvalidPage` for too much of it, and `InvalidFilter` for a filter in it that makes no sense.
    """
    if context.bounds.refuse_empty_comparisons:
        for term in asked:
            _check_complete(entity, term)
    for term in asked:
        value_sorts.check_locales(term, context.loaders.dialect)
    return _ordering(entity, asked, Viewing(context.visible, dialect_of(context.loaders.dialect).relates_once))


def _ordering(entity: Entity, asked: Sequence[Asked], viewing: Viewing) -> Order:
    check_size(ORDER_BY, asked)
    _check_length(entity, asked)
    holds_a_value = any(_holds_a_value(entity, term) for term in asked)
    if holds_a_value:
        _terms(entity, aliased(entity.model), asked, viewing)  # finds what is wrong before it is run

    def terms(source: Source) -> tuple[Term, ...]:
        return total_order(entity.mapper, source.row, _terms(entity, source.row, asked, viewing) or source.order)

    return Order(terms, _spell_all(entity, asked), is_kept=not holds_a_value)


def natural_order(entity: Entity) -> Callable[[Source], tuple[Term, ...]]:
    """The terms of the order that rows have when none is asked for."""
    return lambda source: total_order(entity.mapper, source.row, source.order)


def _check_length(entity: Entity, asked: Sequence[Asked]) -> None:
    if len(asked) > MAX_TERMS:
        raise InvalidPage(f"`orderBy` takes at most {MAX_TERMS} terms.")
    if any(_steps(entity, term) > MAX_STEPS for term in asked):
        raise InvalidPage(f"`orderBy` leads over at most {MAX_STEPS} relations.")


def _terms(
    entity: Entity, row: Row, asked: Sequence[Asked], viewing: Viewing, *, is_related: bool = False
) -> tuple[Term, ...]:
    return tuple(_term(entity, row, term, viewing, is_related=is_related) for term in asked)


def _term(entity: Entity, row: Row, asked: Asked, viewing: Viewing, *, is_related: bool = False) -> Term:
    """One term; `is_related` where its row is one that a relation leads to, and so may be met more than once."""
    name, value = _only(asked)
    attribute = entity.attributes.get(name)
    if isinstance(value, Mapping):
        if _is_of_value(entity, name):
            return _value_term(entity, name, value, row)
        if attribute is not None:
            return _distance_term(attribute, row, value)
        relation = entity.relations[name]
        if relation.link.to_many:
            return _ListTerm(relation, row, viewing, is_related).of(value)
        return _to_one_term(relation, row, value, viewing)
    if attribute is None:  # the id
        return Term(getattr(row, entity.key[0]), value.descending, nulls_first=value.nulls_first)
    nullable = attribute.nullable or may_hide(row, attribute.name)
    return Term(attribute.expression(row), value.descending, nullable, value.nulls_first)


def _is_of_value(entity: Entity, name: str) -> bool:
    """Whether a term is more than a direction, and neither a distance nor about related rows."""
    attribute = entity.attributes.get(name)
    return value_sorts.is_of_rows(entity, name) if attribute is None else value_sorts.is_json(attribute)


def _value_term(entity: Entity, name: str, asked: Mapping[str, Any], row: Row) -> Term:
    """By a text, by a part of JSON, or by chance; null where the value is hidden."""
    attribute = value_sorts.attribute_of(entity, name, asked)
    direction = _direction(value_sorts.asked_of(entity, name, asked))
    nullable = attribute is not None and (
        attribute.nullable or value_sorts.is_json(attribute) or may_hide(row, attribute.name)
    )
    ordered = value_sorts.expression(entity, name, asked, row)
    return Term(ordered, direction.descending, nullable, direction.nulls_first)


def _distance_term(attribute: Attribute, row: Row, asked: Mapping[str, Any]) -> Term:
    """By a distance, which is null where the value is, and nothing where the value is hidden."""
    measures, direction = _measures(attribute), _direction(asked)
    assert measures is not None  # no others have such an input
    distance = measures.distance(attribute.expression(row), asked)
    return Term(distance, direction.descending, nullable=True, nulls_first=direction.nulls_first)


def _direction(asked: Mapping[str, Any]) -> Direction:
    return asked.get(DIRECTION) or Direction.ASC


def _to_one_term(relation: Relation, row: Row, asked: Asked, viewing: Viewing) -> Term:
    children = viewing.children(relation)
    inner = _term(relation.target(), children.row, asked, viewing, is_related=True)
    value = related(select(inner.expression), relation.link, children, row, viewing.visible)
    if not relation.link.is_many_to_one:
        value = first(value, relation.link, children)
    # Nullable whatever the column says: there may be no row, or none that the viewer sees.
    return inner._replace(expression=value.scalar_subquery(), nullable=True)


class _ListTerm(NamedTuple):
    """A term by something of the rows that a to-many relation leads to."""

    relation: Relation
    row: Row
    viewing: Viewing
    is_related: bool
    wheres: tuple[Mapping[str, Any], ...] = ()
    """The filters of the rows that are looked at."""

    def of(self, asked: Asked) -> Term:
        """The term."""
        name, value = _only(asked)
        if name == FILTERED:
            return self._replace(wheres=(*self.wheres, value[WHERE])).of(value[BY])
        if name == FIRST_OF:
            return self._first(value[ORDER_BY], value[BY])
        if name == COUNT.name:
            return self._measured(COUNT, value, nullable=False)
        if name == DISTINCT:
            measure = distinct_measure(self.relation.target(), value[OF].name)
            return self._measured(measure, value[DIRECTION], nullable=False)
        function = next(function for function in FUNCTIONS if function.name == name)
        attribute_name, direction = _only(value)
        attribute, _ = applicable(self.relation.target(), function)[attribute_name]
        return self._measured(steady_measure_of(function, attribute), direction, nullable=True)

    def _measured(self, measure: Measure, direction: Direction, *, nullable: bool) -> Term:
        children = self.viewing.children(self.relation)
        value = measured(
            measure.expression(children.row),
            self.relation.link,
            children,
            self.row,
            self.viewing.visible,
            *self._within(children),
            is_related=self.is_related,
        )
        return Term(value, direction.descending, nullable, direction.nulls_first, self.is_related)

    def _first(self, order_by: Sequence[Asked], by: Asked) -> Term:
        """By a value of the first row under an order, which is null where there is no row."""
        entity, children = self.relation.target(), self.viewing.children(self.relation)
        inner = _term(entity, children.row, by, self.viewing, is_related=True)
        wanted = _terms(entity, children.row, order_by, self.viewing, is_related=True) or children.order
        value = first_value(
            inner.expression,
            total_order(entity.mapper, children.row, wanted),
            self.relation.link,
            children,
            self.row,
            self.viewing.visible,
            *self._within(children),
            is_related=self.is_related,
        )
        return inner._replace(expression=value, nullable=True, is_shared=self.is_related)

    def _within(self, children: Source) -> list[ColumnElement[bool]]:
        entity, place = self.relation.target(), f"{ORDER_BY}.{self.relation.graphql_name}.{FILTERED}.{WHERE}"
        found = (condition_on_related(entity, children.row, where, place, *self.viewing) for where in self.wheres)
        return [condition for condition in found if condition is not None]


def _only(asked: Asked) -> tuple[str, Any]:
    """The one field of a term: its input type is a oneOf."""
    (found,) = asked.items()
    return found


def _steps(entity: Entity, asked: Asked) -> int:
    """How many relations a term leads over; a filter on the way is one more."""
    name, value = _only(asked)
    relation = entity.relations.get(name)
    if relation is None or not isinstance(value, Mapping):
        return 0
    if not relation.link.to_many:
        return 1 + _steps(relation.target(), value)
    return _list_steps(relation.target(), value)


def _list_steps(entity: Entity, asked: Asked) -> int:
    name, value = _only(asked)
    if name == FILTERED:
        return 1 + _list_steps(entity, value[BY])
    if name == FIRST_OF:
        return 1 + max(_steps(entity, term) for term in (value[BY], *value[ORDER_BY]))
    return 1


def _holds_a_value(entity: Entity, asked: Asked) -> bool:
    """Whether something that the client has sent is in a term: the other end of a distance, or a filter."""
    name, value = _only(asked)
    relation = entity.relations.get(name)
    if relation is None:
        return isinstance(value, Mapping) and (
            not _is_of_value(entity, name) or value_sorts.holds_a_value(entity, name)
        )
    if not relation.link.to_many:
        return _holds_a_value(relation.target(), value)
    inner, (name, value) = relation.target(), _only(value)
    if name == FIRST_OF:
        return any(_holds_a_value(inner, term) for term in (value[BY], *value[ORDER_BY]))
    return name == FILTERED


def _spell(entity: Entity, asked: Asked) -> str:
    name, value = _only(asked)
    if not isinstance(value, Mapping):
        return f"{name}:{value.value}"
    if _is_of_value(entity, name):
        direction = _direction(value_sorts.asked_of(entity, name, value))
        return f"{value_sorts.spelled(entity, name, value)}:{direction.value}"
    relation, attribute = entity.relations.get(name), entity.attributes.get(name)
    if relation is not None:
        spelled = _spell_of_list if relation.link.to_many else _spell
        return f"{name}.{spelled(relation.target(), value)}"
    measures = None if attribute is None else _measures(attribute)
    assert measures is not None  # no others have such an input
    return f"{name}:{_short(measures.spelled(value))}:{_direction(value).value}"


def _spell_all(entity: Entity, asked: Sequence[Asked]) -> str:
    return ",".join(_spell(entity, term) for term in asked)


def _spell_of_list(entity: Entity, asked: Asked) -> str:
    name, value = _only(asked)
    if name == FIRST_OF:
        return f"{name}({_spell_all(entity, value[ORDER_BY])}).{_spell(entity, value[BY])}"
    if name == FILTERED:
        return f"{name}({_short(repr(value[WHERE]))}).{_spell_of_list(entity, value[BY])}"
    if name == DISTINCT:
        return f"{name}.{value[OF].name}:{value[DIRECTION].value}"
    if isinstance(value, Mapping):
        attribute, direction = _only(value)
        return f"{name}.{attribute}:{direction.value}"
    return f"{name}:{value.value}"


def _short(text: str) -> str:
    """A name for what a client has sent: a vector has thousands of digits."""
    return sha256(text.encode()).hexdigest()


def _check_complete(entity: Entity, asked: Asked) -> None:
    """Raise `InvalidFilter` for a place of a filter in a term at which nothing is asked."""
    name, value = _only(asked)
    relation = entity.relations.get(name)
    if relation is None:
        return
    if not relation.link.to_many:
        _check_complete(relation.target(), value)
    else:
        _check_list_complete(relation.target(), value, f"{ORDER_BY}.{name}")


def _check_list_complete(entity: Entity, asked: Asked, where: str) -> None:
    name, value = _only(asked)
    if name == FIRST_OF:
        for term in (value[BY], *value[ORDER_BY]):
            _check_complete(entity, term)
    elif name == FILTERED:
        check_complete(entity, value[WHERE], f"{where}.{FILTERED}.{WHERE}")
        _check_list_complete(entity, value[BY], where)
