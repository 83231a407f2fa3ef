"""Rows by key: the rows of all parents, in one statement.

A source enters, a statement leaves. Nothing is executed here.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Integer, and_, case, literal_column, select

from db.dialects import dialect_of, sorted_by
from db.relations import Predicate, Source
from db.statements.conditions import conditions
from db.statements.statement import Statement


def rows_by_key(
    source: Source, columns: Iterable[str], dialect: str, predicates: Sequence[Predicate] = ()
) -> Statement:
    """The rows of all keys. Columns: the asked-for ones, then the key."""
    known = dialect_of(dialect)
    chosen = [getattr(source.row, name) for name in columns]
    found = known.found_by(source.key)
    statement = (
        select(*chosen, *found.key)
        .select_from(source.from_clause)
        .where(*found.conditions, *conditions(source, predicates))
        .order_by(*sorted_by(source.order))
    )
    return Statement(statement, known, len(chosen), len(source.key))


def rows_judged(source: Source, dialect: str, predicates: Sequence[Predicate] = ()) -> Statement:
    """Of the rows of all keys that are there, whether the predicates hold: 1 or 0, then the key."""
    known = dialect_of(dialect)
    found = known.found_by(source.key)
    yes, no = literal_column("1", Integer), literal_column("0", Integer)
    asked = conditions(source, predicates)
    holds = case((and_(*asked), yes), else_=no) if asked else yes
    statement = select(holds, *found.key).select_from(source.from_clause).where(*found.conditions)
    return Statement(statement, known, 1, len(source.key))
