"""What nobody uses: a schema and its usage enter, the parts that no document named leave, deprecated ones first.

Some parts are in use though no document names them, and are no candidates: the field of an object where its interface's
field is asked for, and the values of an enumeration that a used field answers with.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from graphql import GraphQLEnumType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, get_named_type

from graph.contract.errors import ContractError
from graph.contract.usage import Usage
from graph.deprecations import day_of, parts_of
from graph.prepare.coordinates import INTROSPECTION


class Unused(NamedTuple):
    """A part of the schema that nobody used."""

    coordinate: str
    reason: str | None
    """Why it is deprecated; None: it is not."""
    date: date | None
    """When it goes, if the reason says so."""


def unused(schema: GraphQLSchema, usage: Usage) -> list[Unused]:
    """What nobody used, deprecated parts first, else in the schema's order.

    Raises `ContractError` when uses were lost, for then nobody knows.
    """
    if usage.overflow:
        raise ContractError(
            f"{usage.overflow:,} uses were lost, so nothing can be said to be unused. Ask again for fewer --days, after"
            " the loss; the server's log says when it was."
        )
    in_use = {*usage.uses, *implied(schema, usage)}
    found = [
        Unused(coordinate, part.deprecation_reason, day_of(part.deprecation_reason or ""))
        for coordinate, part in parts_of(schema)
        if coordinate not in in_use and not coordinate.startswith((INTROSPECTION, "@"))
    ]
    return sorted(found, key=lambda part: part.reason is None)


def implied(schema: GraphQLSchema, usage: Usage) -> Iterator[str]:
    """What is in use through something else."""
    for type_ in schema.type_map.values():
        if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            continue
        for name, field in type_.fields.items():
            owners = [type_.name, *(interface.name for interface in type_.interfaces)]
            used = [owner for owner in owners if f"{owner}.{name}" in usage.uses]
            if not used:
                continue
            yield f"{type_.name}.{name}"
            yield from (
                f"{type_.name}.{name}({argument}:)"
                for argument in field.args
                if any(f"{owner}.{name}({argument}:)" in usage.uses for owner in used)
            )
            answered = get_named_type(field.type)
            if isinstance(answered, GraphQLEnumType):
                yield from (f"{answered.name}.{value}" for value in answered.values)
