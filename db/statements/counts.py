"""Counts and other measures: one row for each parent that has any.

A source enters, a statement leaves. Nothing is executed here.
"""

from collections.abc import Sequence

from sqlalchemy import func, select

from db.dialects import dialect_of
from db.relations import Expression, Predicate, Source
from db.statements.conditions import conditions
from db.statements.statement import Statement


def count(source: Source, dialect: str, predicates: Sequence[Predicate] = ()) -> Statement:
    """How many rows each parent has; parents without any are left out. Columns: the count, then the key."""
    return aggregate(source, [func.count()], dialect, predicates)


def aggregate(
    source: Source, measures: Sequence[Expression], dialect: str, predicates: Sequence[Predicate] = ()
) -> Statement:
    """One row of measures for each parent; parents without rows are left out. Columns: the measures, then the key."""
    known = dialect_of(dialect)
    statement = select(*measures).select_from(source.from_clause).where(*conditions(source, predicates))
    if source.key:
        found = known.found_by(source.key)
        statement = statement.add_columns(*found.key).where(*found.conditions).group_by(*found.key)
    return Statement(statement, known, len(measures), len(source.key))
