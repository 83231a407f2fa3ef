"""Whose use a change touches: a change and the old schema enter, coordinates leave.

Rather one too many than one too few: "unused" must be true. What a client that leaves an argument out would see, users
of the whole field would; a value of an enum comes with every field of that type.
"""

from collections.abc import Iterable, Iterator

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema

from graph.contract.changes import Change
from graph.contract.kinds import Kind, Touched
from graph.contract.places import Places, parts_of


def touched_by(change: Change, schema: GraphQLSchema, places: Places) -> Iterable[str]:
    """The coordinates whose users a change touches, each once. `schema` is the old one."""
    coordinates = dict.fromkeys(_coordinates(change, schema, places))
    return coordinates | dict.fromkeys(kin for at in coordinates for kin in _kin(at, schema))


def _coordinates(change: Change, schema: GraphQLSchema, places: Places) -> Iterator[str]:
    touched = change.kind.touched
    if touched is Touched.ITSELF:
        yield change.at
    elif touched is Touched.OWNER:
        yield from _owner(change.at, schema, places)
    elif touched is Touched.OUTPUTS:
        yield from places.read.get(_owner_type(change.at), ())
    elif touched is Touched.VALUE:
        yield change.at
        yield from places.read.get(_owner_type(change.at), ())
    elif touched is Touched.TYPE:
        for name in _types(change):
            yield from _of_type(name, schema, places)


def _owner(at: str, schema: GraphQLSchema, places: Places) -> Iterator[str]:
    owner, parenthesis, _ = at.partition("(")
    if parenthesis:
        yield owner
    else:  # an input field
        yield from _of_type(_owner_type(at), schema, places)


def _owner_type(at: str) -> str:
    return at.partition(".")[0]


def _of_type(name: str, schema: GraphQLSchema, places: Places) -> Iterator[str]:
    yield name
    yield from places.of(name)
    type_ = schema.get_type(name)
    if type_ is not None:
        yield from parts_of(type_)


def _kin(at: str, schema: GraphQLSchema) -> Iterator[str]:
    """A field of an interface where types implement it, and the reverse: who reads one may be answered by the other."""
    name, point, rest = at.partition(".")
    type_ = schema.get_type(name)
    if not point or not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        return
    yield from (f"{it.name}.{rest}" for it in type_.interfaces)
    if isinstance(type_, GraphQLInterfaceType):
        implementations = schema.get_implementations(type_)
        yield from (f"{it.name}.{rest}" for it in (*implementations.objects, *implementations.interfaces))


def _types(change: Change) -> Iterator[str]:
    yield change.at
    if change.kind in {Kind.INTERFACE_ADDED, Kind.INTERFACE_REMOVED}:
        yield change.old or change.new
