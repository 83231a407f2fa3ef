"""Types of the schema that are made of fields alone.

Fields enter, a class that Strawberry knows leaves; or a class that somebody has written, whose fields are all made.
`strawberry.type` would make a dataclass of each, with three methods that are compiled and that nothing calls: half of
the time in which an entity's types are made. Their annotations are whole when they are made, so that none is resolved
twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import strawberry
from strawberry.schema_directives import OneOf
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from graph.prepare.fields import Resolved, whole


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
            type_annotation=whole(annotation),
            description=description,
            default=default,
            metadata=metadata,
        )


def made_type(name: str, description: str, fields: Iterable[StrawberryField]) -> type[Any]:
    """An object type of these fields."""
    return _made(name, description, fields)


def made_input(name: str, description: str, fields: Iterable[MadeField], *, one_of: bool = False) -> type[Any]:
    """An input type of these fields; of `one_of`, exactly one is given."""
    return _made(name, description, fields, is_input=True, directives=(OneOf(),) if one_of else ())


def make_type(cls: type[Any], description: str, fields: Mapping[str, StrawberryField]) -> None:
    """Make a class the object type of these fields, by their names in Python, and of those of the types below it.

    What resolvers of somebody's own are bound to is Strawberry's affair.
    """
    below = [known for base in reversed(cls.__mro__) if (known := base.__dict__.get("__strawberry_definition__"))]
    every = {field.python_name: field for known in below for field in known.fields} | dict(fields)
    if any(field.base_resolver is not None for field in every.values()):
        for name, field in fields.items():
            setattr(cls, name, field)
        strawberry.type(cls, description=description)
        return
    interfaces = [known for known in reversed(below) if known.is_interface]
    _define(cls, to_camel_case(cls.__name__), description, every.values(), interfaces=interfaces)


def _made(name: str, description: str, fields: Iterable[StrawberryField], **told: Any) -> type[Any]:
    cls = type(name, (), {"__doc__": description})
    _define(cls, name, description, fields, **told)
    return cls


def _define(
    cls: type[Any],
    name: str,
    description: str,
    fields: Iterable[StrawberryField],
    *,
    is_input: bool = False,
    interfaces: Sequence[StrawberryObjectDefinition] = (),
    directives: Sequence[object] = (),
) -> None:
    known = cls.__strawberry_definition__ = StrawberryObjectDefinition(
        name=name,
        is_input=is_input,
        is_interface=False,
        origin=cls,
        description=description,
        interfaces=list(interfaces),
        extend=False,
        directives=directives,
        is_type_of=getattr(cls, "is_type_of", None),
        resolve_type=None,
        fields=[],
    )
    for field in fields:  # later than the definition, which would ask each whether its type is `Self`
        field.origin = field.origin or cls
        known.fields.append(field)
