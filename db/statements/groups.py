"""Groups: the rows of each parent that are alike, with measures, the largest groups first.

A source and the columns to group by enter, a statement leaves. Nothing is executed here.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select

from db.dialects import dialect_of, labelled, limit
from db.relations import Expression, Predicate, Source, comparable
from db.statements.conditions import conditions
from db.statements.statement import Statement


def groups(
    source: Source,
    by: Sequence[Expression],
    measures: Sequence[Expression],
    dialect: str,
    predicates: Sequence[Predicate] = (),
    having: ColumnElement[bool] | None = None,
) -> Statement:
    """At most `limit` groups for each parent, the largest first. Columns: `by`, the measures, then the key."""
    known, by = dialect_of(dialect), [comparable(expression) for expression in by]
    chosen = [
        *(expression.label(f"by_{index}") for index, expression in enumerate(by)),
        *(measure.label(f"measure_{index}") for index, measure in enumerate(measures)),
    ]
    found = known.found_by(source.key)
    key = labelled(found.key)
    number = func.row_number().over(
        partition_by=found.key or None,
        order_by=[func.count().desc(), *(expression.asc().nulls_last() for expression in by)],
    )
    grouped = (
        select(*chosen, number.label("number"), *key)
        .select_from(source.from_clause)
        .where(*conditions(source, predicates), *found.conditions)
        .group_by(*found.key, *by)
    )
    if having is not None:
        grouped = grouped.having(having)
    numbered = grouped.subquery("numbered")
    statement = (
        select(*(column for column in numbered.c if column.key != "number"))
        .where(numbered.c.number <= limit())
        .order_by(*(numbered.c[column.key] for column in key), numbered.c.number)
    )
    return Statement(statement, known, len(chosen), len(source.key))
