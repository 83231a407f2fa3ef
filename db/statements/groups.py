"""Groups: the rows of each parent that are alike, with measures, in order, and how many groups there are.

A source and the values to group by enter, a statement leaves. Limits and cursors are bound when it runs. Nothing is
executed here.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Label, Subquery, func, literal_column, select

from db.dialects import DatabaseDialect, dialect_of, labelled, limit, sorted_by
from db.relations import Expression, Predicate, Source, Term, comparable
from db.statements.conditions import conditions
from db.statements.pages import Side
from db.statements.statement import Statement


class GroupShape(NamedTuple):
    """Groups without their numbers: what rows share, what is computed, in which order, between which cursors."""

    by: Sequence[Expression]
    measures: Sequence[Expression]
    having: ColumnElement[bool] | None
    terms: Sequence[Term]
    """A total order, as all of `by` is in it. A term of what is grouped by has that very expression."""
    backward: bool = False
    sides: Sequence[Side] = ()
    cursors: bool = False
    """Whether the values of the terms are wanted, behind the measures."""


def groups(source: Source, shape: GroupShape, dialect: str, predicates: Sequence[Predicate] = ()) -> Statement:
    """At most `limit` groups of each parent, in order. Columns: `by`, the measures, the terms if wanted, then the key.

    A backward page comes in reverse.
    """
    known = dialect_of(dialect)
    found, terms = _in_order(source, shape, known, predicates)
    order = [term.reversed() for term in terms] if shape.backward else terms
    shown = [found.c[f"by_{number}"] for number in range(len(shape.by))]
    shown += [found.c[f"measure_{number}"] for number in range(len(shape.measures))]
    if shape.cursors:
        shown += [term.expression.label(f"term_{number}") for number, term in enumerate(terms)]
    rows = select(*shown).where(*(side.condition(terms) for side in shape.sides))
    if not source.key:
        return Statement(rows.order_by(*sorted_by(order)).limit(limit()), known, len(shown))
    keys = [found.c[f"key_{number}"] for number in range(len(source.key))]
    number = func.row_number().over(partition_by=keys, order_by=sorted_by(order)).label("number")
    numbered = rows.add_columns(*keys, number).subquery("numbered")
    *columns, place = numbered.c
    own = columns[len(shown) :]
    return Statement(select(*columns).where(place <= limit()).order_by(*own, place), known, len(shown), len(own))


def count_groups(source: Source, shape: GroupShape, dialect: str, predicates: Sequence[Predicate] = ()) -> Statement:
    """How many groups each parent has on those sides, of parents that have any. Columns: the count, then the key."""
    known, shape = dialect_of(dialect), shape._replace(measures=(), terms=shape.terms if shape.sides else ())
    found, terms = _in_order(source, shape, known, predicates)
    keys = [found.c[f"key_{number}"] for number in range(len(source.key))]
    counted = select(func.count(), *keys).select_from(found).where(*(side.condition(terms) for side in shape.sides))
    return Statement(counted.group_by(*keys), known, 1, len(keys))


def _in_order(
    source: Source, shape: GroupShape, dialect: DatabaseDialect, predicates: Sequence[Predicate]
) -> tuple[Subquery, list[Term]]:
    """All groups, and the terms of their order as columns of theirs."""
    places = [_place(shape.by, term, number) for number, term in enumerate(shape.terms)]
    sorts = [
        term.expression.label(place)
        for term, place in zip(shape.terms, places, strict=True)
        if place.startswith("sort")
    ]
    found = _grouped(source, shape, dialect, predicates, sorts)
    return found, [term._replace(expression=found.c[place]) for term, place in zip(shape.terms, places, strict=True)]


def _grouped(
    source: Source,
    shape: GroupShape,
    dialect: DatabaseDialect,
    predicates: Sequence[Predicate],
    sorts: Sequence[Label[object]] = (),
) -> Subquery:
    """All groups in no order: `by_0`, `measure_0`, what they are sorted by, `key_0`.

    They are grouped by the places of their columns: PostgreSQL takes an expression that is written again, with a value
    that is bound again, for another one.
    """
    found = dialect.found_by(source.key)
    statement = (
        select(
            *(comparable(expression).label(f"by_{number}") for number, expression in enumerate(shape.by)),
            *(measure.label(f"measure_{number}") for number, measure in enumerate(shape.measures)),
            *sorts,
            *labelled(found.key),
        )
        .select_from(source.from_clause)
        .where(*conditions(source, predicates), *found.conditions)
        .group_by(*(literal_column(str(number + 1)) for number in range(len(shape.by))), *found.key)
    )
    return (statement if shape.having is None else statement.having(shape.having)).subquery("grouped")


def _place(by: Sequence[Expression], term: Term, number: int) -> str:
    """The column of the groups that a term orders by."""
    return next((f"by_{at}" for at, expression in enumerate(by) if expression is term.expression), f"sort_{number}")
