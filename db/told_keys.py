"""Keys that people have told and no database holds: whether the rows keep them.

Mappers enter, a sentence leaves for each key that is null somewhere or that several rows share. A view has no key but
what its model says; so has a table whose mapper names other columns than the table's primary key. Rows are read, all of
those tables: this is for checks, not for requests. Why: docs/decisions/0042-rows-without-a-key.md.
"""

from collections.abc import Iterable, Sequence

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


def _broken(connection: Connection, mapper: Mapper[object]) -> list[str]:
    told, table, key = is_told(mapper), mapper.local_table, mapper.primary_key
    found: list[str] = []
    if told or dialect_of(connection.dialect.name).keys_may_be_null:
        found += _nulls(connection, mapper, table, key)
    if told:
        found += _repeated(connection, mapper, table, key)
    return found


def _nulls(connection: Connection, mapper: Mapper[object], table: FromClause, key: Sequence[Expression]) -> list[str]:
    without = select(func.count()).select_from(table).where(or_(*(column.is_(None) for column in key)))
    number = connection.execute(without).scalar_one()
    rows = "a row has" if number == 1 else f"{number} rows have"
    return [_sentence(mapper, key, f"{rows} null there")] if number else []


def _repeated(
    connection: Connection, mapper: Mapper[object], table: FromClause, key: Sequence[Expression]
) -> list[str]:
    times = func.count().label("times")
    shared = select(*key, times).select_from(table).where(*(column.is_not(None) for column in key)).group_by(*key)
    first = connection.execute(shared.having(times > 1).order_by(times.desc(), *key).limit(1)).first()
    if first is None:
        return []
    values = ", ".join(map(repr, first[:-1]))
    return [_sentence(mapper, key, f"{first[-1]} rows have {values} there")]


def _sentence(mapper: Mapper[object], key: Sequence[Expression], what: str) -> str:
    columns = ", ".join(column.name for column in key)
    name = mapper.class_.__name__
    return (
        f"{name}: {columns} is the key of {mapper.local_table} by the model, and {what}. Name other columns, or make"
        " the model Keyless and its type a Row."
    )
