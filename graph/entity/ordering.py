"""Sorting: one input type for each entity, and the terms that it means.

An `orderBy` enters as graphql-core coerced it, terms leave. Every order is made total by the primary key at its end,
in the direction of the last term, so that one index can serve both. Rows without a key keep the order that was asked
for, and no more.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple, Self, TypeAlias

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
from graph.entity.filters import condition_on_related, filter_type
from graph.entity.measure_sorts import (
    FIRST,
    KEY,
    MODIFIERS,
    ORDER_BY,
    GroupKeySort,
    ListOrder,
    list_order,
    measure_in,
    measure_sort_fields,
)
from graph.entity.measures import WHERE
from graph.entity.names import made_name
from graph.entity.registry import Attribute, Deferred, Entity, Relation, list_of, optional
from graph.entity.related_rows import first, first_value, measured, related
from graph.entity.types import TYPES
from graph.errors import InvalidPage
from graph.loading.queries import Order
from graph.prepare.work import Weight

VALUE = Weight(2)
"""To put rows in the order of a column, where no index has them in it."""
TO_ONE = Weight(10, times=6)
"""To read the one row that a relation leads to; what is counted of that is counted for the same row many times."""
MEASURED = Weight(40)
"""To count the rows that a relation leads to, or to compute something else over them."""
FIRST_WORK = Weight(60)
"""To find the first of them."""

MAX_TERMS = 10
MAX_STEPS = 5
"""How many relations one term may lead over."""


Asked: TypeAlias = Mapping[str, Any]
"""One term: a direction by the name of a column, or what is asked of the rows that a relation leads to."""


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
    """The input type of one term of an order by a list of an entity's rows: of the row that has it, or of groups."""
    this = Deferred(made_name(entity, "Sort"), lambda: sort_type(entity))
    one = Deferred(made_name(entity, "Filter"), lambda: filter_type(entity))
    fields: dict[str, InputField] = {"where_": (optional(one), WHERE, "Only those that fit are looked at.")}
    measures = measure_sort_fields(entity, this)
    weights = {name: MEASURED for _, name, _ in measures.values() if name not in MODIFIERS}
    fields |= measures
    if can_be_ordered(entity):
        fields["order_by_"] = (optional(list_of(this)), ORDER_BY, "The order of which `first` is the first.")
        fields["first_"] = (optional(this), FIRST, "By a value of the first one.")
        weights[FIRST] = FIRST_WORK
    fields["key_"] = (optional(GroupKeySort), KEY, "Of groups alone: by what their rows share.")
    described = f"By what of a list of {entity.many}: one thing for each term."
    return input_type(made_name(entity, "ListSort"), described, fields, weights=weights)


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

    @classmethod
    def of(cls, context: RequestContext) -> Self:
        """As an operation's viewer looks at them."""
        return cls(context.visible, dialect_of(context.loaders.dialect).relates_once)

    def children(self, relation: Relation) -> Source:
        """The rows that a relation leads to, without hidden values."""
        return self.visible.seen(relation.link.children(), relation.link.target)


def order_of(entity: Entity, asked: Sequence[Asked], context: RequestContext) -> Order:
    """The order of a field that reads.

    Raises `InvalidPage` for too much of it, and `InvalidFilter` for a filter in it that makes no sense.
    """
    check_order(entity, asked, context)
    return _ordering(entity, asked, Viewing.of(context))


def check_order(entity: Entity, asked: Sequence[Asked], context: RequestContext) -> None:
    """Raise `InvalidPage` for too much of an order, and `InvalidFilter` for gaps in it, if the settings say so."""
    if context.bounds.refuse_empty_comparisons:
        for term in asked:
            _check_complete(entity, term)
    for term in asked:
        value_sorts.check_locales(term, context.loaders.dialect)
    check_size(ORDER_BY, asked)
    _check_length(entity, asked)


def check_list_order(entity: Entity, order: ListOrder, context: RequestContext) -> None:
    """The same for an order by something of a list."""
    if context.bounds.refuse_empty_comparisons:
        _check_where_complete(entity, order)
    check_order(entity, _terms_of_first(order), context)


def _ordering(entity: Entity, asked: Sequence[Asked], viewing: Viewing) -> Order:
    holds_a_value = any(_holds_a_value(entity, term) for term in asked)
    if holds_a_value:
        _terms(entity, aliased(entity.model), asked, viewing)  # finds what is wrong before it is run

    def terms(source: Source) -> tuple[Term, ...]:
        return total_order(entity.mapper, source.row, _terms(entity, source.row, asked, viewing) or source.order)

    return Order(terms, _spell_all(entity, asked), is_kept=not holds_a_value)


def terms_on_related(entity: Entity, row: Row, asked: Sequence[Asked], viewing: Viewing) -> tuple[Term, ...]:
    """The terms of an order for rows that are met more than once, or inside of aggregates. Raises as `order_of`."""
    return _terms(entity, row, asked, viewing, is_related=True)


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
            return _ListTerm(relation, row, viewing, is_related).of(_list_order(relation, value))
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

    def of(self, order: ListOrder) -> Term:
        """The term."""
        if order.name == FIRST:
            return self._first(order)
        children = self.viewing.children(self.relation)
        measure, direction = measure_in(self.relation.target(), order)
        value = measured(
            measure.expression(children.row),
            self.relation.link,
            children,
            self.row,
            self.viewing.visible,
            *self._within(order, children),
            is_related=self.is_related,
        )
        return Term(value, direction.descending, not order.is_number, direction.nulls_first, self.is_related)

    def _first(self, order: ListOrder) -> Term:
        """By a value of the first row under an order, which is null where there is no row."""
        entity, children = self.relation.target(), self.viewing.children(self.relation)
        inner = _term(entity, children.row, order.value, self.viewing, is_related=True)
        wanted = _terms(entity, children.row, order.order_by, self.viewing, is_related=True) or children.order
        value = first_value(
            inner.expression,
            total_order(entity.mapper, children.row, wanted),
            self.relation.link,
            children,
            self.row,
            self.viewing.visible,
            *self._within(order, children),
            is_related=self.is_related,
        )
        return inner._replace(expression=value, nullable=True, is_shared=self.is_related)

    def _within(self, order: ListOrder, children: Source) -> list[ColumnElement[bool]]:
        found = rows_looked_at(self.relation.target(), children.row, order, self.viewing)
        return [] if found is None else [found]


def rows_looked_at(entity: Entity, row: Row, order: ListOrder, viewing: Viewing) -> ColumnElement[bool] | None:
    """Which rows of a list are looked at; None for all of them. Raises `InvalidFilter`."""
    if order.where is None:
        return None
    return condition_on_related(entity, row, order.where, f"{order.within}.{WHERE}", *viewing)


def _list_order(relation: Relation, asked: Asked) -> ListOrder:
    return list_order(asked, f"{ORDER_BY}.{relation.graphql_name}")


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
    order = _list_order(relation, value)
    inner = [_steps(relation.target(), term) for term in _terms_of_first(order)]
    return 1 + (order.where is not None) + max(inner, default=0)


def _terms_of_first(order: ListOrder) -> tuple[Asked, ...]:
    """The terms below one by the first row of a list: its own value, and the order."""
    return (order.value, *order.order_by) if order.name == FIRST else ()


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
    order = _list_order(relation, value)
    return order.where is not None or any(_holds_a_value(relation.target(), term) for term in _terms_of_first(order))


def _spell(entity: Entity, asked: Asked) -> str:
    name, value = _only(asked)
    if not isinstance(value, Mapping):
        return f"{name}:{value.value}"
    if _is_of_value(entity, name):
        direction = _direction(value_sorts.asked_of(entity, name, value))
        return f"{value_sorts.spelled(entity, name, value)}:{direction.value}"
    relation, attribute = entity.relations.get(name), entity.attributes.get(name)
    if relation is not None and relation.link.to_many:
        return f"{name}.{_spell_of_list(relation.target(), _list_order(relation, value))}"
    if relation is not None:
        return f"{name}.{_spell(relation.target(), value)}"
    measures = None if attribute is None else _measures(attribute)
    assert measures is not None  # no others have such an input
    return f"{name}:{_short(measures.spelled(value))}:{_direction(value).value}"


def _spell_all(entity: Entity, asked: Sequence[Asked]) -> str:
    return ",".join(_spell(entity, term) for term in asked)


def _spell_of_list(entity: Entity, order: ListOrder) -> str:
    where = "" if order.where is None else f"({_short(repr(order.where))})"
    name = f"{where}{order.name}"
    if order.name == FIRST:
        return f"{name}({_spell_all(entity, order.order_by)}).{_spell(entity, order.value)}"
    _, direction = measure_in(entity, order)
    of = order.of if order.of is not None else next(iter(order.value)) if isinstance(order.value, Mapping) else ""
    return f"{name}.{of}:{direction.value}"


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
        order = _list_order(relation, value)
        _check_where_complete(relation.target(), order)
        for term in _terms_of_first(order):
            _check_complete(relation.target(), term)


def _check_where_complete(entity: Entity, order: ListOrder) -> None:
    if order.where is not None:
        check_complete(entity, order.where, f"{order.within}.{WHERE}")
