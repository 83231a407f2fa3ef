"""Models from a plan: a declarative base of their own, classes over tables, relationships to read by.

A `MappingPlan` enters, mapped classes leave, by their names. What the plan calls something, the class calls it. Two
plans in one process share nothing. No database is asked.
Source: https://docs.sqlalchemy.org/en/21/orm/declarative_tables.html#declarative-with-imperative-table-hybrid-declarative
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import GenericAlias
from typing import Any, TypeAlias, Union, get_args, get_origin

from sqlalchemy import Column, ColumnElement, MetaData, Table, and_
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, RelationshipProperty, foreign, relationship, remote
from strawberry.scalars import JSON

from db.reflection.catalog import FoundForeignKey
from db.reflection.plan import (
    EnumPlan,
    MappingPlan,
    PlannedAttribute,
    PlannedCall,
    PlannedFunction,
    PlannedModel,
    PlannedRelation,
)
from db.relations import ColumnType
from db.row_functions import Called, row_function
from db.views import Keyless
from graph.reflected.tables import Enums, tables_of, with_enums

Pairs: TypeAlias = Iterable[tuple[Column[Any], Column[Any]]]
"""Columns that refer to a row, each with the column that it names."""

Joins: TypeAlias = Mapping[str, Any]
"""What a relationship joins, by the names of SQLAlchemy's arguments."""


class Models:
    """The models of a plan."""

    def __init__(self, plan: MappingPlan) -> None:
        self.plan = plan
        self._enums: Enums = {planned: _enum(planned) for planned in plan.enums}
        self._planned = {model.class_name: model for model in plan.models}
        metadata = MetaData()
        self._tables = tables_of(plan, metadata, self._enums)
        self._base: type[Any] = type("Base", (DeclarativeBase,), {"metadata": metadata, "__module__": __name__})
        self._made = {model.class_name: self._model(model) for model in plan.models}

    def __getitem__(self, name: str) -> type[Any]:
        """The class of this name."""
        return self._made[name]

    def annotation(self, planned: PlannedAttribute | PlannedFunction) -> Any:
        """The Python type of the values of an attribute or a function, without None."""
        return self._annotation(planned.annotation)

    def form(self, annotation: object) -> Any:
        """The Python type of what a function takes or gives."""
        return JSON if annotation is dict else self._annotation(annotation)

    def stored(self, type_: ColumnType, annotation: object) -> ColumnType:
        """The type of what a function takes or gives, with enumerations of Python."""
        return with_enums(type_, annotation, self._enums)

    def called(self, planned: PlannedCall) -> Called:
        """A function, as it is called by a field of the root."""
        found, by_place = planned.function, planned.by_place
        arguments = {
            (taken.name if by_place else str(argument.name)): self.stored(argument.type, taken.annotation)
            for argument, taken in zip(found.arguments, planned.arguments, strict=True)
            if argument.type is not None
        }
        required = sum(not it.has_default for it in found.arguments)
        return Called(found.name.name, arguments, schema=found.name.schema, required=required, by_place=by_place)

    def _annotation(self, annotation: object) -> Any:
        if isinstance(annotation, EnumPlan):
            return self._enums[annotation]
        if get_origin(annotation) is list:
            return GenericAlias(list, tuple(map(self._annotation, get_args(annotation))))
        if get_origin(annotation) is Union:
            return Union[tuple(map(self._annotation, get_args(annotation)))]  # noqa: UP007 - made of what is there
        return annotation

    def _model(self, planned: PlannedModel) -> type[Any]:
        table = self._tables[planned.table.name]
        columns = {attribute.name: table.c[attribute.column.name] for attribute in planned.attributes}
        members = {
            "__table__": table,
            "__doc__": planned.description,
            "__module__": __name__,
            **columns,
            **{relation.name: self._relationship(planned, relation) for relation in planned.relations},
            **{function.name: self._computed(function) for function in planned.functions},
        }
        bases = (self._base,) if planned.table.key is not None else (Keyless, self._base)
        return type(planned.class_name, bases, members)

    def _computed(self, planned: PlannedFunction) -> hybrid_property[Any]:
        """A value that the database computes of the row; arguments behind the row have their defaults."""
        function, type_ = planned.function, planned.function.type
        assert type_ is not None  # only functions that give a value are planned
        shown = with_enums(type_, planned.annotation, self._enums)
        doc = function.comment or _words(planned.name)
        return row_function(function.name.name, shown, schema=function.name.schema, doc=doc)

    def _relationship(self, planned: PlannedModel, relation: PlannedRelation) -> RelationshipProperty[Any]:
        """A relationship to read by. Changes write the columns of foreign keys, and no relationship."""
        table, target = (self._tables[it.table.name] for it in (planned, self._planned[relation.target]))
        if relation.secondary is not None and relation.far_key is not None:
            between = self._tables[relation.secondary.name]
            joins = _joins_through(relation.foreign_key, relation.far_key, table, between, target)
        elif is_forward(planned, relation, self._planned[relation.target]):
            joins = {"primaryjoin": _join(_pairs(relation.foreign_key, table, target), to_referring=False)}
        else:
            joins = {"primaryjoin": _join(_pairs(relation.foreign_key, target, table), to_referring=True)}
        return relationship(
            lambda: self._made[relation.target],
            uselist=relation.many,
            viewonly=True,
            lazy="raise",
            doc=_words(relation.name),
            **joins,
        )


def is_forward(model: PlannedModel, relation: PlannedRelation, target: PlannedModel) -> bool:
    """Whether a relation goes along a foreign key of its own table, to the row that the key names.

    A key to the same table leads both ways; the way along the key stands first.
    """
    if relation.many or relation.foreign_key.target != target.table.name:
        return False
    same = [it for it in model.relations if it.foreign_key == relation.foreign_key and not it.many]
    return target is not model or same[0] is relation


def _enum(planned: EnumPlan) -> type[StrEnum]:
    make: Any = StrEnum  # called with words it makes a class, which has no type
    made: type[StrEnum] = make(planned.class_name, list(planned.members), module=__name__)
    return made


def _words(name: str) -> str:
    return f"{name.replace('_', ' ').strip().capitalize()}."


def _join(pairs: Pairs, *, to_referring: bool) -> ColumnElement[bool]:
    """The join to the row that columns name, or to the rows whose columns name this one.

    Which side is which is marked, for nothing else tells where a table refers to itself.
    """
    if to_referring:
        return and_(*(remote(foreign(here)) == there for here, there in pairs))
    return and_(*(foreign(here) == remote(there) for here, there in pairs))


def _joins_through(near: FoundForeignKey, far: FoundForeignKey, table: Table, between: Table, target: Table) -> Joins:
    return {
        "secondary": between,
        "primaryjoin": _join(_pairs(near, between, table), to_referring=True),
        "secondaryjoin": _join(_pairs(far, between, target), to_referring=True),
    }


def _pairs(key: FoundForeignKey, referring: Table, target: Table) -> Pairs:
    return ((referring.c[a], target.c[b]) for a, b in zip(key.columns, key.target_columns, strict=True))
