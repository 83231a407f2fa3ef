"""Every place that a text can be sent to, found in the schema itself, and documents that send one there."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)

from tests.policies.worlds import GRAPHQL

Ids = Mapping[str, str]
"""By the name of an entity, the id of a row."""

SAMPLES: Mapping[str, Any] = {
    "Int": 1,
    "Float": 1.5,
    "BigInt": "1",
    "Decimal": "1.00",
    "Boolean": True,
    "DateTime": "2025-06-01T00:00:00Z",
    "JSON": {},
    "Upload": None,
}
TEXTS = {"currency": "EUR", "email": "somebody@example.org", "slug": "a-slug"}
"""Texts that their fields take; others take anything."""


class Place(NamedTuple):
    """An argument, and where inside of it a value stands."""

    operation: str
    field: str
    inside: tuple[str, ...]
    """The fields that lead there from the root, if it is not at the root itself."""
    argument: str
    path: tuple[str, ...]
    leaf: str
    """The name of the value's type."""

    @property
    def is_cursor(self) -> bool:
        """Whether a cursor is asked for."""
        return not self.path and self.argument in ("after", "before")

    def asked(self, value: Any, ids: Ids) -> tuple[str, dict[str, Any]]:
        """A document and its variables, with a value in this place and samples wherever something must be."""
        root = GRAPHQL.query_type if self.operation == "query" else GRAPHQL.mutation_type
        assert root is not None
        field, inner = root.fields[self.field], self.argument
        outer = _samples(field, "" if self.inside else inner, ids)
        for name in self.inside:
            field = _object(field).fields[name]
        type_ = field.args[inner].type
        variables = outer | _samples(field, inner, ids) | {inner: _built(type_, inner, self.path, value, ids)}
        declared = " ".join(f"${name}: {_type_of(self, name)}" for name in variables)
        last = f"({', '.join(f'{name}: ${name}' for name in [*_samples(field, inner, ids), inner])})"
        text = f"{last} {_shown(field)}"
        for name in reversed(self.inside):
            text = f"{{ {name}{text} }}"
        given = f"({', '.join(f'{name}: ${name}' for name in outer)})" if self.inside and outer else ""
        return f"{self.operation} ({declared}) {{ {self.field}{given}{text} }}", variables


def _type_of(place: Place, name: str) -> str:
    root = GRAPHQL.query_type if place.operation == "query" else GRAPHQL.mutation_type
    assert root is not None
    field = root.fields[place.field]
    types = {argument: str(of.type) for argument, of in field.args.items()}
    for inside in place.inside:
        field = _object(field).fields[inside]
        types |= {argument: str(of.type) for argument, of in field.args.items()}
    return types[name]


def places() -> Iterator[Place]:
    """Every place once: what several arguments have in common is reached by the shortest way."""
    seen: set[tuple[str, str]] = set()
    for operation, root in (("query", GRAPHQL.query_type), ("mutation", GRAPHQL.mutation_type)):
        assert root is not None
        for name, field in root.fields.items():
            fields: list[tuple[tuple[str, ...], GraphQLField]] = [((), field)]
            if "groupBy" in getattr(get_named_type(field.type), "fields", {}):
                fields.append((("groupBy",), _object(field).fields["groupBy"]))
            for inside, inner in fields:
                for argument, of in inner.args.items():
                    for path, leaf in _leaves(of.type, seen):
                        yield Place(operation, name, inside, argument, path, leaf)


def _leaves(type_: GraphQLInputType, seen: set[tuple[str, str]]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The values inside a type, the nearest first; what was seen before is left out."""
    left: list[tuple[tuple[str, ...], Any]] = [((), get_named_type(type_))]
    while left:
        path, named = left.pop(0)
        if not isinstance(named, GraphQLInputObjectType):
            yield path, named.name
            continue
        for name, field in named.fields.items():
            if (named.name, name) not in seen:
                seen.add((named.name, name))
                left.append(((*path, name), get_named_type(field.type)))


def _built(type_: GraphQLInputType, name: str, path: tuple[str, ...], value: Any, ids: Ids) -> Any:
    if isinstance(type_, GraphQLNonNull):
        return _built(type_.of_type, name, path, value, ids)
    if isinstance(type_, GraphQLList):
        return [_built(type_.of_type, name, path, value, ids)]
    if not path or not isinstance(type_, GraphQLInputObjectType):
        return value
    built = {} if type_.is_one_of else _required(type_, ids)
    return built | {path[0]: _built(type_.fields[path[0]].type, path[0], path[1:], value, ids)}


def _required(type_: GraphQLInputObjectType, ids: Ids) -> dict[str, Any]:
    needed = {name: field.type for name, field in type_.fields.items() if is_required_input_field(field)}
    return {name: _sample(of, name, ids) for name, of in needed.items()}


def _samples(field: GraphQLField, besides: str, ids: Ids) -> dict[str, Any]:
    needed = {name: of.type for name, of in field.args.items() if is_required_argument(of) and name != besides}
    return {name: _sample(of, name, ids) for name, of in needed.items()}


def _sample(type_: GraphQLInputType, name: str, ids: Ids) -> Any:
    if isinstance(type_, GraphQLNonNull):
        return _sample(type_.of_type, name, ids)
    if is_list_type(type_):
        return [_sample(type_.of_type, name, ids)]
    if isinstance(type_, GraphQLInputObjectType):
        one = next(iter(type_.fields.items())) if type_.is_one_of else None
        return _required(type_, ids) if one is None else {one[0]: _sample(one[1].type, one[0], ids)}
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if str(type_) == "ID":
        fits = [id_ for entity, id_ in ids.items() if name.removesuffix("Id").lower().endswith(entity.lower())]
        return [*fits, ids["Post"]][0]
    return SAMPLES.get(str(type_), TEXTS.get(name, "something"))


def _shown(field: GraphQLField) -> str:
    named = get_named_type(field.type)
    if is_leaf_type(named):
        return ""
    fields = getattr(named, "fields", {})
    if "nodes" in fields and "id" not in getattr(get_named_type(fields["nodes"].type), "fields", {}):
        return "{ totalCount }"  # groups have no ids
    for name, shown in (
        ("nodes", "totalCount nodes { id }"),
        ("errors", "errors { ... on UserError { code message } }"),
        ("count", "count"),
        ("id", "id"),
    ):
        if name in fields:
            return f"{{ {shown} }}"
    return "{ __typename }"


def _object(field: GraphQLField) -> GraphQLObjectType:
    named = get_named_type(field.type)
    assert isinstance(named, GraphQLObjectType)
    return named
