"""Questions made up about the rows of any sample: filters, orders, pages, aggregates and groups.

Entities and their plain rows enter; Hypothesis strategies of Python values leave. Values are those that the rows hold,
and such as lie just beside them. Nothing is asked here.
"""

import enum
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from hypothesis import strategies as st
from strawberry.scalars import JSON

from graph.entity.column_comparisons import (
    MEMBER,
    ColumnOperator,
    compared_columns,
    compared_relations,
    comparison_field,
    fits,
)
from graph.entity.directions import Direction, is_ordered
from graph.entity.ids import encode_id
from graph.entity.measures import FUNCTIONS, Function, applicable
from graph.entity.names import constant
from graph.entity.registry import Attribute, Entity, Relation, entity_of
from graph.entity.types import TYPES
from tests.entity.plain_rows import Rows, plain_rows
from tests.entity.reckoning import Filtered, First, Path, Row, Term, id_of, sortable
from tests.entity.serving import Sample

Where = dict[str, Any]

PIECES = "aAbB%_/\\'\"äÄßΣσς日😀 \n[^*?"
"""Letters that texts are made up of: those that patterns, JSON or folding could trip over."""

MOST_VALUES = 30

COMPARED = ("eq", "ne", "lt", "gte")
"""Operators of `having`."""


@dataclass(frozen=True)
class Group:
    """A `groupBy`: the columns, and how large groups must be."""

    fields: tuple[str, ...]
    """GraphQL names of attributes."""
    least: int
    having: Mapping[str, Mapping[str, Mapping[str, Any]]]
    """By function, then by attribute: comparisons."""


@dataclass(frozen=True)
class Question:
    """What is asked of the rows of one entity."""

    type: type[Any]
    where: Where
    order: tuple[Term, ...]
    size: int
    """Of a page."""
    group: Group | None

    @property
    def entity(self) -> Entity:
        """The entity of the type."""
        return entity_of(self.type)


class Subject:
    """A sample that questions are made up about."""

    def __init__(self, sample: Sample, *types: type[Any]) -> None:
        self.sample = sample
        self.name = sample.name
        self.entities = [entity_of(type_) for type_ in types]

    @cached_property
    def rows(self) -> Rows:
        """The rows of all models."""
        return plain_rows(self.sample)

    def of(self, entity: Entity) -> Sequence[Row]:
        """The rows of an entity."""
        return self.rows[entity.model]

    def parents_of(self, entity: Entity) -> list[tuple[Entity, Relation]]:
        """The lists that hold rows of an entity, with the entities that they belong to."""
        return [
            (parent, relation)
            for parent in self.entities
            for relation in parent.relations.values()
            if relation.link.to_many and relation.target() is entity
        ]

    def values(self, entity: Entity, attribute: Attribute) -> list[Any]:
        """Values of an attribute that rows have, and such as lie beside them."""
        held = {getattr(row, attribute.name) for row in self.of(entity)} - {None}
        chosen = sorted(held, key=sortable)
        chosen = chosen[:: max(1, len(chosen) // MOST_VALUES)] + chosen[-1:]
        beside = [other for value in chosen for other in _beside(value) if attribute.type is not int or _is_int(other)]
        return [*chosen, *beside]

    def asked_values(self, entity: Entity, attribute: Attribute) -> st.SearchStrategy[Any]:
        """Values to compare an attribute with."""
        found: st.SearchStrategy[Any] = st.sampled_from(
            self.values(entity, attribute) or _beside(_SOME[attribute.type])
        )
        return found if attribute.type is not str else st.one_of(found, st.text(PIECES, max_size=3))

    def ids(self, entity: Entity) -> st.SearchStrategy[str]:
        """Ids of rows, and of rows that there are not."""
        nobody = [encode_id(entity, (number,)) for number in (-1, 2**40)] if self._is_numbered(entity) else []
        return st.sampled_from([*(id_of(entity, row) for row in self.of(entity)), *nobody])

    def _is_numbered(self, entity: Entity) -> bool:
        return len(entity.key) == 1 and all(isinstance(getattr(row, entity.key[0]), int) for row in self.of(entity))

    def questions(self) -> st.SearchStrategy[Question]:
        """Questions about any of the entities."""
        return st.sampled_from(self.entities).flatmap(lambda entity: some_question(self, entity))


_SOME: Mapping[Any, Any] = {str: "a", int: 1, Decimal: Decimal(1), float: 1.0}
"""A value of a type, for attributes that are always null."""


def _is_int(value: int) -> bool:
    return -(2**31) <= value < 2**31


def _beside(value: Any) -> list[Any]:
    """Values that lie just beside a value, or are a part of it."""
    if isinstance(value, bool | enum.Enum):
        return [value]
    for type_, beside in _BESIDE.items():
        if isinstance(value, type_):
            try:
                return beside(value)
            except (OverflowError, ArithmeticError):
                return [value]
    return [value]


_BESIDE: Mapping[type[Any], Callable[[Any], list[Any]]] = {
    int: lambda value: [value - 1, value + 1],
    float: lambda value: [value / 2, value * 2],
    Decimal: lambda value: [value + Decimal("0.001"), -value, value.normalize()],
    str: lambda value: [value[:2], value[-2:], value.swapcase(), value + "x"],
    datetime: lambda value: [value + timedelta(microseconds=1), value - timedelta(days=1)],
    date: lambda value: [value + timedelta(days=1)],
    time: lambda value: [value.replace(microsecond=999_999)],
    uuid.UUID: lambda value: [uuid.UUID(int=value.int ^ 1)],
}


def rarely(draw: st.DrawFn) -> bool:
    """Something that people seldom send, and that must not be misunderstood when they do."""
    return draw(st.integers(0, 29)) == 0


def compared_attributes(entity: Entity) -> list[str]:
    """The attributes that filters reckon with: all but JSON, whose comparisons are of another kind."""
    return [name for name, of in entity.attributes.items() if TYPES.of(of.type) is not None and of.type is not JSON]


def operators(type_: object) -> list[str]:
    """The operators that a type has."""
    return list(TYPES.known(type_).filter.operators)


@st.composite
def some_comparisons(draw: st.DrawFn, names: Sequence[str], values: st.SearchStrategy[Any]) -> Any:
    """One or two comparisons of one value."""
    if rarely(draw):
        return draw(st.sampled_from([{}, None, {"eq": None}, {"in": []}, {"notIn": []}]))
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    return {name: draw(operand(name, values)) for name in chosen}


def operand(operator: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What an operator takes."""
    if operator == "isNull":
        return st.booleans()
    if operator.startswith("matches"):
        return values.map(re.escape)
    if operator == "between":
        return st.lists(values, min_size=2, max_size=2)
    return st.lists(values, max_size=3) if operator in ("in", "notIn") else values


@st.composite
def some_where(draw: st.DrawFn, subject: Subject, entity: Entity, depth: int = 3) -> Where:
    """A filter on rows of an entity, most of them asking for something."""
    if rarely(draw):
        return {}
    columns = [MEMBER] if comparison_field(entity) and compared_pairs(entity) else []
    deeper = ["and", "or", "not", *columns, *entity.relations] if depth else []
    values = [*compared_attributes(entity), *(["id"] if entity.key else [])]
    names = st.one_of(st.sampled_from(values), st.sampled_from(deeper or values[-1:]))
    chosen = draw(st.lists(names, min_size=1, max_size=2, unique=True))
    return {name: draw(some_member(subject, entity, name, depth - 1)) for name in chosen}


@st.composite
def some_member(draw: st.DrawFn, subject: Subject, entity: Entity, name: str, depth: int) -> Any:
    """One member of a filter."""
    if name in ("and", "or"):
        least = 0 if rarely(draw) else 1
        return draw(st.lists(some_where(subject, entity, depth), min_size=least, max_size=3))
    if name == "not":
        return draw(some_where(subject, entity, depth))
    if name == MEMBER:
        return draw(st.lists(some_column_comparison(entity), min_size=1, max_size=2))
    if name == "id":
        return draw(some_comparisons(("eq", "ne", "in", "notIn"), subject.ids(entity)))
    attribute = entity.attributes.get(name)
    if attribute is not None:
        return draw(some_comparisons(operators(attribute.type), subject.asked_values(entity, attribute)))
    relation = entity.relations[name]
    inner = some_where(subject, relation.target(), depth)
    if not relation.link.to_many:
        return draw(inner)
    return draw(some_of_list(subject, relation.target(), depth))


def compared_pairs(entity: Entity) -> list[tuple[Attribute, str, Attribute]]:
    """A column, the word for the row of the other one, and a column of that which fits."""
    others = {"to": entity} | {name: of.target() for name, of in compared_relations(entity).items()}
    return [
        (one, name, other)
        for one in compared_columns(entity)
        for name, target in others.items()
        for other in compared_columns(target)
        if fits(one, other)
    ]


@st.composite
def some_column_comparison(draw: st.DrawFn, entity: Entity) -> Any:
    """A column, and one that fits it: of the same row or of the one that a relation leads to."""
    one, name, other = draw(st.sampled_from(compared_pairs(entity)))
    known = [operator for operator in ColumnOperator if operator.value in operators(one.type)]
    chosen = draw(st.sampled_from(known)).name
    return {"column": constant(one.graphql_name), "is": chosen, name: constant(other.graphql_name)}


@st.composite
def some_of_list(draw: st.DrawFn, subject: Subject, entity: Entity, depth: int) -> Any:
    """What is asked of a list: of some of its rows at times, and of what is computed over them."""
    if rarely(draw):
        return draw(st.sampled_from([{"where": {}}, {"count": None}, {"min": None}, {}]))
    inner = some_where(subject, entity, depth)
    asked: dict[str, Any] = {"where": draw(inner)} if depth and draw(st.booleans()) else {}
    quantifiers = ("some", "none", "every")  # of lists, `every` is never the function
    functions = {function.name: function for function in functions_of(entity) if function.name not in quantifiers}
    for name in draw(
        st.lists(st.sampled_from([*quantifiers, "count", *functions]), min_size=1, max_size=2, unique=True)
    ):
        function = functions.get(name)
        if function is not None:
            asked[name] = draw(some_measures(subject, entity, function))
        else:
            counts = some_comparisons(operators(int), st.integers(0, 4))
            asked[name] = draw(counts if name == "count" else inner)
    return asked


def functions_of(entity: Entity) -> list[Function]:
    """The aggregate functions that apply to an attribute of an entity."""
    return [function for function in FUNCTIONS if applicable(entity, function)]


@st.composite
def some_measures(draw: st.DrawFn, subject: Subject, entity: Entity, function: Function) -> Any:
    """What is asked of a function over one or two attributes."""
    applies = applicable(entity, function)
    names = draw(st.lists(st.sampled_from(list(applies)), min_size=1, max_size=2, unique=True))
    return {
        name: draw(some_comparisons(operators(applies[name][1]), subject.asked_values(entity, applies[name][0])))
        for name in names
    }


@st.composite
def some_term(draw: st.DrawFn, entity: Entity, steps: int = 2, subject: "Subject | None" = None) -> Path:
    """What leads to a value that rows can be ordered by. Lists are filtered where it is known by which values."""
    values = [name for name, attribute in entity.attributes.items() if is_ordered(attribute)]
    values = ["id", *values] if entity.key else values
    name = draw(st.sampled_from([*values, *(entity.relations if steps else ())]))
    if name in values:
        return (name,)
    relation = entity.relations[name]
    rest = some_list_term if relation.link.to_many else some_term
    return (name, *draw(rest(relation.target(), steps - 1, subject)))


@st.composite
def some_list_term(draw: st.DrawFn, entity: Entity, steps: int, subject: "Subject | None") -> Path:
    """What leads to a value from the rows of a list."""
    filtered = (Filtered(draw(some_where(subject, entity, 1))),) if subject and draw(st.integers(0, 2)) == 0 else ()
    functions = {
        function.name: names
        for function in FUNCTIONS
        if (names := [name for name, (it, result) in applicable(entity, function).items() if _is_sorted(result)])
    }
    by = draw(st.sampled_from(["count", "first", *functions]))
    if by == "count":
        return (*filtered, by)
    if by == "first":
        directions = st.sampled_from([direction.name for direction in Direction])
        order = draw(st.lists(st.tuples(some_term(entity, steps, subject), directions), min_size=1, max_size=2))
        return (*filtered, First(tuple(order)), *draw(some_term(entity, steps, subject)))
    return (*filtered, by, draw(st.sampled_from(functions[by])))


def _is_sorted(type_: object) -> bool:
    found = TYPES.of(type_)
    return found is not None and found.is_ordered


def some_order(entity: Entity, subject: "Subject | None" = None) -> st.SearchStrategy[list[Term]]:
    """Terms of an order."""
    directions = st.sampled_from([direction.name for direction in Direction])
    return st.lists(st.tuples(some_term(entity, 2, subject), directions), max_size=3)


@st.composite
def some_group(draw: st.DrawFn, subject: Subject, entity: Entity) -> Group:
    """Columns to group by, and a condition on the groups."""
    columns = [name for name, attribute in entity.attributes.items() if attribute.is_column and is_ordered(attribute)]
    fields = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=2, unique=True))
    function = draw(st.sampled_from(FUNCTIONS[:3]))
    names = [name for name in applicable(entity, function) if subject.values(entity, entity.attributes[name])]
    having: dict[str, Any] = {}
    if draw(st.booleans()) and names:
        name = draw(st.sampled_from(names))
        _, result = applicable(entity, function)[name]
        operator = draw(st.sampled_from([one for one in COMPARED if one in operators(result)]))
        value = draw(st.sampled_from(subject.values(entity, entity.attributes[name])))
        having = {function.name: {name: {operator: value}}}
    return Group(tuple(fields), draw(st.integers(0, 2)), having)


@st.composite
def some_question(draw: st.DrawFn, subject: Subject, entity: Entity) -> Question:
    """A question about an entity."""
    has_columns = any(attribute.is_column for attribute in entity.attributes.values())
    return Question(
        entity.cls,
        draw(st.one_of(st.just(Where()), some_where(subject, entity))),
        tuple(draw(some_order(entity, subject))),
        draw(st.integers(1, 100)),
        draw(some_group(subject, entity)) if has_columns else None,
    )
