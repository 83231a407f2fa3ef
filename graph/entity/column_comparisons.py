"""Columns compared with columns: of one row, or of the one row that a relation leads to.

What a client asks enters as graphql-core coerced it; the two attributes and the test between them leave. A comparison
is never true of null, and `NE` is true wherever `EQ` is not: docs/decisions/0054-values-of-filters.md. The rows that
relations lead to, and who sees them, are the business of `graph.entity.filters`.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from db.relations import Row
from graph.entity.comparisons import Condition, InputField, input_type
from graph.entity.fields import described_enum
from graph.entity.group_values import group_enum
from graph.entity.names import constant, made_name
from graph.entity.registry import Attribute, Deferred, Entity, Relation, list_of, optional
from graph.entity.scalars import BigInt
from graph.entity.types import TYPES
from graph.errors import InvalidFilter
from graph.prepare.work import COMPARISON, Weight

MEMBER = "compareColumns"
"""What a filter calls the list of such comparisons."""
MAX_COMPARISONS = 20

TO_ONE = Weight(10)
"""To look at the one row that a relation leads to."""

WHOLE_NUMBERS = (int, BigInt)
"""Two names for one kind of values."""


class ColumnOperator(Enum):
    """How one column is compared with another, by the operator of values that means the same."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"


described_enum(
    ColumnOperator,
    "How one column is compared with another. But for NE, no comparison holds where one of the two is null.",
    {
        "EQ": "Equal to the other.",
        "NE": "Not equal to the other; nulls are not equal to anything.",
        "LT": "Less than the other.",
        "LTE": "Less than the other, or equal.",
        "GT": "Greater than the other.",
        "GTE": "Greater than the other, or equal.",
    },
)


class ColumnComparison(NamedTuple):
    """One comparison: `left` is an attribute of the row, `right` one of the same row or of the relation's."""

    left: Attribute
    operator: ColumnOperator
    relation: Relation | None
    right: Attribute

    @property
    def is_denied(self) -> bool:
        """Whether the opposite of `condition` is asked for."""
        return self.operator is ColumnOperator.NE

    def condition(self, row: Row, other: Row) -> Condition:
        """Whether the comparison holds, as SQL; of NE whether EQ does."""
        name = "eq" if self.is_denied else self.operator.value
        one, another = TYPES.known(self.left.type).filter, TYPES.known(self.right.type).filter
        left = one.compared(self.left.expression(row), name)
        return one.operators[name].sql(left, another.compared(self.right.expression(other), name))


def comparison_field(entity: Entity) -> dict[str, InputField]:
    """The member of an entity's filter; nothing where no two columns can be compared."""
    if not _pairs(entity):
        return {}
    made = Deferred(f"column comparison of {entity.name}", lambda: comparison_type(entity))
    described = "Columns, compared with columns; all of it must hold."
    return {f"{MEMBER}_": (optional(list_of(made)), MEMBER, described)}


def _pairs(entity: Entity) -> bool:
    own = compared_columns(entity)
    inside = any(fits(one, other) for one in own for other in own if one is not other)
    return inside or bool(compared_relations(entity))


def compared_columns(entity: Entity) -> list[Attribute]:
    """The columns of an entity that can be compared with others."""
    return [it for it in entity.attributes.values() if it.is_column and _is_compared(it)]


def _is_compared(attribute: Attribute) -> bool:
    type_ = TYPES.of(attribute.type)
    return type_ is not None and type_.is_ordered and "eq" in type_.filter.operators


@cache
def compared_relations(entity: Entity) -> Mapping[str, Relation]:
    """The to-one relations that lead to a column which fits one of the entity's, by the names of their fields."""
    own = compared_columns(entity)
    return {
        f"to{name[0].upper()}{name[1:]}": relation
        for name, relation in entity.relations.items()
        if not relation.link.to_many and any(fits(one, it) for one in own for it in compared_columns(relation.target()))
    }


def fits(one: Attribute, other: Attribute) -> bool:
    """Whether two attributes hold values of one type."""
    return one.type == other.type or (one.type in WHOLE_NUMBERS and other.type in WHOLE_NUMBERS)


@cache
def comparison_type(entity: Entity) -> type[Any]:
    """The input type of one comparison."""
    columns = _enumeration(entity)
    fields: dict[str, InputField] = {"to_": (optional(columns), "to", "The column that it is compared with.")}
    weights = {"column": Weight(COMPARISON)}
    for name, relation in compared_relations(entity).items():
        described = f"A column of another row instead. {relation.description}"
        fields[f"{name}_"] = (optional(_enumeration(relation.target())), name, described)
        weights[name] = TO_ONE
    return input_type(
        made_name(entity, "ColumnComparison"),
        f"A column of {entity.many}, compared with another column.",
        fields,
        required={
            "column": (columns, "column", "The column that is compared."),
            "is": (ColumnOperator.__strawberry_definition__, "is", "How the two are compared."),  # type: ignore[attr-defined]  # Strawberry sets it
        },
        weights=weights,
    )


def _enumeration(entity: Entity) -> Deferred:
    return Deferred(f"columns of {entity.name}", lambda: group_enum(entity).__strawberry_definition__)


def column_comparisons(entity: Entity, asked: Sequence[Mapping[str, Any]], where: str) -> list[ColumnComparison]:
    """What is asked of an entity's columns. Raises `InvalidFilter` for columns that do not fit one another."""
    if len(asked) > MAX_COMPARISONS:
        raise InvalidFilter(where, f"{len(asked)} comparisons are too many; send at most {MAX_COMPARISONS}.")
    return [_comparison(entity, each, f"{where}[{index}]") for index, each in enumerate(asked)]


def _comparison(entity: Entity, asked: Mapping[str, Any], where: str) -> ColumnComparison:
    others = {name: value for name, value in asked.items() if name not in ("column", "is") and value is not None}
    if len(others) != 1:
        names = " or ".join(f"`{name}`" for name in ("to", *compared_relations(entity)))
        raise InvalidFilter(where, f"a column is compared with one other, not with {len(others)}; send {names}.")
    ((name, chosen),) = others.items()
    relation = compared_relations(entity).get(name)
    left = _named(entity, asked["column"].name, where)
    right = _named(entity if relation is None else relation.target(), chosen.name, where)
    return _checked(ColumnComparison(left, asked["is"], relation, right), where)


def _checked(found: ColumnComparison, where: str) -> ColumnComparison:
    one, another = TYPES.known(found.left.type), TYPES.known(found.right.type)
    if not fits(found.left, found.right):
        raise InvalidFilter(
            where,
            f"{found.left.graphql_name} holds {one.name} and {found.right.graphql_name} {another.name};"
            " compare columns of one type.",
        )
    if found.operator.value not in one.filter.operators:
        raise InvalidFilter(where, f"values of type {one.name} have no order; ask for EQ or NE.")
    return found


def _named(entity: Entity, name: str, where: str) -> Attribute:
    columns = {constant(attribute.graphql_name): attribute for attribute in compared_columns(entity)}
    if name not in columns:
        raise InvalidFilter(where, f"{name} is no column whose values are compared; name one of {', '.join(columns)}.")
    return columns[name]


def spelled(asked: Sequence[Mapping[str, Any]]) -> tuple[tuple[tuple[str, str], ...], ...]:
    """All that the SQL of these comparisons hangs on."""
    return tuple(tuple((name, value.name) for name, value in each.items() if value is not None) for each in asked)
