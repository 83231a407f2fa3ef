"""What a field tells the planner: which columns it needs, and what it costs.

Every mapped field is a `PlannedField`. Whoever walks the document asks it for `needs` before rows are fetched. Level by
level, its values are read off the columns (`reading`), or it is begun once for all objects (`begin`); object by object,
graphql-core calls its `planned_resolver`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import GraphQLField, GraphQLSchema, is_object_type
from strawberry.annotation import StrawberryAnnotation
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

if TYPE_CHECKING:
    from graph.execute.level import Batch
    from graph.prepare.plan import FieldPlan


class CostRule(Enum):
    """What a field adds to the price of an operation (see `graph.prepare.cost`)."""

    NOTHING = auto()
    """Its value is among the columns of its row."""
    ROW = auto()
    """A statement for all parents, and a row for each."""
    CONNECTION = auto()
    """Nothing by itself; `limit` says how many rows the pages inside it have."""
    PAGE = auto()
    """Part of a connection: all of these share one statement, and rows up to the connection's limit."""
    TOTAL = auto()
    """A statement for all parents, and a row for each parent."""
    LIST = auto()
    """A statement, and rows up to `limit`."""


Resolver = Callable[..., Any]
"""As graphql-core calls it: `(source, info, **arguments)`, arguments keyed by their GraphQL names."""


class Reading(NamedTuple):
    """How a value is made of the attributes of a row."""

    names: tuple[str, ...]
    convert: Callable[..., Any] | None = None
    """From their values to the field's; None: the one attribute's value is the field's."""


class PlannedField(StrawberryField):
    """A field of a mapped type, or one that leads to mapped types."""

    cost = CostRule.NOTHING
    needs: tuple[str, ...] = ()
    """Attributes of the row that must be fetched for it."""
    sizes: tuple[str, ...] = ()
    """The arguments, by their GraphQL names, that `statements` and `limit` look at; of lists, at their lengths."""
    planned_resolver: Resolver | None = None
    """Takes graphql-core's arguments as they are; None: the attribute of the source, or Strawberry's resolver."""
    reading: Reading | None = None
    """How its value is made of columns; None: by a resolver."""
    read: Callable[[Any], Any] | None = None
    """How its value is made of the object above it, when that is all it takes."""
    never_null = False
    """Whether the database has a value for every row, so that a null tells of a policy that withholds it."""
    begin: Callable[[Batch, FieldPlan], None] | None = None
    """Starts it for all objects of a level; None: its resolver is called for each."""

    def __init__(
        self,
        name: str,
        annotation: object,
        description: str | None,
        arguments: tuple[StrawberryArgument, ...] = (),
    ) -> None:
        super().__init__(
            python_name=name,
            graphql_name=to_camel_case(name),
            type_annotation=StrawberryAnnotation(annotation),
            description=description,
        )
        self.arguments = list(arguments)

    def statements(self, arguments: Mapping[str, Any]) -> int:
        """How many statements it needs at most for all parents together, with these arguments."""
        return 1

    def limit(self, arguments: Mapping[str, Any], max_page: int) -> int:
        """How many rows it yields at most for each parent, with these arguments."""
        return 1


def argument(name: str, annotation: object, description: str) -> StrawberryArgument:
    """An argument that may be left out, called `name` in Python and in camel case outside."""
    return StrawberryArgument(
        python_name=name,
        graphql_name=to_camel_case(name),
        type_annotation=StrawberryAnnotation(annotation),
        description=description,
    )


def planned(field: GraphQLField) -> PlannedField | None:
    """The planned field behind a field of the schema, if it is one."""
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return definition if isinstance(definition, PlannedField) else None


def use_planned_resolvers(schema: GraphQLSchema) -> None:
    """Let graphql-core call planned fields directly.

    Strawberry's wrapper would build an input object for each argument and an `Info` for each field; planned
    resolvers want the coerced values as they are.
    """
    for type_ in schema.type_map.values():
        if is_object_type(type_):
            for field in type_.fields.values():
                definition = planned(field)
                if definition is not None and definition.planned_resolver is not None:
                    field.resolve = definition.planned_resolver
