"""How a database is to be mapped: classes, attributes and relationships, with the names that they get.

A `MappingPlan` follows from a catalog alone, and is the same each time. Whoever serves a database at once and whoever
writes a project take the same plan, so that both show the same API. Plain values; nothing is mapped here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from sqlalchemy import JSON

from db.reflection.catalog import (
    Catalog,
    FoundColumn,
    FoundForeignKey,
    FoundFunction,
    FoundTable,
    LeftOut,
)
from db.relations import underlying


@dataclass(frozen=True, kw_only=True)
class PlannedAttribute:
    """A column, as a model and a type show it."""

    column: FoundColumn
    name: str
    """In Python."""
    graphql_name: str
    annotation: object
    """The Python type of its values without None: `int`, `list[str | None]`, an enumeration (`EnumPlan`)."""
    in_key: bool = False
    hidden: bool = False
    """Of the model, not of the type: `tsvector`, and what no form is known for."""
    writable: bool = True

    @property
    def may_be_null(self) -> bool:
        """Whether readers may meet null. JSON has a null of its own, whatever the column says."""
        return not self.in_key and (self.column.nullable or isinstance(underlying(self.column.type), JSON))


@dataclass(frozen=True, kw_only=True)
class PlannedRelation:
    """A relationship, from the table that it is listed with."""

    name: str
    graphql_name: str
    target: str
    """The class that it leads to."""
    many: bool
    nullable: bool
    """Of a to-one relation."""
    foreign_key: FoundForeignKey
    """Of this table for many-to-one; of the target for one-to-many and one-to-one; of the association for its near
    side otherwise."""
    secondary: FoundTable | None = None
    """The table between, of a many-to-many whose table has no columns of its own."""
    far_key: FoundForeignKey | None = None
    """The foreign key of the table between that leads to the target."""
    back_populates: str | None = None
    """The relation of the target that leads back."""


@dataclass(frozen=True, kw_only=True)
class EnumPlan:
    """An enumeration, as Python and GraphQL show it."""

    class_name: str
    type_name: str | None
    """Of the type in the database; None for words of a CHECK."""
    schema: str | None
    members: Sequence[tuple[str, str]]
    """Each name in Python and GraphQL, and its word in the database."""


def enum_of(annotation: object) -> EnumPlan | None:
    """The enumeration that an annotation is made of."""
    if isinstance(annotation, EnumPlan):
        return annotation
    return next((found for it in get_args(annotation) if (found := enum_of(it)) is not None), None)


@dataclass(frozen=True, kw_only=True)
class PlannedFunction:
    """A function of the database that computes a value of a row, which may be null."""

    name: str
    graphql_name: str
    function: FoundFunction
    """Its arguments behind the row have defaults."""
    annotation: object
    """As of an attribute."""


Constant: TypeAlias = int | float | Decimal | date | str
Sign: TypeAlias = Literal["<", "<=", "=", "<>", ">=", ">"]


class Compared(NamedTuple):
    """The value of an attribute is more than a constant, or otherwise compared with one; null passes, as below."""

    name: str
    sign: Sign
    value: Constant

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes that it is about."""
        return (self.name,)


class ComparedColumns(NamedTuple):
    """The values of two attributes of a row are compared."""

    name: str
    sign: Sign
    other: str

    @property
    def names(self) -> tuple[str, ...]:
        """As above."""
        return (self.name, self.other)


class ComparedLength(NamedTuple):
    """A text has so many characters."""

    name: str
    sign: Sign
    number: int

    @property
    def names(self) -> tuple[str, ...]:
        """As above."""
        return (self.name,)


class OneOf(NamedTuple):
    """The value of an attribute is one of these."""

    name: str
    values: tuple[Constant, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """As above."""
        return (self.name,)


class Matched(NamedTuple):
    """A pattern is somewhere in a text."""

    name: str
    pattern: str
    """As Rust's library reads it, with `.` for any character."""
    folds_case: bool

    @property
    def names(self) -> tuple[str, ...]:
        """As above."""
        return (self.name,)


PlannedRule: TypeAlias = Compared | ComparedColumns | ComparedLength | OneOf | Matched
"""What a CHECK demands of a row."""


@dataclass(frozen=True)
class PlannedArgument:
    """An argument of a field, for one of a function."""

    name: str
    """In Python."""
    annotation: object
    """As of an attribute."""
    may_be_null: bool
    """Whether it may be null, or be left out."""


@dataclass(frozen=True, kw_only=True)
class PlannedCall:
    """A function of the database that is of no row: a field of the root."""

    name: str
    graphql_name: str
    function: FoundFunction
    arguments: Sequence[PlannedArgument]
    """In the order of the function's."""
    target: str | None
    """The class whose rows it gives."""
    annotation: object
    """Of the values that it gives, as of an attribute; None for rows."""

    @property
    def by_place(self) -> bool:
        """Whether arguments are told by their place alone, because one has no name."""
        return any(argument.name is None for argument in self.function.arguments)


@dataclass(frozen=True, kw_only=True)
class PlannedModel:
    """A table or a view, as a model and a type show it."""

    table: FoundTable
    class_name: str
    """In Python and in the schema."""
    module: str
    """The module that a project has it in: `order_line`."""
    plural: str
    """The list at the root."""
    attributes: Sequence[PlannedAttribute]
    relations: Sequence[PlannedRelation]
    natural_keys: Sequence[str] = ()
    """Attributes by which one row can be looked up."""
    functions: Sequence[PlannedFunction] = ()
    """Fields that the database computes of a row."""
    rules: Sequence[PlannedRule] = ()
    """What its CHECKs demand, as far as they are simple."""
    description: str = ""


@dataclass(frozen=True)
class Guess:
    """A decision that the database does not tell, for people to look at."""

    what: str
    """`relation shop.posts.author`, `key of view shop.sales`."""
    decision: str
    """One sentence: what was done, and why."""
    override: str
    """How to have it otherwise: a comment in the database, or the attribute in the model's file."""


@dataclass(frozen=True, kw_only=True)
class MappingPlan:
    """How a database is to be mapped."""

    catalog: Catalog
    models: Sequence[PlannedModel]
    """In the order of their classes' names."""
    enums: Sequence[EnumPlan] = ()
    composites: Sequence[type[Any]] = ()
    """The classes of composite types (`db.composites`), those inside of others before those."""
    calls: Sequence[PlannedCall] = ()
    """In the order of their names."""
    guesses: Sequence[Guess] = ()
    left_out: Sequence[LeftOut] = ()
    """With those of the catalog."""
