"""Tables from a plan, as the database has them: columns, keys, and the indexes by which rows are found.

A `MappingPlan` enters, `Table`s leave, by the names of the database. They say what statements want to know; no DDL is
ever made of them, and no database is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeAlias

from sqlalchemy import (
    ARRAY,
    Column,
    Enum,
    FetchedValue,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from db.reflection.catalog import FoundColumn, FoundForeignKey, FoundIndex, FoundTable, Generated, Kind, Name
from db.reflection.plan import EnumPlan, MappingPlan, enum_of
from db.relations import ColumnType, underlying
from db.views import VIEW

Enums: TypeAlias = Mapping[EnumPlan, type[StrEnum]]
Tables: TypeAlias = Mapping[Name, Table]


def tables_of(plan: MappingPlan, metadata: MetaData, enums: Enums) -> Tables:
    """The tables of models, and those between them. Foreign keys are added when all of them are there."""
    found = {table.name: table for table in (*(model.table for model in plan.models), *_between(plan))}
    annotations = {
        model.table.name: {it.column.name: it.annotation for it in model.attributes} for model in plan.models
    }
    tables = {name: _table(it, metadata, annotations.get(name, {}), enums) for name, it in found.items()}
    for name, table in tables.items():
        for key in found[name].foreign_keys:
            _refer(table, key, tables)
    return tables


def _between(plan: MappingPlan) -> Iterable[FoundTable]:
    relations = (relation for model in plan.models for relation in model.relations)
    return (relation.secondary for relation in relations if relation.secondary is not None)


def _table(found: FoundTable, metadata: MetaData, annotations: Mapping[str, object], enums: Enums) -> Table:
    key = () if found.key is None else found.key.columns
    columns = (_column(it, annotations.get(it.name), enums, in_key=it.name in key) for it in found.columns)
    info = {} if found.kind is Kind.TABLE else VIEW
    table = Table(found.name.name, metadata, *columns, schema=found.name.schema, info=dict(info))
    if key:
        table.append_constraint(PrimaryKeyConstraint(*key))  # in the order of the key, which its index serves
    for unique in (*found.unique, *found.nullable_unique):
        table.append_constraint(UniqueConstraint(*(table.c[name] for name in unique.columns), name=unique.name))
    for index in filter(_finds_rows, found.indexes):
        whole = None not in index.columns
        Index(index.name, *(table.c[name] for name in _leading(index)), unique=index.unique and whole)
    return table


def _column(found: FoundColumn, annotation: object, enums: Enums, *, in_key: bool) -> Column[Any]:
    """A column. That the database gives it a value where nobody else does is all that is known of its default."""
    given = found.default is not None or found.generated is not None
    return Column(
        found.name,
        with_enums(found.type, annotation, enums),
        primary_key=in_key,
        nullable=found.nullable and not in_key,
        autoincrement=False,
        server_default=FetchedValue() if given else None,
        server_onupdate=FetchedValue() if found.generated is Generated.COMPUTED else None,
        doc=found.comment,
    )


def with_enums(type_: ColumnType, annotation: object, enums: Enums) -> ColumnType:
    """The type of a column, with enumerations of Python in the place of their words."""
    planned = enum_of(annotation)
    if planned is None:
        return type_
    made = Enum(
        enums[planned],
        name=planned.type_name,
        schema=planned.schema,
        native_enum=planned.type_name is not None,
        values_callable=lambda members: [member.value for member in members],
    )
    array = underlying(type_)
    return type(array)(made, dimensions=array.dimensions) if isinstance(array, ARRAY) else made


def _finds_rows(index: FoundIndex) -> bool:
    """Whether an index finds any row by equality and has rows in order, as statements expect of one."""
    return index.where is None and index.method is None and bool(_leading(index))


def _leading(index: FoundIndex) -> Sequence[str]:
    """The columns in front of the first expression."""
    names: list[str] = []
    for name in index.columns:
        if name is None:
            break
        names.append(name)
    return names


def _refer(table: Table, key: FoundForeignKey, tables: Tables) -> None:
    """Add a foreign key, if what it leads to is served."""
    target = tables.get(key.target)
    if target is not None:
        columns = [target.c[name] for name in key.target_columns]
        table.append_constraint(ForeignKeyConstraint(key.columns, columns, name=key.name))
