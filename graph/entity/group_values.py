"""Values that rows are told apart by: columns, and to-one relations by their columns.

An entity enters, an enumeration of its values leaves. Groups, numbers of different values, the first of each and
comparisons of columns share the enumeration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from graph.entity.directions import is_ordered
from graph.entity.fields import described_enum
from graph.entity.names import constant, made_name
from graph.entity.registry import Entity


@dataclass(frozen=True)
class GroupField:
    """A value that rows can be grouped by: a column, or a to-one relation by its columns."""

    graphql_name: str
    columns: tuple[str, ...]
    description: str


@cache
def group_fields(entity: Entity) -> Mapping[str, GroupField]:
    """The values that an entity's rows can be grouped by, by the names that the API has for them."""
    found = [
        GroupField(name, (attribute.name,), attribute.description)
        for name, attribute in entity.attributes.items()
        if attribute.is_column and is_ordered(attribute)
    ]
    found += [
        GroupField(name, relation.link.key, relation.description)
        for name, relation in entity.relations.items()
        if not relation.link.to_many and relation.link.key != entity.key
    ]
    return {constant(field.graphql_name): field for field in found}


@cache
def group_enum(entity: Entity) -> Any:
    """The enumeration of those values."""
    fields = group_fields(entity)
    made = Enum(made_name(entity, "GroupField"), {name: name.lower() for name in fields})  # type: ignore[misc]  # made of the model
    return described_enum(
        made,
        f"What {entity.many} can be grouped by.",
        {name: field.description for name, field in fields.items()},
    )
