"""From what a database refuses to what a client is told: the same words for both databases.

An `IntegrityError` enters, errors for the payload leave, each at the field of the input that caused it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import registry as MapperRegistry  # noqa: N812 - it is a class with a small name

from db.base import Base
from db.violations import Rule, Violation, violation_of
from graph.writing.errors import AlreadyExists, InvalidInput, NotFound, Place
from graph.writing.inputs import Input


def rejections_of(error: IntegrityError, model: type[Input], place: Place) -> list[Any]:
    """What a client is told of a broken constraint. Raises the error again when no client can have caused it.

    The table is looked for among those of the input's entity. An input that was made from no entity is about the
    tables of `db.base`.
    """
    registry = Base.registry if model.ENTITY is None else model.ENTITY.mapper.registry
    violation = violation_of(error, registry.metadata)
    if violation.rule is Rule.UNIQUE:
        names = attributes_of(violation, registry)
        return [AlreadyExists(taken(violation.table, names), _place(violation, names, model, place))]
    if violation.rule is Rule.FOREIGN_KEY:  # SQLite does not say which, so nobody is told
        return [NotFound("Something that this refers to has just been deleted; read it again.", place)]
    if violation.rule is Rule.CHECK:
        rule = f": {violation.name.replace('_', ' ')}" if violation.name else ""
        return [InvalidInput(f"This would break a rule of the database{rule}. Choose other values.", place)]
    raise error


def taken(table: Table | None, names: Sequence[str]) -> str:
    """The sentence about values that another row has."""
    same = " and ".join(name.replace("_", " ") for name in names) or "value"
    among = f"Among the {table.name.replace('_', ' ')}, this" if table is not None else "This"
    return f"{among} {same} is taken; choose another."


def attributes_of(violation: Violation, registry: MapperRegistry) -> list[str]:
    """What the model calls the columns of a broken rule; for a table that has no model, their own names."""
    for mapper in registry.mappers:
        if mapper.local_table is violation.table and violation.table is not None:
            columns = violation.table.columns
            return [
                str(mapper.get_property_by_column(columns[name]).key) if name in columns else name
                for name in violation.columns
            ]
    return list(violation.columns)


def _place(violation: Violation, names: Sequence[str], model: type[Input], place: Place) -> Place:
    """The first of the fields that the input has for these columns; the input itself if it has none of them."""
    if model.ENTITY is not None and violation.table is not model.ENTITY.mapper.local_table:
        return place  # a row that is written along, whose columns only happen to have the names of these fields
    for name in names:
        field = model.model_fields.get(name)
        if field is not None:
            return (*place, str(field.alias))
    return place
