"""What a query means, reckoned in Python: slow, short, and without a database.

Entities, filters and orders with Python values enter; tests of one row and sorted rows leave. A row is any object with
the attributes of the model: `tests.entity.plain_rows` makes some. Every answer of a filter is true or false: a
comparison with null is false, and its opposite is true. Source of the semantics: docs/decisions/0006-filters.md.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any
from uuid import UUID

from graph.entity.column_comparisons import MEMBER, ColumnOperator, compared_relations
from graph.entity.ids import encode_id
from graph.entity.names import constant
from graph.entity.registry import Attribute, Entity, Relation

Row = Any
Test = Callable[[Row], bool]
Read = Callable[[Row], Any]


class Refused(Exception):
    """The filter asks nothing where that would widen the answer, or compares with null."""


def folded(text: str) -> str:
    """The text in lower case, letter by letter."""
    return "".join(letter.lower()[0] for letter in text)


def bare(text: str) -> str:
    """The text in lower case and without accents."""
    apart = unicodedata.normalize("NFD", text)
    return folded(unicodedata.normalize("NFC", "".join(it for it in apart if unicodedata.combining(it) != 230)))


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, asked: value == asked,
    "ne": lambda value, asked: value != asked,
    "in": lambda value, asked: value in asked,
    "notIn": lambda value, asked: value not in asked,
    "lt": lambda value, asked: value < asked,
    "lte": lambda value, asked: value <= asked,
    "gt": lambda value, asked: value > asked,
    "gte": lambda value, asked: value >= asked,
    "between": lambda value, asked: asked[0] <= value <= asked[1],
    "contains": lambda value, asked: asked in value,
    "startsWith": lambda value, asked: value.startswith(asked),
    "endsWith": lambda value, asked: value.endswith(asked),
    "eqIgnoreCase": lambda value, asked: folded(value) == folded(asked),
    "containsIgnoreCase": lambda value, asked: folded(asked) in folded(value),
    "startsWithIgnoreCase": lambda value, asked: folded(value).startswith(folded(asked)),
    "endsWithIgnoreCase": lambda value, asked: folded(value).endswith(folded(asked)),
    "eqIgnoreAccents": lambda value, asked: bare(value) == bare(asked),
    "containsIgnoreAccents": lambda value, asked: bare(asked) in bare(value),
    "startsWithIgnoreAccents": lambda value, asked: bare(value).startswith(bare(asked)),
    "matches": lambda value, asked: re.search(asked, value) is not None,
    "matchesIgnoreCase": lambda value, asked: re.search(folded(asked), folded(value)) is not None,
    "endsWithIgnoreAccents": lambda value, asked: bare(value).endswith(bare(asked)),
}

TRUE_OF_NULL = ("ne", "notIn")


def id_of(entity: Entity, row: Row) -> str:
    """The global id of a row."""
    return encode_id(entity, tuple(getattr(row, name) for name in entity.key))


def related(relation: Relation, row: Row) -> list[Row]:
    """The rows that a relation leads to, one or none for a to-one."""
    found = getattr(row, relation.name)
    if relation.link.to_many:
        return list(found)
    return [] if found is None else [found]


def compared(value: Any, operator: str, asked: Any) -> bool:
    """Whether a comparison holds."""
    if operator == "isNull":
        return (value is None) is asked
    return operator in TRUE_OF_NULL if value is None else COMPARISONS[operator](value, asked)


def comparisons(asked: Mapping[str, Any], read: Read) -> list[Test]:
    """The tests of one value."""
    if any(value is None or (isinstance(value, list) and None in value) for value in asked.values()):
        raise Refused
    return [lambda row, op=op, value=value: compared(read(row), op, value) for op, value in asked.items()]  # type: ignore[misc]  # defaults bind the loop's names


def meaning(entity: Entity, where: Mapping[str, Any]) -> Test | None:
    """What a filter on rows of an entity tests; None when it asks nothing. Raises `Refused`."""
    tests = [test for name, value in where.items() for test in member(entity, name, value)]
    return (lambda row: all(test(row) for test in tests)) if tests else None


def member(entity: Entity, name: str, asked: Any) -> list[Test]:
    if asked is None:
        raise Refused
    if name in ("and", "or", "not"):
        return boolean(entity, name, asked)
    if name == "id":
        return comparisons(asked, lambda row: id_of(entity, row))
    if name == MEMBER:
        return [column_test(entity, one) for one in asked]
    attribute = entity.attributes.get(name)
    if attribute is not None:
        return comparisons(asked, lambda row: getattr(row, attribute.name))
    relation = entity.relations[name]
    if not relation.link.to_many:
        inner = meaning(relation.target(), asked)
        return [lambda row: any(inner is None or inner(other) for other in related(relation, row))]
    return listed(relation, asked)


def column_test(entity: Entity, asked: Mapping[str, str]) -> Test:
    """The test of a column against another, whose null is met as any other value is."""
    (towards,) = asked.keys() - {"column", "is"}
    relation = compared_relations(entity).get(towards)
    target = entity if relation is None else relation.target()
    left, right = (
        next(it.name for it in of.attributes.values() if constant(it.graphql_name) == name)
        for of, name in ((entity, asked["column"]), (target, asked[towards]))
    )

    def test(row: Row) -> bool:
        (other,) = [row] if relation is None else related(relation, row) or [None]
        value, wanted = getattr(row, left), None if other is None else getattr(other, right)
        if value is None or wanted is None:
            return asked["is"] == "NE"
        return COMPARISONS[ColumnOperator[asked["is"]].value](value, wanted)

    return test


def boolean(entity: Entity, name: str, asked: Any) -> list[Test]:
    found = [meaning(entity, one) for one in (asked if isinstance(asked, list) else [asked])]
    tests = [test for test in found if test is not None]
    if name == "and":
        return tests
    if not tests or len(tests) < len(found):
        raise Refused
    if name == "not":
        return [lambda row: not tests[0](row)]
    return [lambda row: any(test(row) for test in tests)]


def listed(relation: Relation, asked: Mapping[str, Any]) -> list[Test]:
    """The tests of what is asked of the rows of a list that fit its `where`."""
    if asked.keys() == {"where"} or None in asked.values():
        raise Refused
    within = meaning(relation.target(), asked.get("where", {})) or (lambda _row: True)

    def looked_at(row: Row) -> list[Row]:
        return [other for other in related(relation, row) if within(other)]

    others = [(name, value) for name, value in asked.items() if name != "where"]
    return [test for name, value in others for test in quantified(relation.target(), name, value, looked_at)]


def quantified(entity: Entity, name: str, asked: Any, rows: Callable[[Row], list[Row]]) -> list[Test]:
    """The tests of what is asked of rows, by one quantifier or function."""
    if name == "count":
        return comparisons(asked, lambda row: len(rows(row)))
    if name in REDUCE and name != "every":  # of a list, `every` is the quantifier
        return [test for key, value in asked.items() for test in compared_results(entity, name, key, value, rows)]
    inner = meaning(entity, asked)
    if name == "every":
        return [] if inner is None else [lambda row: all(map(inner, rows(row)))]
    fits: Test = inner or (lambda _row: True)
    if name == "some":
        return [lambda row: any(map(fits, rows(row)))]
    return [lambda row: not any(map(fits, rows(row)))]


def compared_results(
    entity: Entity, function: str, name: str, asked: Any, rows: Callable[[Row], list[Row]]
) -> list[Test]:
    """The tests of what a function gives over an attribute of rows."""
    if asked is None:
        raise Refused
    return comparisons(asked, lambda row: reckoned(function, values_of(entity.attributes[name], rows(row))))


def values_of(attribute: Attribute, rows: Sequence[Row]) -> list[Any]:
    """The values that rows have of an attribute."""
    return [value for row in rows if (value := getattr(row, attribute.name)) is not None]


def reckoned(function: str, values: list[Any]) -> Any:
    """An aggregate over values; null over none."""
    return REDUCE[function](values) if values else None


def total(values: list[Any]) -> Any:
    """The sum, whatever the order of the values."""
    return float(sum(Decimal(repr(value)) for value in values)) if isinstance(values[0], float) else sum(values)


def variance(values: list[Any]) -> Fraction:
    """That of a sample, exactly."""
    exact = [Fraction(str(value) if isinstance(value, float) else value) for value in values]
    middle = sum(exact, Fraction()) / len(exact)
    return sum(((value - middle) ** 2 for value in exact), Fraction()) / (len(exact) - 1)


def _in_digits(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


REDUCE: Mapping[str, Callable[[list[Any]], Any]] = {
    "min": lambda values: min(values, key=sortable),
    "max": lambda values: max(values, key=sortable),
    "sum": total,
    "avg": lambda values: total(values) / len(values),
    "stddev": lambda values: None if len(values) < 2 else float(_in_digits(variance(values)).sqrt()),
    "variance": lambda values: None if len(values) < 2 else float(_in_digits(variance(values))),
    "any": any,
    "every": all,
}


@dataclass(frozen=True)
class First:
    """A step of a path: to the first row of a list under an order."""

    order: tuple["Term", ...]


@dataclass(frozen=True, eq=False)
class Filtered:
    """A step of a path: to those rows of a list that fit a filter."""

    where: Mapping[str, Any]


Path = tuple[str | First | Filtered, ...]
"""The names that lead to a value, and what is chosen on the way."""

Term = tuple[Path, str]
"""One term of an order: what leads to a value, and the direction."""


def sorted_by(entity: Entity, rows: Sequence[Row], order: Sequence[Term]) -> list[Row]:
    """Rows in an order, the primary key behind it in the direction of the last term."""
    last = order[-1][1] if order else "ASC"
    found = sorted(rows, key=lambda row: key_of(entity, row), reverse=last.startswith("DESC"))
    for path, direction in reversed(order):
        values = [(value_at(entity, row, path), row) for row in found]
        nulls = [row for value, row in values if value is None]
        rest = [(value, row) for value, row in values if value is not None]
        rest.sort(key=lambda pair: sortable(pair[0]), reverse=direction.startswith("DESC"))
        ordered = [row for _, row in rest]
        found = nulls + ordered if direction.endswith("NULLS_FIRST") else ordered + nulls
    return found


def value_at(entity: Entity, row: Row, path: Path) -> Any:
    """The value that a path leads to from a row; None where there is no row."""
    name, *rest = path
    assert isinstance(name, str)
    if name == "id":
        return getattr(row, entity.key[0])
    attribute = entity.attributes.get(name)
    if attribute is not None:
        return getattr(row, attribute.name)
    relation = entity.relations[name]
    others = related(relation, row)
    if relation.link.to_many:
        return value_of_list(relation.target(), others, tuple(rest))
    return value_at(relation.target(), others[0], tuple(rest)) if others else None


def value_of_list(entity: Entity, rows: Sequence[Row], path: Path) -> Any:
    """The value that a path leads to from the rows of a list."""
    step, *rest = path
    if isinstance(step, Filtered):
        fits = meaning(entity, step.where)
        return value_of_list(entity, [row for row in rows if fits is None or fits(row)], tuple(rest))
    if isinstance(step, First):
        return value_at(entity, sorted_by(entity, rows, step.order)[0], tuple(rest)) if rows else None
    if step == "count":
        return len(rows)
    (name,) = rest
    assert isinstance(name, str)
    return reckoned(step, values_of(entity.attributes[name], rows))


def filters_of(entity: Entity, path: Path) -> Iterator[tuple[Entity, Mapping[str, Any]]]:
    """The filters in a path, and the entities whose rows they choose."""
    for step in path:
        if isinstance(step, Filtered):
            yield entity, step.where
        elif isinstance(step, First):
            for inner, _ in step.order:
                yield from filters_of(entity, inner)
        elif step in entity.relations:
            entity = entity.relations[step].target()


def key_of(entity: Entity, row: Row) -> tuple[Any, ...]:
    """The primary key of a row, to be sorted by."""
    return tuple(sortable(getattr(row, name)) for name in entity.key)


def sortable(value: Any) -> Any:
    """A value as databases sort it: members of enumerations by what is stored, which is their name."""
    return value.name if isinstance(value, Enum) else value


def on_the_wire(asked: Any) -> Any:
    """A value, or a filter of values, as JSON."""
    if isinstance(asked, dict):
        return {name: on_the_wire(value) for name, value in asked.items()}
    if isinstance(asked, list):
        return [on_the_wire(value) for value in asked]
    if isinstance(asked, Enum):
        return asked.name
    if isinstance(asked, date | time):
        return asked.isoformat()
    return str(asked) if isinstance(asked, Decimal | UUID) else asked
