"""Sorting: one input type for each entity, and the terms that it means.

An `orderBy` enters as graphql-core coerced it, terms leave. Every order is made total by the primary key at its end,
in the direction of the last term, so that one index can serve both. Rows without a key keep the order that was asked
for, and no more.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any, TypeAlias

import strawberry
from sqlalchemy import select

from db.relations import Row, Source, Term, Visibility, leads_an_index, may_hide, total_order
from graph.entity.comparisons import InputField, input_type
from graph.entity.directions import Direction
from graph.entity.distances import DIRECTION, Measures
from graph.entity.filters import first, number_of, related
from graph.entity.names import made_name
from graph.entity.registry import Attribute, Deferred, Entity, Relation, optional
from graph.entity.types import TYPES
from graph.errors import InvalidPage
from graph.loading.queries import Order
from graph.prepare.work import Weight, weighed

VALUE = Weight(2)
"""To put rows in the order of a column, where no index has them in it."""
TO_ONE = Weight(10, times=6)
"""To read the one row that a relation leads to; what is counted of that is counted for the same row many times."""
COUNTED = Weight(40)

MAX_TERMS = 10
MAX_STEPS = 5
"""How many relations one term may lead over."""


Asked: TypeAlias = Mapping[str, "Direction | Asked"]
"""One term: a direction by the name of a column, or what is asked of the rows that a relation leads to."""


@strawberry.input(description="By what of a list the row that has the list is ordered.", one_of=True)
class CountSort:
    """Ordering by a to-many field."""

    count: Direction | None = strawberry.field(
        default=strawberry.UNSET, description="By how many there are.", metadata=weighed(COUNTED)
    )


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
    by_value = any(is_ordered(it) or _measures(it) is not None for it in entity.attributes.values())
    return bool(entity.key) or by_value or any(relation.link.to_many for relation in entity.relations.values())


def _relation_sort(relation: Relation) -> Deferred | type[CountSort]:
    if relation.link.to_many:
        return CountSort
    return Deferred(f"sort of {relation.name}", lambda: sort_type(relation.target()))


@cache
def _distance_sort(measures: Measures) -> type[Any]:
    return measures.sort_type(Direction)


def _measures(attribute: Attribute) -> Measures | None:
    """The distances by which rows are put in order, of types that have some."""
    type_ = TYPES.of(attribute.type)
    found = None if type_ is None else type_.measures
    return found if isinstance(found, Measures) else None


def is_ordered(attribute: Attribute) -> bool:
    """Whether values of this type can be put in order."""
    type_ = TYPES.of(attribute.type)
    return type_ is not None and type_.is_ordered


def ordering(entity: Entity, asked: Sequence[Asked] | None, visible: Visibility) -> Order:
    """The order that was asked for, or the natural one. Raises `InvalidPage` for too much of it."""
    asked = asked or ()
    if len(asked) > MAX_TERMS:
        raise InvalidPage(f"`orderBy` takes at most {MAX_TERMS} terms.")
    if any(_steps(entity, term) > MAX_STEPS for term in asked):
        raise InvalidPage(f"`orderBy` leads over at most {MAX_STEPS} relations.")

    def terms(source: Source) -> tuple[Term, ...]:
        wanted = tuple(_term(entity, source.row, term, visible) for term in asked) or source.order
        return total_order(entity.mapper, source.row, wanted)

    spelled = ",".join(_spell(entity, term) for term in asked)
    return Order(terms, spelled, is_kept=not any(_holds_a_value(entity, term) for term in asked))


def _term(entity: Entity, row: Row, asked: Asked, visible: Visibility, *, is_related: bool = False) -> Term:
    """One term; `is_related` where its row is one that a relation leads to, and so may be met more than once."""
    name, value = _only(asked)
    attribute = entity.attributes.get(name)
    if isinstance(value, Mapping):
        if attribute is None:
            return _related_term(entity.relations[name], row, value, visible, is_related=is_related)
        return _distance_term(attribute, row, value)
    if attribute is None:  # the id
        return Term(getattr(row, entity.key[0]), value.descending, nulls_first=value.nulls_first)
    nullable = attribute.nullable or may_hide(row, attribute.name)
    return Term(attribute.expression(row), value.descending, nullable, value.nulls_first)


def _distance_term(attribute: Attribute, row: Row, asked: Mapping[str, Any]) -> Term:
    """By a distance, which is null where the value is, and nothing where the value is hidden."""
    measures, direction = _measures(attribute), _direction(asked)
    assert measures is not None  # no others have such an input
    distance = measures.distance(attribute.expression(row), asked)
    return Term(distance, direction.descending, nullable=True, nulls_first=direction.nulls_first)


def _direction(asked: Mapping[str, Any]) -> Direction:
    return asked.get(DIRECTION) or Direction.ASC


def _related_term(relation: Relation, row: Row, asked: Asked, visible: Visibility, *, is_related: bool) -> Term:
    children = visible.seen(relation.link.children(), relation.link.target)
    if relation.link.to_many:
        counted = number_of(relation.link, children, row, visible, is_related=is_related)
        _, direction = _only(asked)
        assert isinstance(direction, Direction)
        return Term(counted, direction.descending, nulls_first=direction.nulls_first, is_shared=is_related)
    inner = _term(relation.target(), children.row, asked, visible, is_related=True)
    value = related(select(inner.expression), relation.link, children, row, visible)
    if not relation.link.is_many_to_one:
        value = first(value, relation.link, children)
    # Nullable whatever the column says: there may be no row, or none that the viewer sees.
    return inner._replace(expression=value.scalar_subquery(), nullable=True)


def _only(asked: Asked) -> tuple[str, Direction | Asked]:
    """The one field of a term: its input type is a oneOf."""
    (found,) = asked.items()
    return found


def _steps(entity: Entity, asked: Asked) -> int:
    name, value = _only(asked)
    relation = entity.relations.get(name)
    if relation is None or not isinstance(value, Mapping):
        return 0
    return 1 if relation.link.to_many else 1 + _steps(relation.target(), value)


def _holds_a_value(entity: Entity, asked: Asked) -> bool:
    """Whether a term is a distance to a value that the client has sent."""
    name, value = _only(asked)
    relation = entity.relations.get(name)
    if relation is None:
        return isinstance(value, Mapping)
    return not relation.link.to_many and isinstance(value, Mapping) and _holds_a_value(relation.target(), value)


def _spell(entity: Entity, asked: Asked) -> str:
    name, value = _only(asked)
    if not isinstance(value, Mapping):
        return f"{name}:{value.value}"
    relation, attribute = entity.relations.get(name), entity.attributes.get(name)
    if relation is not None:
        return f"{name}.{_counted(value) if relation.link.to_many else _spell(relation.target(), value)}"
    measures = None if attribute is None else _measures(attribute)
    assert measures is not None  # no others have such an input
    to = sha256(measures.spelled(value).encode()).hexdigest()  # a vector has thousands of digits
    return f"{name}:{to}:{_direction(value).value}"


def _counted(asked: Asked) -> str:
    name, value = _only(asked)
    assert isinstance(value, Direction)
    return f"{name}:{value.value}"
