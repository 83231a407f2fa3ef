"""Inputs of mutations: Pydantic models, which check what comes in, and the input types that the schema shows for them.

Values enter as graphql-core coerced them, an instance of the model leaves, or `Rejected` with an error for each value
that breaks a rule. What was left out is not among `model_fields_set`: unset and null are different things.
Source: https://docs.pydantic.dev/latest/concepts/models/
"""

import types
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from inspect import cleandoc
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin

import strawberry
from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from strawberry.scalars import JSON
from strawberry.utils.str_converters import to_camel_case

from graph.entity.filters import filter_type
from graph.entity.ids import key_in
from graph.entity.registry import Deferred, Entity, entity_of, optional
from graph.entity.scalars import check_text
from graph.entity.types import TYPES
from graph.errors import DeclarationError, InvalidId
from graph.writing.errors import InvalidInput, Place, Rejected
from graph.writing.wording import sentence, sentence_of

M = TypeVar("M", bound="Input")
T = TypeVar("T")


class Input(BaseModel):
    """The base of every input. Field names are those of Python; outside they are in camel case."""

    model_config = ConfigDict(
        alias_generator=to_camel_case,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )

    ONE_OF: ClassVar[bool] = False
    """Whether exactly one field is to be given."""
    ENTITY: ClassVar[Entity | None] = None
    """The entity whose columns the fields are, where the input is made from one."""

    def given(self, name: str) -> bool:
        """Whether the client gave a value, or null, for a field."""
        return name in self.model_fields_set


class _KeyOf:
    """The mark of a field that takes the id of an entity's row and holds its key."""

    def __init__(self, cls: type[Any]) -> None:
        self.cls = cls


def id_of(cls: type[Any]) -> Any:
    """The annotation of a field that takes a global id and holds the primary key of a row, as a tuple."""

    def read(value: Any) -> Any:
        try:
            return key_in(value, entity_of(cls)) if isinstance(value, str) else value
        except InvalidId:
            raise ValueError(
                f"this is not the id of a {entity_of(cls).one}; use an `id` that the API gave you"
            ) from None

    return Annotated[tuple[Any, ...], BeforeValidator(read), _KeyOf(cls)]


class _FilterOf:
    """The mark of a field that takes what a list of an entity takes as `where`."""

    def __init__(self, cls: type[Any]) -> None:
        self.cls = cls


def filter_of(cls: type[Any]) -> Any:
    """The annotation of a field that takes an entity's filter and holds it as `graph.entity.filters` reads it."""
    return Annotated[dict[str, Any], _FilterOf(cls)]


class _RowsOf:
    """The mark of a field that takes rows which are checked one by one, by whoever writes them."""

    def __init__(self, model: type[Input]) -> None:
        self.model = model


def rows_of(model: type[Input]) -> Any:
    """The annotation of a field that takes a list of inputs and holds them as they came; `parsed` checks each."""
    return Annotated[list[Any], _RowsOf(model)]


def parsed(model: type[M], given: Mapping[str, Any], place: Place) -> M:
    """Check what was given. Raises `Rejected` with an `InvalidInput` for each value that breaks a rule."""
    later = _checked_later(model)
    now = {name: value for name, value in given.items() if name not in later} if later else given
    if not _is_plain(now) and (unstorable := list(_unstorable(now, place))):
        raise Rejected(*unstorable)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise Rejected(*(InvalidInput(sentence_of(it), (*place, *it["loc"])) for it in details)) from None


@cache
def _checked_later(model: type[Input]) -> frozenset[str | None]:
    """The fields whose rows are checked one by one."""
    return frozenset(field.alias for field in model.model_fields.values() if _mark(field, _RowsOf))


def _is_plain(value: Any) -> bool:
    """Whether a look is enough to know that everything in a value can be stored."""
    if isinstance(value, str):
        return value.isascii() and "\x00" not in value
    if isinstance(value, Mapping):
        return all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    return not isinstance(value, list) or all(map(_is_plain, value))


def _unstorable(value: Any, place: Place) -> Iterator[Any]:
    """An error for each text that a database has no place for."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _unstorable(inner, (*place, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unstorable(inner, (*place, index))
    elif isinstance(value, str) and not isinstance(value, Enum):
        try:
            check_text(value)
        except ValueError as error:
            yield InvalidInput(sentence(str(error)), place)


@cache
def input_type(model: type[Input]) -> type[Any]:
    """The input type of the schema for a model. Raises `DeclarationError` for a field that GraphQL has no form for."""
    annotations: dict[str, Any] = {}
    members: dict[str, Any] = {"__annotations__": annotations}
    for name, field in model.model_fields.items():
        annotation = _annotation(model, name, field)
        if (not field.is_required() and not isinstance(field.default, Enum)) or model.ONE_OF:
            annotation = optional(annotation) if not _is_optional(annotation) else annotation
        annotations[name] = annotation
        default = {} if field.is_required() and not model.ONE_OF else {"default": _default(field)}
        members[name] = strawberry.field(name=field.alias, description=_description(model, name, field), **default)
    made = type(model.__name__, (), members)
    return strawberry.input(
        made, name=model.__name__, description=_first_paragraph(model), one_of=True if model.ONE_OF else None
    )


def _description(model: type[Input], name: str, field: FieldInfo) -> str:
    if not field.description:
        raise DeclarationError(f"{model.__name__}.{name} has no description; give it Field(description=…).")
    return field.description


def _default(field: FieldInfo) -> Any:
    """What the schema shows: of enumerations the value that is taken, of others nothing."""
    return field.default if isinstance(field.default, Enum) else strawberry.UNSET


def _mark(field: FieldInfo, kind: type[T]) -> T | None:
    return next((mark for mark in field.metadata if isinstance(mark, kind)), None)


def _annotation(model: type[Input], name: str, field: FieldInfo) -> Any:
    if _mark(field, _KeyOf):
        return strawberry.ID
    rows, filtered = _mark(field, _RowsOf), _mark(field, _FilterOf)
    if rows is not None:
        return list[input_type(rows.model)]  # type: ignore[misc]  # made for Strawberry
    if filtered is not None:  # made late: what a filter leads to is not declared yet
        entity = entity_of(filtered.cls)
        return Deferred(f"{entity.name}Filter", lambda: filter_type(entity))
    found = _graphql(field.annotation)
    if found is None:
        raise DeclarationError(f"{model.__name__}.{name}: GraphQL has no form for {field.annotation!r}.")
    return found


def _graphql(annotation: Any) -> Any:
    """The annotation that Strawberry is given; None if there is none."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        marked = any(isinstance(mark, _KeyOf) for mark in arguments[1:])
        return strawberry.ID if marked else _graphql(arguments[0])
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        found = _graphql(inner)
        return None if found is None else found | None
    if origin is list:
        found = _graphql(arguments[0])
        return None if found is None else list[found]  # type: ignore[valid-type]  # made for Strawberry
    if origin is dict or annotation in (dict, Any):
        return JSON
    if isinstance(annotation, type) and issubclass(annotation, Input):
        return input_type(annotation)
    if TYPES.of(annotation) is not None:
        return annotation
    if annotation is SecretStr:
        return str
    return None


def _is_optional(annotation: Any) -> bool:
    return type(None) in get_args(annotation)


def _first_paragraph(model: type[Input]) -> str:
    return cleandoc(model.__doc__ or model.__name__).split("\n\n")[0].replace("\n", " ")
