"""Deprecations: what of a schema is to go, and when.

A schema or a reason enters; reasons by coordinate, or a date, leave. A date is part of the reason:
`deprecated="Use summary. Goes on 2027-06-01."`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from graphql import GraphQLEnumType, GraphQLSchema

GOES_ON = re.compile(r"\bgoes\s+on:?\s+(\d{4}-\d{2}-\d{2})\b", re.IGNORECASE | re.ASCII)
DAY = re.compile(r"\b(\d{4}-\d{2}-\d{2})\b", re.ASCII)


def day_of(reason: str) -> date | None:
    """The day on which something goes: of several the one after "Goes on", or the latest; None without one."""
    return max(_days(GOES_ON, reason), default=None) or max(_days(DAY, reason), default=None)


def _days(pattern: re.Pattern[str], reason: str) -> Iterator[date]:
    for found in pattern.findall(reason):
        try:
            yield date.fromisoformat(found)
        except ValueError:  # 2027-02-30
            continue


def reasons_of(schema: GraphQLSchema) -> Mapping[str, str]:
    """Why fields, arguments, input fields and values of enumerations are deprecated, by coordinate."""
    return {
        coordinate: part.deprecation_reason
        for coordinate, part in parts_of(schema)
        if part.deprecation_reason is not None
    }


def parts_of(schema: GraphQLSchema) -> Iterator[tuple[str, Any]]:
    """Every part of a schema that can be deprecated, by coordinate, in the schema's order."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLEnumType):
            yield from ((f"{type_.name}.{name}", value) for name, value in type_.values.items())
            continue
        fields: Mapping[str, Any] = getattr(type_, "fields", {})
        for name, field in fields.items():
            coordinate = f"{type_.name}.{name}"
            yield coordinate, field
            yield from _arguments(coordinate, getattr(field, "args", {}).items())
    for directive in schema.directives:
        yield from _arguments(f"@{directive.name}", directive.args.items())


def _arguments(owner: str, arguments: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    return ((f"{owner}({name}:)", argument) for name, argument in arguments)
