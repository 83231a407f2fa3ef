"""Two schemas enter, an old one and a new one; every change between them leaves, once, with its coordinate.

A schema says the same whatever its order: only names are compared. Nothing is judged here, no day and no use is known.
What a type that came or went consists of is not listed again. Standard scalars, and the specification's own directives
where nobody declares them, come and go with the server's version, and are no changes.

graphql-core's `find_schema_changes` gives sentences without coordinates, so it is no part of this; a law of
tests/contract says that whatever it finds is found here (docs/decisions/0023-schema-checks.md).
"""

from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from typing import TypeAlias

from graphql import (
    GraphQLDirective,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationType,
    is_introspection_type,
    is_specified_directive,
    is_specified_scalar_type,
)

from graph.contract.changes import Change, line_of
from graph.contract.described import described_changes
from graph.contract.elements import node_of, non_nulls, semantic_levels, semantic_text, shape
from graph.contract.kinds import Kind
from graph.contract.pairs import Both, Paired, texts_added, texts_removed
from graph.contract.places import Places, parts_of
from graph.contract.values import values_changes

FEW = 2
"""Parts that types of different meaning may well have in common."""

Composite: TypeAlias = GraphQLObjectType | GraphQLInterfaceType

KINDS_OF_TYPES: Mapping[type[GraphQLNamedType], str] = {
    GraphQLScalarType: "a scalar",
    GraphQLObjectType: "an object",
    GraphQLInterfaceType: "an interface",
    GraphQLUnionType: "a union",
    GraphQLEnumType: "an enum",
    GraphQLInputObjectType: "an input",
}


def changes_between(old: GraphQLSchema, new: GraphQLSchema) -> Sequence[Change]:
    """Every change from the old schema to the new one, in the order of the old one; what both lack is last."""
    return [*_schema_changes(Both("schema", old, new)), *_directives_changes(old, new), *_types_changes(old, new)]


def _schema_changes(both: Both[GraphQLSchema]) -> Iterator[Change]:
    yield from described_changes(both)
    for operation in OperationType:
        yield from _root_changes(both, operation)


def _root_changes(both: Both[GraphQLSchema], operation: OperationType) -> Iterator[Change]:
    old, new = (schema.get_root_type(operation) for schema in (both.old, both.new))
    if old is None and new is not None:
        yield Change(Kind.ROOT_TYPE_ADDED, new.name, new=operation.value, new_line=line_of(node_of(new)))
    elif old is not None and new is None:
        yield Change(Kind.ROOT_TYPE_REMOVED, old.name, operation.value, old_line=line_of(node_of(old)))
    elif old is not None and new is not None and old.name != new.name:
        yield Both(old.name, old, new).change(Kind.ROOT_TYPE_CHANGED, operation.value, new.name)


def _directives_changes(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    directives = Paired(_declared(old), _declared(new), "@{}", lambda it: (*sorted(it.args), *it.locations))
    yield from directives.removed(Kind.DIRECTIVE_REMOVED)
    yield from directives.added(lambda _: Kind.DIRECTIVE_ADDED)
    for both in directives.both():
        yield from _directive_changes(both)
        yield from described_changes(both)


def _declared(schema: GraphQLSchema) -> Mapping[str, GraphQLDirective]:
    return {it.name: it for it in schema.directives if not is_specified_directive(it)}


def _directive_changes(both: Both[GraphQLDirective]) -> Iterator[Change]:
    old, new = both.old, both.new
    yield from values_changes("DIRECTIVE_ARGUMENT", old.args, new.args, f"{both.at}({{}}:)", new)
    if old.is_repeatable != new.is_repeatable:
        became = Kind.DIRECTIVE_BECAME_REPEATABLE if new.is_repeatable else Kind.DIRECTIVE_BECAME_UNREPEATABLE
        yield both.change(became)
    before, after = ([location.value for location in it.locations] for it in (old, new))
    yield from texts_removed(both, Kind.DIRECTIVE_LOCATION_REMOVED, before, after)
    yield from texts_added(both, Kind.DIRECTIVE_LOCATION_ADDED, before, after)


def _types_changes(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    types = Paired(_named(old), _named(new), "{}", _likeness)
    places = Places(old)
    yield from types.removed(Kind.TYPE_REMOVED)
    yield from types.added(lambda _: Kind.TYPE_ADDED)
    for both in types.both():
        yield from _type_changes(both, places)
        yield from described_changes(both)


def _named(schema: GraphQLSchema) -> Mapping[str, GraphQLNamedType]:
    return {
        name: type_
        for name, type_ in schema.type_map.items()
        if not is_introspection_type(type_) and not is_specified_scalar_type(type_)
    }


def _likeness(type_: GraphQLNamedType) -> Hashable:
    """What a type consists of; itself where that says too little, for many types have an id and a name."""
    parts = sorted(part.rpartition(".")[2] for part in parts_of(type_))
    return (type(type_), *parts) if len(parts) > FEW else type_


def _type_changes(both: Both[GraphQLNamedType], places: Places) -> Iterator[Change]:
    old, new = both.old, both.new
    if type(old) is not type(new):
        kinds = KINDS_OF_TYPES[type(old)], KINDS_OF_TYPES[type(new)]
        yield both.change(Kind.TYPE_KIND_CHANGED, *kinds)
    elif isinstance(old, GraphQLScalarType) and isinstance(new, GraphQLScalarType):
        yield from _scalar_changes(Both(both.at, old, new))
    elif isinstance(old, GraphQLEnumType) and isinstance(new, GraphQLEnumType):
        yield from _enum_changes(Both(both.at, old, new), places)
    elif isinstance(old, GraphQLUnionType) and isinstance(new, GraphQLUnionType):
        yield from _union_changes(Both(both.at, old, new))
    elif isinstance(old, GraphQLInputObjectType) and isinstance(new, GraphQLInputObjectType):
        yield from _input_changes(Both(both.at, old, new))
    elif isinstance(old, Composite) and isinstance(new, Composite):
        yield from _composite_changes(Both(both.at, old, new), places.names)


def _scalar_changes(both: Both[GraphQLScalarType]) -> Iterator[Change]:
    old, new = both.old.specified_by_url, both.new.specified_by_url
    if old == new:
        return
    if old is None:
        yield both.change(Kind.SPECIFIED_BY_ADDED, new=new or "")
    elif new is None:
        yield both.change(Kind.SPECIFIED_BY_REMOVED, old=old)
    else:
        yield both.change(Kind.SPECIFIED_BY_CHANGED, old, new)


def _enum_changes(both: Both[GraphQLEnumType], places: Places) -> Iterator[Change]:
    added = Kind.ENUM_VALUE_ADDED_TO_INPUT if places.is_only_sent(both.at) else Kind.ENUM_VALUE_ADDED
    line = line_of(node_of(both.new))
    values = Paired(both.old.values, both.new.values, f"{both.at}.{{}}", lambda _: None, line)
    yield from values.removed(Kind.ENUM_VALUE_REMOVED)
    yield from values.added(lambda _: added)
    for value in values.both():
        yield from described_changes(value)


def _union_changes(both: Both[GraphQLUnionType]) -> Iterator[Change]:
    old, new = ([member.name for member in union.types] for union in (both.old, both.new))
    yield from texts_removed(both, Kind.UNION_MEMBER_REMOVED, old, new)
    yield from texts_added(both, Kind.UNION_MEMBER_ADDED, old, new)


def _input_changes(both: Both[GraphQLInputObjectType]) -> Iterator[Change]:
    yield from values_changes("INPUT_FIELD", both.old.fields, both.new.fields, f"{both.at}.{{}}", both.new)
    if both.old.is_one_of != both.new.is_one_of:
        yield both.change(Kind.ONE_OF_ADDED if both.new.is_one_of else Kind.ONE_OF_REMOVED)


def _composite_changes(both: Both[Composite], known: Container[str]) -> Iterator[Change]:
    """`known` are the names of types that clients may have known before."""
    old, new = ([interface.name for interface in type_.interfaces] for type_ in (both.old, both.new))
    yield from texts_removed(both, Kind.INTERFACE_REMOVED, old, new)
    for name in dict.fromkeys(new):
        if name not in old:
            yield both.change(Kind.INTERFACE_ADDED if name in known else Kind.NEW_INTERFACE_ADDED, new=name)
    line = line_of(node_of(both.new))
    fields = Paired(both.old.fields, both.new.fields, f"{both.at}.{{}}", lambda it: (str(it.type), *it.args), line)
    yield from fields.removed(Kind.FIELD_REMOVED)
    yield from fields.added(lambda _: Kind.FIELD_ADDED)
    for field in fields.both():
        yield from _field_changes(field)
        yield from described_changes(field)


def _field_changes(both: Both[GraphQLField]) -> Iterator[Change]:
    old, new = both.old, both.new
    yield from values_changes("ARGUMENT", old.args, new.args, f"{both.at}({{}}:)", new)
    if shape(old.type) != shape(new.type):
        yield both.change(Kind.FIELD_TYPE_CHANGED, str(old.type), str(new.type))
        return
    if str(old.type) != str(new.type):
        levels = zip(non_nulls(old.type), non_nulls(new.type), strict=True)
        promises_less = any(before and not after for before, after in levels)
        became = Kind.FIELD_BECAME_NULLABLE if promises_less else Kind.FIELD_BECAME_NON_NULL
        yield both.change(became, str(old.type), str(new.type))
    yield from _semantic_changes(both)


def _semantic_changes(both: Both[GraphQLField]) -> Iterator[Change]:
    """Levels that are null only with an error; one that is never null at all keeps the promise."""
    old, new = semantic_levels(both.old), semantic_levels(both.new)
    if old == new:
        return
    never_null = {level for level, non_null in enumerate(non_nulls(both.new.type)) if non_null}
    if old - new - never_null:
        yield both.change(Kind.SEMANTIC_NON_NULL_REMOVED, old=semantic_text(old))
    elif new - old:
        yield both.change(Kind.SEMANTIC_NON_NULL_ADDED, new=semantic_text(new))
