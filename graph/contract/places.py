"""Where each type of a schema stands: the coordinates of what clients send of it, and of what they read."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from graphql import (
    GraphQLArgument,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_introspection_type,
)


class Places:
    """Coordinates by the name of the type that stands there."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.sent: defaultdict[str, list[str]] = defaultdict(list)
        """Arguments, of directives too, and input fields."""
        self.read: defaultdict[str, list[str]] = defaultdict(list)
        """Fields of objects and interfaces."""
        self.groups: defaultdict[str, list[str]] = defaultdict(list)
        """Unions that hold the type, and interfaces that it implements: the names of those types."""
        self.names = schema.type_map.keys()
        """Every type of the schema."""
        for directive in schema.directives:
            self._arguments(f"@{directive.name}", directive.args)
        for type_ in schema.type_map.values():
            if not is_introspection_type(type_):
                self._add(type_)

    def of(self, name: str) -> Iterator[str]:
        """Every coordinate where a type stands."""
        yield from self.sent.get(name, ())
        yield from self.read.get(name, ())

    def is_only_sent(self, name: str) -> bool:
        """Whether clients send values of a type and never receive one."""
        return name in self.sent and name not in self.read

    def _add(self, type_: GraphQLNamedType) -> None:
        if isinstance(type_, GraphQLInputObjectType):
            for name, value in type_.fields.items():
                self.sent[get_named_type(value.type).name].append(f"{type_.name}.{name}")
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            self._fields(type_)
        for member in getattr(type_, "types", ()):  # of a union
            self.groups[member.name].append(type_.name)

    def _fields(self, type_: GraphQLObjectType | GraphQLInterfaceType) -> None:
        self.groups[type_.name] += [interface.name for interface in type_.interfaces]
        for name, field in type_.fields.items():
            self.read[get_named_type(field.type).name].append(f"{type_.name}.{name}")
            self._arguments(f"{type_.name}.{name}", field.args)

    def _arguments(self, at: str, arguments: dict[str, GraphQLArgument]) -> None:
        for name, argument in arguments.items():
            self.sent[get_named_type(argument.type).name].append(f"{at}({name}:)")


def parts_of(type_: GraphQLNamedType) -> Sequence[str]:
    """The coordinates of a type's own fields or values."""
    names = getattr(type_, "fields", None) or getattr(type_, "values", None) or ()
    return [f"{type_.name}.{name}" for name in names]
