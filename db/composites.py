"""Composite types: classes whose attributes are those of a type of the database.

    @composite("address", schema="shop")
    class Address:
        city: Annotated[str | None, Text()]
        zip_code: Annotated[Decimal | None, "Zip Code", Numeric(8, 2)]

A class enters and leaves as a frozen dataclass that knows its type of the database; an attribute with another name
there says so. Every attribute may be null: the database cannot say otherwise. How columns hold values: `db.dialects`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, make_dataclass
from types import NoneType
from typing import Annotated, Any, NamedTuple, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

from sqlalchemy.types import TypeEngine, to_instance

T = TypeVar("T")


class Part(NamedTuple):
    """An attribute of a composite type."""

    attribute: str
    """In Python."""
    name: str
    """In the database."""
    annotation: Any
    """Of its values, without None."""
    type: TypeEngine[Any]


class CompositeType(NamedTuple):
    """A composite type of the database."""

    name: str
    schema: str | None
    parts: tuple[Part, ...]
    """In the order of the type."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
def composite(name: str, *, schema: str | None = None) -> Callable[[type[T]], type[T]]:
    """Declare that a class is a composite type of the database. Raises `TypeError` for an attribute without a type."""

    def decorate(cls: type[T]) -> type[T]:
        parts = tuple(_parts(cls))
        for part in parts:
            setattr(cls, part.attribute, None)  # what is left out is null
        made: Any = dataclass(frozen=True, kw_only=True)(cls)
        made.__composite__ = CompositeType(name, schema, parts)
        found: type[T] = made
        return found

    return decorate


def made_composite(class_name: str, module: str, type_: CompositeType) -> type[Any]:
    """The class of a composite type that nobody has written a class for."""
    fields = [(part.attribute, Any, None) for part in type_.parts]
    made: Any = make_dataclass(class_name, fields, frozen=True, kw_only=True)
    made.__composite__, made.__module__ = type_, module
    made.__doc__ = f"The values of `{type_.name}`."
    found: type[Any] = made
    return found


def composite_of(cls: object) -> CompositeType | None:
    """The composite type that a class is; None for any other."""
    found = getattr(cls, "__composite__", None)
    return found if isinstance(found, CompositeType) else None


def _parts(cls: type[Any]) -> Iterable[Part]:
    for attribute, annotation in get_type_hints(cls, include_extras=True).items():
        shown, *said = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
        types = [to_instance(it) for it in said if isinstance(it, TypeEngine | type)]
        if len(types) != 1:
            raise TypeError(
                f"{cls.__name__}.{attribute} says no type of the database; write Annotated[str | None, Text()]."
            )
        name = next((it for it in said if isinstance(it, str)), attribute)
        yield Part(attribute, name, _without_none(shown), types[0])


def _without_none(annotation: Any) -> Any:
    found = [part for part in get_args(annotation) if part is not NoneType]
    return found[0] if NoneType in get_args(annotation) and len(found) == 1 else annotation
