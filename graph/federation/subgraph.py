"""The subgraph of one schema: its query type for gateways, and its text.

A query type enters, the same with the fields of a subgraph leaves, and the schema's text with the marks of one.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import strawberry
from strawberry.types.field import StrawberryField
from strawberry.types.scalar import ScalarDefinition
from strawberry.utils.str_converters import to_camel_case

from graph.entity.roots import entities_of, look_ups_of
from graph.errors import ClientError, DeclarationError
from graph.federation.fields import SCALARS, EntitiesField, look_ups, service_field
from graph.federation.sdl import Marking
from graph.prepare.fields import PlannedField
from graph.settings import Settings


class HiddenSchema(ClientError):
    """The text of the schema, where questions about the schema are not answered."""

    code = "FORBIDDEN"

    def __init__(self) -> None:
        super().__init__(
            "This server answers no questions about its schema; compose with what `trellis schema export --federation`"
            " writes, or turn TRELLIS_INTROSPECTION on."
        )


class Subgraph:
    """What one schema is to gateways."""

    scalars: Mapping[object, ScalarDefinition] = SCALARS
    """The scalars that it needs besides those of the schema."""

    def __init__(self, query: Any, settings: Settings, schema_text: Callable[[], str]) -> None:
        """Make it; `schema_text` is asked for the text of the whole schema when that is known."""
        entities = entities_of(query)
        found = list(look_ups(entities, look_ups_of(query)))
        fields = [service_field(self._shown), *(look_up.field for look_up in found if look_up.is_added)]
        if entities:
            fields.append(EntitiesField(entities))
        self.query = _extended(query, fields)
        self._marking = Marking(
            query.__strawberry_definition__.name, entities, found, with_node=settings.federation_node
        )
        self._schema_text = schema_text
        self._is_hidden = not settings.introspection

    @cached_property
    def text(self) -> str:
        """The schema of the subgraph, in its own language."""
        return self._marking.marked(self._schema_text())

    def _shown(self) -> str:
        if self._is_hidden:
            raise HiddenSchema
        return self.text


def _extended(query: Any, fields: Iterable[PlannedField]) -> type[Any]:
    definition = query.__strawberry_definition__
    members: dict[str, Any] = {str(field.python_name): field for field in fields}
    taken = set(map(_name, definition.fields)) & set(map(_name, fields))
    if taken:
        raise DeclarationError(f"A subgraph has fields of its own called {', '.join(sorted(taken))}; rename yours.")
    made = type(query.__name__, (query,), members | {"__annotations__": {}, "__doc__": query.__doc__})
    return strawberry.type(made, name=definition.name, description=definition.description)


def _name(field: StrawberryField) -> str:
    """What a field is called in the schema."""
    return field.graphql_name or to_camel_case(field.python_name)
