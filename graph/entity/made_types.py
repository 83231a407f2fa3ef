"""Types of the schema that are made of fields, and that nobody has written as a class.

Fields enter, a class that Strawberry knows leaves. `strawberry.type` would make a dataclass of each, with three methods
that are compiled and that nothing calls: half of the time in which an entity's types are made. Their annotations are
whole when they are made, so that none is resolved twice.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from strawberry.annotation import StrawberryAnnotation
from strawberry.schema_directives import OneOf
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from graph.prepare.fields import Resolved


class MadeField(Resolved):
    """A field of an input type."""

    def __init__(
        self,
        python_name: str,
        graphql_name: str,
        annotation: object,
        description: str,
        default: object,
        metadata: dict[object, object] | None = None,
    ) -> None:
        super().__init__(
            python_name=python_name,
            graphql_name=graphql_name,
            type_annotation=StrawberryAnnotation(annotation),
            description=description,
            default=default,
            metadata=metadata,
        )


def made_type(name: str, description: str, fields: Iterable[StrawberryField]) -> type[Any]:
    """An object type of these fields."""
    return _made(name, description, fields)


def made_input(name: str, description: str, fields: Iterable[MadeField], *, one_of: bool | None = None) -> type[Any]:
    """An input type of these fields; of `one_of`, exactly one is given."""
    return _made(name, description, fields, is_input=True, directives=(OneOf(),) if one_of else ())


def _made(
    name: str,
    description: str,
    fields: Iterable[StrawberryField],
    *,
    is_input: bool = False,
    directives: Sequence[object] = (),
) -> type[Any]:
    cls = type(name, (), {"__doc__": description})
    found = list(fields)
    for field in found:
        field.origin = cls
    definition = StrawberryObjectDefinition(
        name=name,
        is_input=is_input,
        is_interface=False,
        origin=cls,
        description=description,
        interfaces=[],
        extend=False,
        directives=directives,
        is_type_of=None,
        resolve_type=None,
        fields=found,
    )
    cls.__strawberry_definition__ = definition  # type: ignore[attr-defined]  # Strawberry's name for it
    return cls
