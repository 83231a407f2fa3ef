"""Inputs of every mutation, made of the schema, with one id in one place: where ids lead is found, not listed."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type, is_leaf_type
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from graph import schema
from graph.entity.registry import Entity, entity_of
from graph.files import Upload
from graph.writing.inputs import Input, _KeyOf, _RowsOf
from graph.writing.mutation import MutationField
from tests.policies.worlds import GRAPHQL

TEXTS = {"currency": "EUR", "email": "somebody@example.org", "slug": "a-slug"}
"""Texts that their fields take; others take anything."""

Ids = Mapping[str, str]
"""By the name of the entity, an id for places that are not looked at."""


class IdPlace(NamedTuple):
    """A place of a mutation's input that takes the id of an entity."""

    mutation: str
    place: tuple[str | int, ...]
    entity: Entity

    @property
    def document(self) -> str:
        """The mutation, with all that its payload has."""
        return asked(self.mutation)

    def input(self, id_: str, ids: Ids) -> Any:
        """An input with this id in this place."""
        return _filled(_mutations()[self.mutation].declaration.input, self.place, id_, ids)


class FilterPlace(NamedTuple):
    """A place of a mutation's input that takes the filter of an entity."""

    mutation: str
    place: str
    filter: str

    @property
    def document(self) -> str:
        """The mutation, with all that its payload has."""
        return asked(self.mutation)


def asked(mutation: str) -> str:
    """The document of a mutation: its errors, its values, and the ids of the rows that it shows."""
    field = _root().fields[mutation]
    payload, given = get_named_type(field.type), get_named_type(field.args["input"].type)
    assert isinstance(payload, GraphQLObjectType)
    shown = {"errors": "errors { ... on UserError { __typename code message path } }"}
    for name, inner in payload.fields.items():
        below = "id" if "id" in getattr(get_named_type(inner.type), "fields", ()) else "__typename"
        shown.setdefault(name, name if is_leaf_type(get_named_type(inner.type)) else f"{name} {{ {below} }}")
    return (
        f"mutation ($input: {given.name}!) {{ {mutation}(input: $input) {{ __typename {' '.join(shown.values())} }} }}"
    )


def filter_places() -> Iterator[FilterPlace]:
    """Every place of every mutation that takes a filter, by the schema."""
    for name, given in _inputs():
        for place, field in given.fields.items():
            if get_named_type(field.type).name.endswith("Filter"):
                yield FilterPlace(name, place, get_named_type(field.type).name)


def ids_in_the_schema() -> set[tuple[str, tuple[str, ...]]]:
    """Every place of every mutation whose type is ID, by the schema; those inside of filters are no rows to change."""
    return {(name, place) for name, given in _inputs() for place in _ids_in(given)}


def _inputs() -> Iterator[tuple[str, GraphQLInputObjectType]]:
    for name, field in _root().fields.items():
        given = get_named_type(field.args["input"].type)
        assert isinstance(given, GraphQLInputObjectType)
        yield name, given


def _ids_in(given: GraphQLInputObjectType) -> Iterator[tuple[str, ...]]:
    for name, field in given.fields.items():
        inner = get_named_type(field.type)
        if inner.name == "ID":
            yield (name,)
        elif isinstance(inner, GraphQLInputObjectType) and not inner.name.endswith("Filter"):
            yield from ((name, *below) for below in _ids_in(inner))


def _root() -> GraphQLObjectType:
    assert GRAPHQL.mutation_type is not None
    return GRAPHQL.mutation_type


@cache
def _mutations() -> Mapping[str, MutationField]:
    fields = schema.Mutation.__strawberry_definition__.fields
    return {field.graphql_name: field for field in fields}


def id_places() -> Iterator[IdPlace]:
    """Every place of every mutation that takes an id."""
    for name, mutation in _mutations().items():
        for place, entity in dict.fromkeys(_places(mutation.declaration.input)):
            yield IdPlace(name, place, entity)


def _places(model: type[Input]) -> Iterator[tuple[tuple[str | int, ...], Entity]]:
    for field in model.model_fields.values():
        alias = str(field.alias)
        for inner, place in _inside(field):
            if isinstance(inner, _KeyOf):
                yield (alias, *place), entity_of(inner.cls)
            else:
                yield from (((alias, *place, *below), entity) for below, entity in _places(inner))


def _inside(field: FieldInfo) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """The marks of ids and the inputs that a field holds, with the place in a list if it is one."""
    yield from ((mark, ()) for mark in field.metadata if isinstance(mark, _KeyOf))
    yield from ((mark.model, (0,)) for mark in field.metadata if isinstance(mark, _RowsOf))
    yield from _of(field.annotation, ())


def _of(annotation: Any, place: tuple[int, ...]) -> Iterator[tuple[Any, tuple[int, ...]]]:
    if isinstance(annotation, _KeyOf) or (isinstance(annotation, type) and issubclass(annotation, Input)):
        yield annotation, place
        return
    inside = (*place, 0) if get_origin(annotation) is list else place
    for argument in get_args(annotation):
        yield from _of(argument, inside)
    for mark in getattr(annotation, "__metadata__", ()):
        yield from _of(mark, place)


def _filled(model: type[Input], place: tuple[str | int, ...], id_: str, ids: Ids) -> dict[str, Any]:
    """An input with what it must have, and an id in its place."""
    given: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        alias, marks = str(field.alias), [mark for mark, _ in _inside(field) if isinstance(mark, _KeyOf)]
        models = [inner for inner, _ in _inside(field) if isinstance(inner, type)]
        if place and place[0] == alias:
            rest = tuple(part for part in place[1:] if part != 0)
            value = _filled(models[0], rest, id_, ids) if rest else id_
            given[alias] = [value] if 0 in place[1:2] else value
        elif field.is_required() and not model.ONE_OF:
            given[alias] = ids[entity_of(marks[0].cls).name] if marks else _sample(name, field.annotation, ids)
    return given


def _sample(name: str, annotation: Any, ids: Ids) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Input):
        return _filled(annotation, (), "", ids)
    if get_origin(annotation) is list:
        return [_sample(name, get_args(annotation)[0], ids)]
    if get_origin(annotation) in (Union, UnionType):
        return _sample(name, get_args(annotation)[0], ids)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return next(iter(annotation)).name
    if annotation is Upload:
        return None  # a file comes beside the input
    if annotation in (str, SecretStr):
        return TEXTS.get(name, "something")
    return {bool: True, int: 1, Decimal: "1.00"}.get(annotation, {})
