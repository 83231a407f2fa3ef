"""From a broken constraint to user errors: the same words for both databases.

SQLAlchemy's `IntegrityError` enters, errors for the payload leave, each at the field of the input that caused it.
Nothing is read from the database to find out more: its transaction may be broken.
"""

from collections.abc import Sequence

from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import registry as MapperRegistry  # noqa: N812 - it is a class with a small name

from db.base import Base
from db.dialects import UnstorableValue
from db.violations import Rule, Violation, violation_of
from graph.writing.errors import AlreadyExists, InvalidInput, NotFound, Place, UserError
from graph.writing.inputs import Input
from graph.writing.messages import sentence


def violation_errors(error: IntegrityError, model: type[Input], place: Place) -> list[UserError]:
    """The user errors for a broken constraint. Raises the error again when no client can have caused it.

    The table is looked for among those of the input's entity. An input that was made from no entity is about the
    tables of `db.base`.
    """
    registry = Base.registry if model.ENTITY is None else model.ENTITY.mapper.registry
    violation = violation_of(error, registry.metadata)
    if violation.rule is Rule.UNIQUE:
        names = attributes_of(violation, registry)
        return [taken(violation.table, names, _place(violation, names, model, place))]
    if violation.rule is Rule.FOREIGN_KEY:  # SQLite does not say which one, so no client is told
        return [NotFound("Something that this refers to has just been deleted; read it again.", place)]
    if violation.rule is Rule.OTHER:  # an exclusion constraint, or a trigger
        return [refused_by_rule(place)]
    if violation.rule is Rule.CHECK:
        rule = f": {violation.name.replace('_', ' ')}" if violation.name else ""
        return [InvalidInput(f"This would break a rule of the database{rule}. Choose other values.", place)]
    raise error


def refused_by_rule(place: Place) -> InvalidInput:
    """The user error for what the database refuses by a rule that is told nowhere; its words are not for clients."""
    return InvalidInput("A rule of the database refuses this change. Choose other values.", place)


def unstorable_errors(error: StatementError, place: Place) -> list[UserError]:
    """The user errors for a value that the database would not keep as it is. Raises any other error again."""
    if isinstance(error.orig, UnstorableValue):
        return [InvalidInput(sentence(str(error.orig)), place)]
    raise error


def taken(table: Table | None, names: Sequence[str], place: Place) -> AlreadyExists:
    """`AlreadyExists` for values, of these attributes, that another row of the table has."""
    same = " and ".join(name.replace("_", " ") for name in names) or "value"
    among = f"Among the {table.name.replace('_', ' ')}, this" if table is not None else "This"
    return AlreadyExists(f"{among} {same} is taken; choose another.", place)


def attributes_of(violation: Violation, registry: MapperRegistry) -> list[str]:
    """The model's names for the columns of a broken rule; for a table that has no model, the columns' own names."""
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
