"""From Strawberry's types to those of graphql-core, as the schema holds them.

A type, a field or an argument enters; graphql-core's leaves. A type is made once, and shared by all that lead to it: of
500 tables, Strawberry makes most of 90,000 types again for a field, to find that they are there. Nothing is resolved at
run time.
"""

from collections.abc import Callable
from typing import Any

import strawberry
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryOptional
from strawberry.types.field import StrawberryField

from graph.entity.registry import Deferred
from graph.execute.walk import called_in_time, resolver_of
from graph.prepare.fields import PlannedField, Resolved


class ConvertedSchema(strawberry.Schema):
    """A schema of Strawberry's whose types are made here."""

    @property
    def schema_converter(self) -> GraphQLCoreConverter:
        """What makes graphql-core's types of Strawberry's."""
        return self._converter

    @schema_converter.setter
    def schema_converter(self, theirs: GraphQLCoreConverter) -> None:
        # Strawberry makes one and asks nobody; ours takes its place before the first type is converted.
        self._converter = Converter(theirs)


class Converter(GraphQLCoreConverter):
    """Strawberry's converter, which knows fields that are made: they have nothing to find out."""

    def __init__(self, theirs: GraphQLCoreConverter) -> None:
        """Make it of the one that Strawberry has made, before that has converted anything."""
        super().__init__(theirs.config, {}, theirs.config.scalar_map, theirs.get_fields, theirs.exception_handlers)
        self._made: dict[int, tuple[object, Any]] = {}
        """By the identities of Strawberry's types, for some of them are equal and mean something else."""
        self._never_null: dict[int, tuple[object, Any]] = {}

    def from_type(self, type_: Any) -> Any:
        """The type itself, whether null stands beside it or not."""
        type_ = _made(type_)
        known = self._made.get(id(type_))
        if known is None:
            known = self._made[id(type_)] = type_, super().from_type(type_)
        return known[1]

    def from_maybe_optional(self, type_: Any) -> Any:
        """The type that a field or an argument has: one that may be null, or one that is never null."""
        if type(type_) is StrawberryOptional:
            return self.from_type(type_.of_type)
        type_ = _made(type_)
        known = self._never_null.get(id(type_))
        if known is None:
            known = self._never_null[id(type_)] = type_, super().from_maybe_optional(type_)
        return known[1]

    def from_resolver(self, field: StrawberryField) -> Callable[..., Any]:
        """What graphql-core calls for a value.

        Planned fields are called directly. Strawberry's wrapper would build an input object for each argument and an
        `Info` for each field; planned fields want the coerced values as they are.
        """
        theirs = super().from_resolver

        def own(field: StrawberryField) -> Callable[..., Any]:
            resolver = theirs(field)
            return called_in_time(resolver) if field.arguments else resolver

        return resolver_of(field, own) if isinstance(field, PlannedField) else own(field)

    def _validate_pydantic_field(self, field: StrawberryField, resolved_type: Any, *, is_input: bool) -> None:
        """See that a field of somebody's own leads to no Pydantic model that is no type; made fields never do."""
        if not isinstance(field, Resolved) or field.base_resolver is not None:
            super()._validate_pydantic_field(field, resolved_type, is_input=is_input)


def _made(type_: Any) -> Any:
    """The type that is made late, if it is one."""
    return type_.resolve_type() if isinstance(type_, Deferred) else type_
