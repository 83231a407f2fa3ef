"""New rows, one at a time, by statements that are kept.

A model and values by attribute enter, the key of the row leaves. What the model would make up (a moment, a status, the
first version) is made up here, so that on PostgreSQL the statement goes past SQLAlchemy. Models that spread over
several tables, or whose inserts somebody listens to, go through the session.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple

from sqlalchemy import Column, Table, bindparam, insert
from sqlalchemy.orm import Mapper

from db.fast import CompiledStatement
from graph.entity.registry import Entity
from graph.writing.change import Change
from graph.writing.written import Written

PREFIX = "new_"
"""Before the names of values: those of columns alone are SQLAlchemy's own."""


class _Made(NamedTuple):
    """A statement and how its values are called."""

    statement: CompiledStatement
    names: Mapping[str, str]
    """The parameter of each attribute."""


class Inserted(NamedTuple):
    """A row that was inserted."""

    row: Any
    """Its values and its key, as attributes."""
    shown: Any
    """What stands for it in a payload and in the record."""


async def insert_row(change: Change, entity: Entity, values: Mapping[str, Any]) -> Inserted:
    """Insert one row. Raises `IntegrityError` as the session does."""
    mapper = entity.mapper
    if _goes_through_the_session(mapper):
        row = entity.model(**values)
        change.orm.add(row)
        await change.orm.flush()
        return Inserted(row, row)
    whole = {**_made_up(mapper, values), **values}
    key = await _insert(change, mapper, whole)
    return Inserted(SimpleNamespace(**whole | dict(zip(entity.key, key, strict=True))), Written(entity.cls, *key))


async def insert_into(change: Change, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows into a table that has no model: one past SQLAlchemy, several in one statement of its own."""
    if len(rows) == 1:
        (row,) = rows
        values = {f"{PREFIX}{name}": value for name, value in row.items()}
        await change.transaction.rows(_into(table, tuple(row)), values)
    elif rows:
        await change.orm.execute(insert(table), [dict(row) for row in rows])


async def _insert(change: Change, mapper: Mapper[Any], values: Mapping[str, Any]) -> Sequence[Any]:
    made = _statement(mapper, frozenset(values))
    (key,) = await change.transaction.rows(made.statement, {made.names[name]: value for name, value in values.items()})
    return key


@lru_cache(256)
def _into(table: Table, names: tuple[str, ...]) -> CompiledStatement:
    columns = [table.columns[name] for name in names]
    return CompiledStatement(
        insert(table).values({column: bindparam(f"{PREFIX}{column.name}", type_=column.type) for column in columns})
    )


def _goes_through_the_session(mapper: Mapper[Any]) -> bool:
    listened = bool(mapper.dispatch.before_insert or mapper.dispatch.after_insert)
    return listened or mapper.polymorphic_on is not None or not isinstance(mapper.local_table, Table)


def _made_up(mapper: Mapper[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of the columns that are not given, by attribute."""
    return {name: value_of(default) for name, default in _defaults(mapper).items() if name not in values}


def value_of(default: Any) -> Any:
    """What a column's default, or its `onupdate`, is now; None without one."""
    if default is None:
        return None
    return default.arg(None) if default.is_callable else default.arg


@lru_cache(256)
def _defaults(mapper: Mapper[Any]) -> dict[str, Any]:
    """What the model makes up, by attribute."""
    columns = [column for column in mapper.local_table.columns if isinstance(column, Column)]
    defaults: dict[str, Any] = {mapper.get_property_by_column(column).key: column.default for column in columns}
    return {name: it for name, it in defaults.items() if it is not None and (it.is_callable or it.is_scalar)}


@lru_cache(256)
def _statement(mapper: Mapper[Any], names: frozenset[str]) -> _Made:
    parameters = {name: f"{PREFIX}{name}" for name in sorted(names)}
    columns = {name: mapper.columns[name] for name in parameters}
    bound = {columns[name]: bindparam(parameter, type_=columns[name].type) for name, parameter in parameters.items()}
    return _Made(CompiledStatement(insert(mapper.local_table).values(bound).returning(*mapper.primary_key)), parameters)  # type: ignore[arg-type]  # a table: see above
