"""Types of values: all that is known of a type stands in one entry.

Annotations of declarations and types of columns are looked up here; an entry says how values look in the schema, in
filters, orders, aggregates, ids, cursors and inputs. The functions behind the entries stand in the rooms beside this
one (`scalars`, `comparisons`, `aggregate_functions`, `values`, `input_rules`). Nothing is executed.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache, cached_property
from typing import Any, Generic, TypeGuard, TypeVar

import strawberry
from graphql import GraphQLError
from sqlalchemy import Column
from sqlalchemy.types import TypeEngine
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from db.relations import is_local, python_type
from graph.entity import comparisons, input_rules, scalars, values
from graph.entity.aggregate_functions import (
    EXTREMES,
    OF_DECIMALS,
    OF_DOUBLES,
    OF_WHOLE_NUMBERS,
    Aggregate,
    without_noise,
)
from graph.entity.comparisons import Operator, ValueFilter
from graph.entity.registry import shown_in
from graph.entity.scalars import BigInt, LocalDateTime
from graph.errors import DeclarationError
from graph.execute.rows import json_alike

T = TypeVar("T")

RFC_3339 = "https://www.rfc-editor.org/rfc/rfc3339"
RFC_9562 = "https://www.rfc-editor.org/rfc/rfc9562"
RFC_8259 = "https://www.rfc-editor.org/rfc/rfc8259"


@dataclass(frozen=True)
class WrittenAsIs:
    """Which values orjson writes as their scalar's `serialize` would, so that lists need not call it for each row."""

    condition: str
    """A Python expression in which `{0}` stands for the value."""
    names: Mapping[str, object]
    """What the expression names."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ScalarType(Generic[T]):
    """All that is known of one type of values, from the wire to the column."""

    annotation: object
    """What declarations write: the class of the values, or a `NewType` of it."""
    name: str
    """In the schema. Filters are called after it."""

    # The scalar of the schema

    description: str | None = None
    specified_by: str | None = None
    """The address of the specification."""
    parse: Callable[[object], T] | None = None
    """From a JSON value. Raises `GraphQLError`; see `graph.entity.scalars.from_text`. None: Strawberry's own scalar."""
    serialize: Callable[[T], object] = str
    """To a JSON value."""
    written_as_is: WrittenAsIs | None = None

    # Filters, orders and aggregates

    operators: tuple[Operator, ...] = comparisons.EQUALITY
    is_ordered: bool = False
    """Whether rows can be ordered and grouped by the values, and cursors hold them."""
    aggregates: Mapping[str, Aggregate] = field(default_factory=dict)
    """By the names of `graph.entity.measures.FUNCTIONS`."""
    tidy: Callable[[T], T] | None = None
    """A computed value as clients see it; None: as the database computed it."""

    # Columns

    columns: tuple[type[Any], ...] | None = None
    """The columns that may be declared so: by classes of SQLAlchemy's types, or by the Python types of their values.

    None: by the class of the values alone.
    """
    is_default: Callable[[TypeEngine[Any]], bool] = lambda _column: True
    """Whether one of these columns is of this type when its declaration gives no more than the class of its values."""
    rule: Callable[[Column[Any]], object] | None = None
    """What Pydantic checks an input for, from its column; None: the annotation."""

    # Ids and cursors. A `NewType` has the form of its class: a value does not tell which of them it is.

    encode: Callable[[T], object] | None = None
    """A value as a JSON scalar; None: as `serialize`."""
    decode: Callable[[object, TypeEngine[Any]], T] | None = None
    """A JSON scalar that a client sent as a value of a column; None: as `parse`.

    Raises `ValueError`, `TypeError`, `LookupError` or `ArithmeticError`.
    """

    @cached_property
    def python(self) -> type[T]:
        """The class of the values."""
        found: Any = self.annotation
        while hasattr(found, "__supertype__"):
            found = found.__supertype__
        return found  # type: ignore[no-any-return]  # an annotation is a class or a NewType of one

    @cached_property
    def held_by(self) -> tuple[type[Any], ...]:
        """The `columns`, given or not."""
        return (self.python,) if self.columns is None else self.columns

    @cached_property
    def definition(self) -> ScalarDefinition | None:
        """The scalar for Strawberry; None for those that it has itself."""
        if self.parse is None:
            return None
        made: ScalarDefinition = strawberry.scalar(
            name=self.name,
            description=self.description,
            specified_by_url=self.specified_by,
            serialize=self.serialize,
            parse_value=self.parse,
            parse_literal=scalars.located(self.parse),
        )
        return made

    @cached_property
    def filter(self) -> ValueFilter:
        """What can be asked of values of the type."""
        return ValueFilter(self.name, self.annotation, {operator.name: operator for operator in self.operators})

    def result_of(self, function: str) -> object:
        """The annotation of an aggregate function's result; None where there is no such function for the type."""
        aggregate = self.aggregates.get(function)
        return None if aggregate is None else aggregate.result or self.annotation

    def rule_for(self, column: Column[Any]) -> Any:
        """What Pydantic checks a value for that a column will hold."""
        return self.annotation if self.rule is None else self.rule(column)

    @property
    def encoder(self) -> Callable[[T], object]:
        """From a value to a JSON scalar, for ids and cursors."""
        return self.encode or self.serialize

    def decoded(self, value: object, column: TypeEngine[Any]) -> T:
        """A JSON scalar as a value of a column. Raises as `decode`."""
        if self.decode is not None:
            return self.decode(value, column)
        assert self.parse is not None
        try:
            return self.parse(value)
        except GraphQLError as error:
            raise ValueError(error.message) from None


def _itself(value: T) -> T:
    return value


def _never(_column: TypeEngine[Any]) -> bool:
    return False


def _enum_name(value: Enum) -> str:
    return value.name


@cache
def _enumeration(enum: type[Enum]) -> ScalarType[Enum]:
    """The entry of an enumeration: enumerations are one entry, by rule. Strawberry makes the type of the schema."""
    return ScalarType(
        annotation=enum,
        name=enum.__name__,
        is_ordered=True,
        aggregates=EXTREMES,
        encode=_enum_name,
        decode=values.to_member(enum),
    )


_UNLISTED: ScalarType[object] = ScalarType(
    annotation=object, name="Unlisted", encode=lambda value: str(value), decode=values.to_anything
)
"""Of columns that the schema has no form for: they may be part of a key or of a natural order."""


class TypeTable:
    """The entries, by the annotations of declarations and by the types of columns."""

    def __init__(self, *entries: ScalarType[Any]) -> None:
        self._entries: dict[object, ScalarType[Any]] = {}
        self._by_column: dict[tuple[type[Any], type[Any]], tuple[ScalarType[Any], ...]] = {}
        self._encoders: dict[type[Any], Callable[[Any], object]] = {}
        for entry in entries:
            self.add(entry)

    def __iter__(self) -> Iterator[ScalarType[Any]]:
        return iter(self._entries.values())

    def add(self, entry: ScalarType[Any]) -> None:
        """Make a type known. Raises `DeclarationError` for an annotation or a name that another type has."""
        for other in self:
            if entry.annotation == other.annotation or entry.name == other.name:
                raise DeclarationError(
                    f"{_shown(entry)}: there is a type {_shown(other)} already; choose another name."
                )
        self._put(entry)
        if entry.written_as_is is not None:
            json_alike(entry.serialize, entry.written_as_is.condition, entry.written_as_is.names)

    def add_operator(self, annotation: object, operator: Operator) -> None:
        """Give a type one more operator. Raises `DeclarationError` for an unknown type, and for a name that it has."""
        entry = self._entries.get(annotation)
        if entry is None:
            raise DeclarationError(f"{annotation!r} is no registered type; call register_type for it first.")
        if operator.name in entry.filter.operators:
            raise DeclarationError(f"{_shown(entry)} has an operator {operator.name!r} already; choose another name.")
        self._put(replace(entry, operators=(*entry.operators, operator)))

    def _put(self, entry: ScalarType[Any]) -> None:
        self._entries[entry.annotation] = entry
        self._by_column.clear()
        self._encoders.clear()

    def definitions(self) -> dict[object, ScalarDefinition]:
        """The scalars of the schema, as Strawberry takes them."""
        return {entry.annotation: entry.definition for entry in self if entry.definition is not None}

    def of(self, annotation: object) -> ScalarType[Any] | None:
        """The type that an annotation means; None for those that GraphQL has no form for."""
        try:
            found = self._entries.get(annotation)
        except TypeError:  # an annotation that cannot be hashed is no scalar
            return None
        return _enumeration(annotation) if found is None and _is_enum(annotation) else found

    def of_column(self, column: TypeEngine[Any]) -> ScalarType[Any]:
        """The type of a column's values, as far as the column tells."""
        return next((entry for entry in self._holding(column) if entry.is_default(column)), _UNLISTED)

    def annotations(self, column: TypeEngine[Any]) -> tuple[object, ...]:
        """How a column may be declared; nothing at all when its type does not say which values it holds."""
        python = python_type(column)
        found = tuple(entry.annotation for entry in self._holding(column))
        return found or (() if python is object else (python,))

    def encode(self, value: object) -> object:
        """A column's value as a JSON scalar, for ids and cursors. Null stays null."""
        cls = type(value)
        encoder = self._encoders.get(cls)
        if encoder is None:
            encoder = self._encoders[cls] = _itself if value is None else self._of_class(cls).encoder
        return encoder(value)

    def decode(self, value: object, column: TypeEngine[Any]) -> Any:
        """A JSON scalar, which is not null, as a value of a column.

        Raises `ValueError`, `TypeError`, `LookupError` or `ArithmeticError` for a value of another kind.
        """
        return self._of_class(self.of_column(column).python).decoded(value, column)

    def _holding(self, column: TypeEngine[Any]) -> tuple[ScalarType[Any], ...]:
        """The types that a column may be of, those that name its very class first.

        Kept by two classes, for expressions make types anew with every statement.
        """
        cls, python = type(column), python_type(column)
        found = self._by_column.get((cls, python))
        if found is None:
            found = self._by_column[cls, python] = self._find(cls, python)
        return found

    def _find(self, column: type[TypeEngine[Any]], python: type[Any]) -> tuple[ScalarType[Any], ...]:
        if _is_enum(python):
            return (_enumeration(python),)
        exact = (entry for entry in self if not set(column.__mro__).isdisjoint(entry.held_by))
        return (*exact, *(entry for entry in self if python in entry.held_by))

    def _of_class(self, cls: type[Any]) -> ScalarType[Any]:
        """The type of values of a class. Drivers have subclasses of their own: asyncpg's UUID is one."""
        if _is_enum(cls):
            return _enumeration(cls)
        for base in cls.__mro__[:-1]:
            for entry in self:
                if base is entry.python or base in entry.held_by:
                    return entry
        return _UNLISTED


def _is_enum(annotation: object) -> TypeGuard[type[Enum]]:
    return isinstance(annotation, type) and issubclass(annotation, Enum)


def _shown(entry: ScalarType[Any]) -> str:
    return f"{entry.name} ({getattr(entry.annotation, '__name__', entry.annotation)})"


TYPES = TypeTable(
    ScalarType(
        annotation=str,
        name="String",
        operators=comparisons.TEXT,
        is_ordered=True,
        aggregates=EXTREMES,
        rule=input_rules.text,
        encode=_itself,
        decode=values.to_text,
    ),
    ScalarType(
        annotation=int,
        name="Int",
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=OF_WHOLE_NUMBERS,
        rule=input_rules.whole_number,
        encode=_itself,
        decode=values.to_int,
    ),
    ScalarType(
        annotation=float,
        name="Float",
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=OF_DOUBLES,
        encode=_itself,
        decode=values.to_float,
    ),
    ScalarType(
        annotation=bool,
        name="Boolean",
        is_ordered=True,
        encode=_itself,
        decode=values.to_bool,
    ),
    ScalarType(
        annotation=strawberry.ID,
        name="ID",
        operators=comparisons.IDENTITY,
        is_ordered=True,
        columns=(),
    ),
    ScalarType(
        annotation=BigInt,
        name="BigInt",
        description='A whole number of up to 64 bits, written as text, for instance `"9007199254740993"`.',
        parse=scalars.big_int,
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=OF_WHOLE_NUMBERS,
        is_default=_never,
    ),
    ScalarType(
        annotation=Decimal,
        name="Decimal",
        description='An exact decimal number, written as text, for instance `"12.50"`.',
        parse=scalars.decimal,
        serialize=scalars.in_digits,
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=OF_DECIMALS,
        tidy=without_noise,
        rule=input_rules.decimal,
        encode=str,
        decode=values.to_decimal,
    ),
    ScalarType(
        annotation=datetime,
        name="DateTime",
        description="A moment in ISO 8601 with its time zone: `2026-03-01T12:00:00+00:00`. Answers are in UTC.",
        specified_by=RFC_3339,
        parse=scalars.from_text(scalars.zoned_datetime, "a moment with a time zone, for instance 2026-03-01T12:00:00Z"),
        serialize=scalars.in_utc,
        written_as_is=WrittenAsIs("type({0}) is datetime and {0}.tzinfo is UTC", {"datetime": datetime, "UTC": UTC}),
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=EXTREMES,
        is_default=lambda column: not is_local(column),
        encode=datetime.isoformat,
        decode=values.to_datetime,
    ),
    ScalarType(
        annotation=LocalDateTime,
        name="LocalDateTime",
        description="A day and a time of day in ISO 8601 without a time zone: `2026-03-01T12:00:00`.",
        parse=scalars.from_text(
            scalars.local_datetime, "a moment without a time zone, for instance 2026-03-01T12:00:00"
        ),
        serialize=datetime.isoformat,
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=EXTREMES,
    ),
    ScalarType(
        annotation=date,
        name="Date",
        description="A day in ISO 8601, for instance `2026-03-01`.",
        specified_by=RFC_3339,
        parse=scalars.from_text(date.fromisoformat, "a day, for instance 2026-03-01"),
        serialize=date.isoformat,
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=EXTREMES,
        decode=values.to_date,
    ),
    ScalarType(
        annotation=time,
        name="Time",
        description="A time of day in ISO 8601, for instance `12:30:00`.",
        specified_by=RFC_3339,
        parse=scalars.from_text(scalars.local_time, "a time of day without a time zone, for instance 12:30:00"),
        serialize=time.isoformat,
        operators=comparisons.ORDER,
        is_ordered=True,
        aggregates=EXTREMES,
        decode=values.to_time,
    ),
    ScalarType(
        annotation=uuid.UUID,
        name="UUID",
        description="A UUID, for instance `01890a5d-ac96-774b-bcce-b302099a8057`.",
        specified_by=RFC_9562,
        parse=scalars.from_text(uuid.UUID, "a UUID, for instance 01890a5d-ac96-774b-bcce-b302099a8057"),
        operators=comparisons.ORDER,
        is_ordered=True,
        decode=values.to_uuid,
    ),
    ScalarType(
        annotation=JSON,
        name="JSON",
        description="Any JSON value: an object, a list, text, a number, true, false or null.",
        specified_by=RFC_8259,
        parse=scalars.json_value,
        serialize=_itself,
        operators=comparisons.JSON_VALUE,
        columns=(dict, list),
        rule=input_rules.any_json,
        encode=str,
    ),
)
"""Every type that has no class of its own, as an enumeration has. Where several share a class, its own comes first."""


def register_type(entry: ScalarType[Any]) -> None:
    """Make a type of values known, before the entities that show it are declared.

    Raises `DeclarationError` for an annotation or a name that another type has, and for a type that is shown already.
    """
    _check_not_shown(entry.annotation)
    TYPES.add(entry)


def register_operator(annotation: object, operator: Operator) -> None:
    """Give a type one more operator, before the entities that show the type are declared.

    Raises `DeclarationError` for an unknown type, for a name that the type has, and for a type that is shown already.
    """
    _check_not_shown(annotation)
    TYPES.add_operator(annotation, operator)


def _check_not_shown(annotation: object) -> None:
    field_ = shown_in(annotation)
    if field_ is not None:
        name = getattr(annotation, "__name__", annotation)
        raise DeclarationError(
            f"{field_} shows {name} already; register before the entities that show it are declared."
        )


def value_filter(annotation: object) -> ValueFilter | None:
    """What can be asked of values of a type; None for types that cannot be compared."""
    entry = TYPES.of(annotation)
    return None if entry is None else entry.filter
