"""The entry of a type: all that is known of one type of values.

An entry says how values look in the schema, in filters, orders, aggregates, ids, cursors and inputs. The functions that
it names stand in the rooms beside this one: `scalars`, `comparisons`, `aggregate_functions`, `values`, `input_rules`.
Nothing is executed, and no type is known here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar, get_origin

import strawberry
from graphql import GraphQLError
from sqlalchemy import Column
from strawberry.types.scalar import ScalarDefinition

from graph.entity import scalars
from graph.entity.aggregate_functions import Aggregate
from graph.entity.comparisons import EQUALITY, Operator, ValueFilter
from graph.entity.values import ColumnType

T = TypeVar("T")


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
    shown_by: Any = None
    """What shows the values, where the annotation is no scalar: a type of the schema; None: the annotation."""
    taken_by: Any = None
    """The same of what takes values: an input type."""
    read: Callable[[Any], T] | None = None
    """From what an input type takes, as graphql-core coerced it, to a value; None: it is one. Raises `GraphQLError`."""

    # The scalar of the schema

    description: str | None = None
    specified_by: str | None = None
    """The address of the specification."""
    parse: Callable[[object], T] | None = None
    """From a JSON value. Raises `GraphQLError`; see `graph.entity.scalars.from_text`. None: Strawberry's own scalar."""
    serialize: Callable[[T], object] = str
    """To a JSON value."""
    written_as_is: WrittenAsIs | None = None
    most_characters: int | None = None
    """The length of the longest value, as `serialize` writes it; None: nothing bounds it."""

    # Filters, orders and aggregates

    operators: tuple[Operator, ...] = EQUALITY
    is_ordered: bool = False
    """Whether rows can be ordered and grouped by the values, and cursors hold them."""
    measures: object | None = None
    """The distances by which rows are ordered, a `graph.entity.distances.Measures`; None: there are none."""
    aggregates: Mapping[str, Aggregate] = field(default_factory=dict)
    """By the names of `graph.entity.measures.FUNCTIONS`."""
    tidy: Callable[[T], T] | None = None
    """A computed value as clients see it; None: as the database computed it."""

    # Columns

    columns: tuple[type[object], ...] | None = None
    """The columns that may be declared so: by classes of SQLAlchemy's types, or by the Python types of their values.

    None: by the class of the values alone.
    """
    is_default: Callable[[ColumnType], bool] = lambda _column: True
    """Whether one of these columns is of this type when its declaration gives no more than the class of its values.

    Of several types the first in the table is taken.
    """
    holds_all: Callable[[ColumnType], bool] = lambda _column: True
    """Whether every value that one of these columns may hold can be shown."""
    rule: Callable[[Column[object]], object] | None = None
    """What Pydantic checks an input for, from its column; None: the annotation."""

    # Ids and cursors. A `NewType` has the form of its class: a value does not tell which of them it is.

    encode: Callable[[T], object] | None = None
    """A value as a JSON scalar; None: as `serialize`."""
    decode: Callable[[object, ColumnType], T] | None = None
    """A JSON scalar that a client sent as a value of a column; None: as `parse`.

    Raises `ValueError`, `TypeError`, `LookupError` or `ArithmeticError`.
    """

    @cached_property
    def python(self) -> type[T]:
        """The class of the values."""
        found: Any = self.annotation
        while hasattr(found, "__supertype__"):
            found = found.__supertype__
        return get_origin(found) or found  # type: ignore[no-any-return]  # an annotation is a class or a NewType of one

    @property
    def shown(self) -> Any:
        """What shows the values in the schema."""
        return self.annotation if self.shown_by is None else self.shown_by

    @property
    def taken(self) -> Any:
        """What takes values in the schema."""
        return self.annotation if self.taken_by is None else self.taken_by

    @cached_property
    def held_by(self) -> tuple[type[object], ...]:
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
        return ValueFilter(
            self.name, self.annotation, {operator.name: operator for operator in self.operators}, self.taken, self.read
        )

    def result_of(self, function: str) -> object:
        """The annotation of an aggregate function's result; None where there is no such function for the type."""
        aggregate = self.aggregates.get(function)
        return None if aggregate is None else aggregate.result or self.annotation

    def rule_for(self, column: Column[object]) -> Any:
        """What Pydantic checks a value for that a column will hold."""
        return self.annotation if self.rule is None else self.rule(column)

    @cached_property
    def encoder(self) -> Callable[[T], object]:
        """From a value to a JSON scalar, for ids and cursors."""
        return self.encode or self.serialize

    def decoded(self, value: object, column: ColumnType) -> T:
        """A JSON scalar as a value of a column. Raises as `decode`."""
        if self.decode is not None:
            return self.decode(value, column)
        assert self.parse is not None
        try:
            return self.parse(value)
        except GraphQLError as error:
            raise ValueError(error.message) from None
