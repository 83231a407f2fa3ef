"""Keys that people have told and no database holds: whether the rows keep them.

Mappers enter, a sentence leaves for each key that is null somewhere or that several rows share; or a table and columns,
of which no mapper knows yet. A view has no key but what its model says; so has a table whose mapper names other columns
than the table's primary key. Rows are read, all of those tables: this is for checks, not for requests.
Why: docs/decisions/0042-rows-without-a-key.md.
"""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, FromClause, Table, func, or_, select
from sqlalchemy.orm import Mapper

from db.dialects import dialect_of
from db.relations import Expression
from db.views import has_key, is_view


def broken_keys(connection: Connection, mappers: Iterable[Mapper[object]]) -> list[str]:
    """A sentence for each key among these mappers that is no key."""
    found: list[str] = []
    for mapper in sorted(mappers, key=lambda mapper: mapper.class_.__name__):
        if has_key(mapper):
            found += _broken(connection, mapper)
    return found


def is_told(mapper: Mapper[object]) -> bool:
    """Whether a model's key is not one that the database holds."""
    table = mapper.local_table
    return is_view(table) or not isinstance(table, Table) or set(mapper.primary_key) != set(table.primary_key.columns)


def faults_of(
    connection: Connection,
    table: FromClause,
    key: Sequence[Expression],
    *,
    may_be_null: bool = True,
    may_repeat: bool = True,
) -> Iterator[str]:
    """Why columns of a table are no key: `2 rows have null there`, `3 rows have 1, 'a' there`; nothing for a key.

    A statement for each of the two that may be.
    """
    if may_be_null:
        without = select(func.count()).select_from(table).where(or_(*(column.is_(None) for column in key)))
        number = connection.execute(without).scalar_one()
        if number:
            yield "a row has null there" if number == 1 else f"{number} rows have null there"
    if may_repeat:
        times = func.count().label("times")
        shared = select(*key, times).select_from(table).where(*(column.is_not(None) for column in key)).group_by(*key)
        first = connection.execute(shared.having(times > 1).order_by(times.desc(), *key).limit(1)).first()
        if first is not None:
            yield f"{first[-1]} rows have {', '.join(map(repr, first[:-1]))} there"


def _broken(connection: Connection, mapper: Mapper[object]) -> Iterator[str]:
    told = is_told(mapper)
    may_be_null = told or dialect_of(connection.dialect.name).keys_may_be_null
    columns, name = ", ".join(column.name for column in mapper.primary_key), mapper.class_.__name__
    for fault in faults_of(
        connection, mapper.local_table, mapper.primary_key, may_be_null=may_be_null, may_repeat=told
    ):
        yield (
            f"{name}: {columns} is the key of {mapper.local_table} by the model, and {fault}. Name other columns, or"
            " make the model Keyless and its type a Row."
        )
