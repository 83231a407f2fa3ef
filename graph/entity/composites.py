"""Composite types: the entry that a class of one has, which follows from the entries of its attributes.

A class under `db.composites.composite` and the table of types enter, an entry leaves: an object type that shows values,
an input type that takes them, and a filter that asks for the whole or for attributes. Source of the semantics:
https://www.postgresql.org/docs/current/functions-comparisons.html#COMPOSITE-TYPE-COMPARISON
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from operator import attrgetter
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, SkipValidation
from sqlalchemy import Text, and_, cast, true
from strawberry.utils.str_converters import to_camel_case

from db.composites import Part, composite_of
from db.dialects import part_of
from graph.entity.comparisons import EQUALITY, Condition, Expression, Operand, Operator, input_type, same
from graph.entity.fields import ValueField, describe_enum, first_paragraph, object_type
from graph.entity.lists import innermost
from graph.entity.registry import optional
from graph.entity.scalar_type import ScalarType
from graph.entity.type_table import TypeTable
from graph.entity.types import TYPES

OF_THE_WHOLE = ("eq", "ne", "isNull")


class _Shown(NamedTuple):
    """An attribute, as the schema shows it."""

    part: Part
    name: str
    entry: ScalarType[Any]
    reader: Callable[[Any], Any] | None
    """What makes values of what an input has, of elements of lists where there are any."""

    @property
    def description(self) -> str:
        return f"The {self.part.attribute.replace('_', ' ').strip()}."

    def field(self) -> ValueField:
        """As values have it."""
        return ValueField(
            self.part.attribute, optional(self.entry.shown), self.description, attrgetter(self.part.attribute)
        )

    def read(self, given: Mapping[str, Any]) -> Any:
        """The value of what a client sent. Raises `ValueError`."""
        value = given.get(self.name)
        return value if self.reader is None else _read_each(self.reader, value)

    def operator(self) -> Operator:
        """What is asked of the attribute. One that is called as a comparison of the whole has `_` behind its name."""
        found = self.entry.filter

        def asked(column: Expression, comparisons: Operand) -> Condition:
            return and_(true(), *found.condition(self.name, part_of(column, self.part), comparisons))

        name = f"{self.name}_" if self.name in OF_THE_WHOLE else self.name
        return Operator(name, f"What is asked of `{self.name}`.", asked, found.input_type, asks=found)


def composite_entry(cls: type[Any], table: TypeTable) -> ScalarType[Any]:
    """The entry of a class. Raises `DeclarationError` for an attribute whose type is not in the table."""
    type_ = composite_of(cls)
    assert type_ is not None  # the caller has looked
    shown = [_shown(part, table) for part in type_.parts]
    name, description = cls.__name__, first_paragraph(cls.__doc__) or f"The values of `{type_.name}`."

    def read(given: Any) -> Any:
        if isinstance(given, cls):
            return given
        return cls(**{it.part.attribute: it.read(given) for it in shown})

    kind: Any = cls
    checked = Annotated[kind, SkipValidation, BeforeValidator(read)]
    taken = {f"{it.name}_": (optional(it.entry.taken), it.name, it.description) for it in shown}
    return ScalarType(
        annotation=cls,
        name=name,
        shown_by=object_type(name, description, *(it.field() for it in shown)),
        taken_by=input_type(f"{name}Input", f"{description} What is left out is null.", taken),
        read=read,
        serialize=str,
        operators=(*_of_the_whole(shown), *(it.operator() for it in shown)),
        rule=lambda _column: checked,
    )


def _shown(part: Part, table: TypeTable) -> _Shown:
    one = innermost(part.annotation)
    if isinstance(one, type) and issubclass(one, Enum):
        describe_enum(one)
    return _Shown(part, to_camel_case(part.attribute), table.known(part.annotation), table.known(one).read)


def _read_each(read: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, list):
        return [_read_each(read, one) for one in value]
    return None if value is None else read(value)


def _of_the_whole(shown: Iterable[_Shown]) -> tuple[Operator, ...]:
    """Comparisons of values: of their texts, where the database knows no equality of one of their attributes."""
    as_they_are = all(it.entry.is_ordered for it in shown)
    kind: Callable[[Expression], Expression] = same if as_they_are else _in_words  # type: ignore[assignment]  # the same
    return (
        Operator("eq", "Equal to this.", lambda column, value: kind(column) == kind(value), bind=same),
        Operator("ne", EQUALITY[1].description, lambda column, value: _differ(kind, column, value), bind=same),
        Operator("isNull", "Null, or with false: not null.", _is_null, bool, is_switch=True),
    )


def _in_words(value: Expression) -> Expression:
    return cast(value, Text)


def _differ(kind: Callable[[Expression], Expression], column: Expression, value: Operand) -> Condition:
    found: Condition = kind(column).is_distinct_from(kind(value))
    return found


def _is_null(column: Expression, wanted: Operand) -> Condition:
    """IS NULL of SQL also holds for a value whose attributes are all null."""
    return column.is_not_distinct_from(None) if wanted else column.is_distinct_from(None)


TYPES.entry_of_composite = composite_entry
