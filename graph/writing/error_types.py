"""The types of user errors: what a schema shows of the errors that its mutations answer with.

Classes of `UserError` enter; the interface, a type for each class, the enumeration of their codes and a union for each
mutation leave. They are made anew for each schema, so that no schema shows an error that none of its mutations has.
Nothing is answered here. Why unions: docs/decisions/0022-names-in-the-schema.md.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, TypeAlias

import strawberry

from graph.entity.fields import described_enum
from graph.prepare.fields import whole
from graph.writing.errors import ErrorClass

DESCRIPTION = (
    "Why a mutation did not do what was asked. Nothing was changed, unless it says so. Whatever stands under `errors`"
    " has these fields: ask for them with `... on UserError { message code path }`."
)

Fields: TypeAlias = Mapping[str, tuple[Any, str]]
"""The annotation and the description of each field."""


class ErrorTypes:
    """What one schema shows of these errors."""

    def __init__(self, errors: Iterable[ErrorClass]) -> None:
        classes = _by_name(errors)
        self._interface = _interface(classes)
        self._types = {cls: whole(self._made(cls)) for cls in classes}

    def union(self, name: str, description: str, errors: Iterable[ErrorClass]) -> Any:
        """The type of what one mutation may answer with, in the order of the names."""
        made = strawberry.union(name, description=description)
        made.type_annotations = tuple(self._types[cls] for cls in _by_name(errors))
        return made

    def _made(self, cls: ErrorClass) -> type[Any]:
        def is_type_of(error: object, _info: object) -> bool:
            return type(error) is cls

        members = _members(cls.data())
        members |= {"__module__": cls.__module__, "__doc__": cls.description(), "is_type_of": staticmethod(is_type_of)}
        return strawberry.type(type(cls.__name__, (self._interface,), members), description=cls.description())


def _by_name(errors: Iterable[ErrorClass]) -> list[ErrorClass]:
    return sorted(set(errors), key=lambda cls: cls.__name__)


def _interface(classes: Iterable[ErrorClass]) -> type[Any]:
    texts: Fields = {
        "message": (str, "What is wrong and how to mend it, for people; the words may change."),
        "code": (_codes(classes), "What is wrong, for programs."),
        "path": (list[str], "Where in the arguments the cause stands; numbers count from 0."),
    }
    return strawberry.interface(type("UserError", (), _members(texts)), name="UserError", description=DESCRIPTION)


def _members(fields: Fields) -> dict[str, Any]:
    members: dict[str, Any] = {name: strawberry.field(description=text) for name, (_, text) in fields.items()}
    return members | {"__annotations__": {name: annotation for name, (annotation, _) in fields.items()}}


def _codes(classes: Iterable[ErrorClass]) -> type[Enum]:
    """The enumeration of the codes. Several errors may have one."""
    described: dict[str, str] = {}
    for cls in classes:
        described[cls.CODE] = " ".join(filter(None, (described.get(cls.CODE), cls.description())))
    codes = Enum("UserErrorCode", {code: code for code in sorted(described)})  # type: ignore[misc]  # made of the errors
    found: type[Enum] = described_enum(codes, "What a mutation may answer instead of doing what was asked.", described)
    return found
