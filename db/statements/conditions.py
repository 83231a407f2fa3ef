"""Conditions on rows, many of them or none.

Predicates enter, SQL leaves.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Boolean, ColumnElement, type_coerce
from sqlalchemy.sql import operators

from db.relations import Predicate, Source

MAX_CHAIN = 50
"""How many conditions stand in one row, none of them deeper than the others."""


def conditions(source: Source, predicates: Sequence[Predicate]) -> list[ColumnElement[bool]]:
    """The conditions of the predicates on the rows of a source, and its own."""
    found = [condition for predicate in predicates if (condition := predicate(source.row)) is not None]
    return [*found, *source.only] if source.only else found


def joined(
    operator: Callable[..., ColumnElement[bool]], conditions: Sequence[ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Many conditions under `and_` or `or_`, in groups, because SQLite's expressions end at a depth of 1,000."""
    while len(conditions) > MAX_CHAIN:
        chains = (conditions[start : start + MAX_CHAIN] for start in range(0, len(conditions), MAX_CHAIN))
        # Bare parentheses would be taken away again; a type that is given to them keeps them, and adds no SQL.
        conditions = [type_coerce(operator(*chain).self_group(against=operators.inv), Boolean()) for chain in chains]
    return operator(*conditions)
