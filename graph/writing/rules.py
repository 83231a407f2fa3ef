"""Rules of values: what an input must be like, and which values the database takes for equal.

A column enters, an annotation for Pydantic leaves. What fits into columns of a type says the type's entry
(`graph.entity.types`); what a text must look like says its kind (`db.text_kinds`).
"""

from typing import Annotated, Any

from pydantic import AfterValidator, TypeAdapter, ValidationError
from sqlalchemy import Column

from db.relations import compared_text
from db.text_kinds import kind_of
from graph.entity.types import TYPES
from graph.writing.messages import NULL

JsonObject = dict[str, Any]


def rule_of(annotation: object, column: Column[object]) -> Any:
    """What a value of a type must be like for a column, as Pydantic is told. Null is allowed where the column does."""
    type_ = TYPES.of(annotation)
    rule: Any = annotation if type_ is None else type_.rule_for(column)
    if column.nullable:
        return rule | None
    return Annotated[Any, AfterValidator(_not_null)] if rule is Any else rule  # of all rules, null keeps this one


def fits(rule: TypeAdapter[Any], value: object) -> bool:
    """Whether a value that no client gave keeps a rule."""
    try:
        rule.validate_python(value)
    except ValidationError:
        return False
    return True


def canonical(column: Column[object], value: object) -> object:
    """A value as the database compares it: e-mail addresses are equal in any case, and CHAR(n) is padded."""
    if not isinstance(value, str):
        return value
    kind = kind_of(column)
    return compared_text(column.type, value) if kind is None else kind.canonical(value)


def _not_null(value: object) -> object:
    if value is None:
        raise ValueError(NULL)
    return value
