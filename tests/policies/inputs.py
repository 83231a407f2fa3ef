"""Inputs of every mutation, made of the schema, with one id in one place: where ids lead is found, not listed."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from graph import schema
from graph.entity.registry import Entity, entity_of
from graph.writing.inputs import Input, _KeyOf
from graph.writing.mutation import MutationField

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
        """The mutation, with its errors."""
        name = f"{self.mutation[0].upper()}{self.mutation[1:]}Input"
        return (
            f"mutation ($input: {name}!) {{ {self.mutation}(input: $input)"
            " { __typename errors { ... on UserError { __typename code message path } } } }"
        )

    def input(self, id_: str, ids: Ids) -> Any:
        """An input with this id in this place."""
        return _filled(_mutations()[self.mutation].declaration.input, self.place, id_, ids)


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
    if annotation in (str, SecretStr):
        return TEXTS.get(name, "something")
    return {bool: True, int: 1, Decimal: "1.00"}.get(annotation, {})
