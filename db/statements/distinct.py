"""Of the rows of each parent that share values, the first one in an order.

A source enters twice, under names of its own; the source leaves with a condition that holds of the first rows alone, so
that its pages, its number of rows, its measures and its groups are those of the first rows. Nothing is executed here.
Why: docs/decisions/0053-pages-and-orders.md.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Mapper

from db.dialects import dialect_of, labelled, sorted_by
from db.relations import Predicate, Source, Term, bare, comparable, primary_key
from db.statements.conditions import conditions


def first_of_each(
    source: Source,
    again: Source,
    model: Mapper[Any],
    by: Sequence[str],
    terms: Sequence[Term],
    dialect: str,
    predicates: Sequence[Predicate] = (),
) -> Source:
    """The source without rows that have another one in front of them with the same values of the attributes `by`.

    `terms` are a total order of `again`; nulls are one value. Rows have a primary key.
    """
    known, key = dialect_of(dialect), primary_key(model)
    shared = [comparable(getattr(again.row, name)) for name in by]
    number = func.row_number().over(partition_by=[*again.key, *shared], order_by=sorted_by(terms))
    names = labelled([*again.key, *(getattr(bare(again.row), name) for name in key)])
    rows = select(*names, number.label("number")).select_from(again.from_clause).where(*conditions(again, predicates))
    if again.key:
        rows = rows.where(known.key_condition(again.key))
    numbered = rows.subquery("first_of_each")
    first = select(*(numbered.c[name.key] for name in names)).where(numbered.c.number == 1)
    found = [*source.key, *(getattr(bare(source.row), name) for name in key)]
    return source._replace(only=(found[0].in_(first) if len(found) == 1 else tuple_(*found).in_(first),))
