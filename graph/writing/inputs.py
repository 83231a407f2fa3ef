"""Inputs of mutations: Pydantic models, which check what comes in, and the input types that the schema shows for them.

Values enter as graphql-core coerced them; an instance of the model leaves, or `Rejected` with an error for each value
that breaks a rule. A field that was left out is not among `model_fields_set`: unset and null are different things.
Nothing is read from the database: whether a row exists is not known here.
Source: https://docs.pydantic.dev/latest/concepts/models/
"""

import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING
from enum import Enum
from functools import cache
from typing import Annotated, Any, ClassVar, TypeAlias, TypeVar, Union, get_args, get_origin

import strawberry
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError, create_model
from pydantic.fields import FieldInfo
from strawberry.scalars import JSON
from strawberry.utils.str_converters import to_camel_case

from graph.entity.completeness import check_complete
from graph.entity.fields import describe_enum, first_paragraph
from graph.entity.filters import filter_type
from graph.entity.ids import key_in
from graph.entity.made_types import MadeField, made_input
from graph.entity.registry import Deferred, Entity, entity_of, optional
from graph.entity.scalars import check_text
from graph.entity.types import TYPES
from graph.errors import DeclarationError, InvalidFilter, InvalidId
from graph.prepare.late import Late
from graph.writing.errors import InvalidInput, Place, Rejected, UserError
from graph.writing.messages import sentence, sentence_of

InputT = TypeVar("InputT", bound="Input")
MarkT = TypeVar("MarkT")

Annotation: TypeAlias = Any
"""What stands behind the colon of a field, made at run time: Python has no type for all that may stand there."""

Base = TypeVar("Base", bound="Input")


class Input(BaseModel):
    """The base of every input. Field names are those of Python; outside they are in camel case, or as a type says."""

    model_config = ConfigDict(
        alias_generator=to_camel_case,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        defer_build=True,  # its validator is made when the first input comes: 500 tables have 1,500 inputs
    )

    ONE_OF: ClassVar[bool] = False
    """Whether exactly one field is to be given."""
    ENTITY: ClassVar[Entity | None] = None
    """The entity whose columns the fields are, where the input is made from one."""

    def given(self, name: str) -> bool:
        """Whether the client gave a value, or null, for a field."""
        return name in self.model_fields_set


def entity_input(entity: Entity, name: str, doc: str, fields: Mapping[str, Annotation]) -> type[Input]:
    """An input about rows of an entity. `fields` are as Pydantic's `create_model` takes them."""
    model: type[Input] = create_model(name, __base__=named_as(entity, Input), __doc__=doc, **fields)
    model.ENTITY = entity
    return model


@cache
def named_as(entity: Entity, base: type[Base]) -> type[Base]:
    """The base of an input whose fields are called as the attributes of an entity are in the schema."""
    return type(base.__name__, (base,), {"model_config": ConfigDict(alias_generator=entity.shown)})


class _KeyOf:
    """The mark of a field that takes the id of an entity's row and holds its key."""

    def __init__(self, cls: type[object]) -> None:
        self.cls = cls


def id_of(cls: type[object]) -> Annotation:
    """The annotation of a field that takes a global id and holds the primary key of a row, as a tuple."""

    def read(value: object) -> object:
        try:
            return key_in(value, entity_of(cls)) if isinstance(value, str) else value
        except InvalidId:
            one = entity_of(cls).a_one
            raise ValueError(f"this is not the id of {one}; use an `id` that the API gave you") from None

    return Annotated[tuple[Any, ...], BeforeValidator(read), _KeyOf(cls)]


def reference_to(cls: type[object]) -> Annotation:
    """The annotation of a column that refers to an entity's row: the global id enters, the row's key is kept.

    The key has to be of one column, as the column that refers to it is.
    """
    return Annotated[id_of(cls), AfterValidator(lambda key: key[0])]


class Guard:
    """The mark of a field that stands against a change. It may be left out; where it is written, it has a value.

    A variable without a value, or null, would take the guard away, and nobody would know.
    """

    def __init__(self, otherwise: str) -> None:
        self.otherwise = otherwise
        """What would happen without it, behind "so"."""


Version = Annotated[int, Guard("the change would be made whatever the version is")]
"""The annotation of `if_version`, with `| None`."""


class _FilterOf(Guard):
    """The mark of a field that takes an entity's filter: the `where` of its lists."""

    def __init__(self, cls: type[object]) -> None:
        super().__init__("more would be changed than was asked for")
        self.cls = cls


ALL = "all"
"""The field of an input that says in the place of a filter that all rows are meant."""


def filter_of(cls: type[object]) -> Annotation:
    """The annotation of a field that takes an entity's filter and holds it as `graph.entity.filters` reads it.

    A filter says what is changed, so nothing in it may be empty: `graph.entity.completeness`.
    """
    return Annotated[dict[str, Any], _FilterOf(cls)]


class _RowsOf:
    """The mark of a field that takes rows which are checked one by one, later, by the work of the mutation."""

    def __init__(self, model: type[Input]) -> None:
        self.model = model


class _WholeRowsOf(_RowsOf, Guard):
    """The mark of such a field whose rows take the place of others, whole."""

    def __init__(self, model: type[Input]) -> None:
        super().__init__(model)
        self.otherwise = "what the row has there would be lost"


def rows_of(model: type[Input], *, whole: bool = False) -> Annotation:
    """The annotation of a field that takes a list of inputs and holds them as they came; `parsed` checks each.

    `whole` rows take the place of rows that are there: what is left out of one is lost.
    """
    return Annotated[list[Any], _WholeRowsOf(model) if whole else _RowsOf(model)]


def parsed(model: type[InputT], given: Mapping[str, object], place: Place) -> InputT:
    """Check the values of an input. Raises `Rejected` with an `InvalidInput` for each value that breaks a rule."""
    later = _checked_later(model)
    now = {name: value for name, value in given.items() if name not in later} if later else given
    if not _is_plain(now) and (refused := [*_unstorable(now, place), *_left_open(model, now, place)]):
        raise Rejected(*refused)
    if is_guarded(model) and (open_ := list(_open_guards(model, given, place))):
        raise Rejected(*open_)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise Rejected(*(InvalidInput(sentence_of(it), (*place, *it["loc"])) for it in details)) from None


@cache
def guards_of(model: type[Input]) -> Mapping[str, str]:
    """The guards of an input by the names of the schema, and what would happen without them."""
    marked = {str(field.alias): _mark(field, Guard) for field in model.model_fields.values()}
    return {name: guard.otherwise for name, guard in marked.items() if guard is not None}


@cache
def inputs_in(model: type[Input]) -> Mapping[str, type[Input]]:
    """The inputs that an input holds, alone or in lists, by the names of the schema."""
    held = {str(field.alias): _input_in(field.annotation) for field in model.model_fields.values()}
    return {name: inner for name, inner in held.items() if inner is not None}


def _input_in(annotation: object) -> type[Input] | None:
    if isinstance(annotation, type) and issubclass(annotation, Input):
        return annotation
    return next((inner for part in get_args(annotation) if (inner := _input_in(part)) is not None), None)


@cache
def is_guarded(model: type[Input]) -> bool:
    """Whether an input, or one inside of it, has guards."""
    return bool(guards_of(model)) or any(map(is_guarded, inputs_in(model).values()))


def _open_guards(model: type[Input], given: Mapping[str, object], place: Place) -> Iterator[UserError]:
    """An error for each guard that is null, and for each filter that asks nothing somewhere; also in what is inside."""
    for name, inner in inputs_in(model).items():
        if is_guarded(inner):
            for at, part in _parts(given.get(name), (*place, name)):
                yield from _open_guards(inner, part, at)
    for field in model.model_fields.values():
        name = str(field.alias)
        if name not in given or _mark(field, Guard) is None:
            continue
        value, filtered = given[name], _mark(field, _FilterOf)
        if value is None:
            yield InvalidInput("Null stands against nothing; send a value, or leave it out.", (*place, name))
        elif filtered is not None and value == {} and ALL in model.model_fields:
            yield InvalidInput("This asks nothing; send a comparison, or `all: true` in its place.", (*place, name))
        elif filtered is not None and isinstance(value, Mapping):
            try:
                check_complete(entity_of(filtered.cls), value, name)
            except InvalidFilter as error:
                yield InvalidInput(error.message, (*place, name))


def _parts(value: object, place: Place) -> Iterator[tuple[Place, Mapping[str, object]]]:
    """The objects of a value, which is one or a list of some, with their places."""
    if isinstance(value, Mapping):
        yield place, value
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _parts(inner, (*place, at))


@cache
def _checked_later(model: type[Input]) -> frozenset[str | None]:
    """The fields whose rows are checked one by one."""
    return frozenset(field.alias for field in model.model_fields.values() if _mark(field, _RowsOf))


def _is_plain(value: object) -> bool:
    """Whether all text in a value is ASCII without U+0000, which every database can store, and is meant as it stands.

    Nearly all inputs are, and this look costs a quarter of the one that finds the place of each bad text. It keeps a
    list of values to look at instead of calling itself for each.
    """
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            if not part.isascii() or "\x00" in part or isinstance(part, Late):
                return False
        elif isinstance(part, Mapping):
            waiting += part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return True


def _unstorable(value: object, place: Place) -> Iterator[UserError]:
    """An error for each text that a database cannot store."""
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


def _left_open(model: type[Input], given: Mapping[str, object], place: Place) -> Iterator[UserError]:
    """An error for each value that is known at the run alone: filters take such, rows do not."""
    for name, value in given.items():
        if name not in _filters_of(model):
            yield from _late(value, (*place, name))


@cache
def _filters_of(model: type[Input]) -> frozenset[str]:
    return frozenset(str(field.alias) for field in model.model_fields.values() if _mark(field, _FilterOf))


def _late(value: object, place: Place) -> Iterator[UserError]:
    if isinstance(value, Late):
        yield InvalidInput(f"{value} stands for a moment in filters alone; send the moment itself.", place)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _late(inner, (*place, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _late(inner, (*place, index))


@cache
def input_type(model: type[Input]) -> Annotation:
    """The input type of the schema for a model. Raises `DeclarationError` for a field that GraphQL has no type for."""
    fields = (_field(model, name, field) for name, field in model.model_fields.items())
    description = first_paragraph(model.__doc__) or model.__name__
    return made_input(model.__name__, description, fields, one_of=model.ONE_OF)


def _field(model: type[Input], name: str, field: FieldInfo) -> MadeField:
    annotation = _annotation(model, name, field)
    is_enum = isinstance(field.default, Enum)
    may_be_null = model.ONE_OF or not (field.is_required() or is_enum)
    return MadeField(
        name,
        str(field.alias),
        optional(annotation) if may_be_null and not _is_optional(annotation) else annotation,
        _description(model, name, field),
        _default(model, field),
    )


def _description(model: type[Input], name: str, field: FieldInfo) -> str:
    if not field.description:
        raise DeclarationError(f"{model.__name__}.{name} has no description; give it Field(description=…).")
    return field.description


def _default(model: type[Input], field: FieldInfo) -> object:
    """The default that the schema shows: of enumerations the value that is taken, of others nothing."""
    if field.is_required() and not model.ONE_OF:
        return MISSING
    return field.default if isinstance(field.default, Enum) else strawberry.UNSET


def _mark(field: FieldInfo, kind: type[MarkT]) -> MarkT | None:
    """The mark of a field: its own, or that of the one type that it holds besides null."""
    marks = [*field.metadata, *(mark for part in get_args(field.annotation) for mark in get_args(part)[1:])]
    return next((mark for mark in marks if isinstance(mark, kind)), None)


def _annotation(model: type[Input], name: str, field: FieldInfo) -> Annotation:
    if _mark(field, _KeyOf):
        return strawberry.ID
    rows, filtered = _mark(field, _RowsOf), _mark(field, _FilterOf)
    if rows is not None:
        return list[input_type(rows.model)]  # type: ignore[misc]  # made for Strawberry
    if filtered is not None:  # made late: the entities that a filter leads to may not be declared yet
        entity = entity_of(filtered.cls)
        return Deferred(f"{entity.name}Filter", lambda: filter_type(entity))
    found = _graphql(field.annotation)
    if found is None:
        raise DeclarationError(f"{model.__name__}.{name}: GraphQL has no form for {field.annotation!r}.")
    return found


def _graphql(annotation: object) -> Annotation:
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
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        describe_enum(annotation)
    entry = TYPES.of(annotation)
    if entry is not None:
        return entry.taken
    if annotation is SecretStr:
        return str
    return None


def _is_optional(annotation: object) -> bool:
    return type(None) in get_args(annotation)
